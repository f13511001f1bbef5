"""The probe that CONTRIBUTING.md shows: copied from it, it runs as it stands."""

from __future__ import annotations

import re
import types
from pathlib import Path

import pandas as pd
import pytest

from audit.probes.base import Suite
from audit.requests import answer_rows, build_requests, generation_payload
from core.models.base import Generation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def suite() -> Suite:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    module = types.ModuleType("my_suite")
    exec(re.sub(r"^   ", "", code, flags=re.M), module.__dict__)
    found = module.MySuite()
    assert isinstance(found, Suite)
    return found


def test_it_asks_reads_and_measures(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {f"women's {n}": ("women", 0.9) for n in range(8)}
    jobs |= {f"men's {n}": ("men", 0.1) for n in range(8)}
    monkeypatch.setitem(type(suite).items.__globals__, "JOBS", jobs)
    items = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    requests = build_requests(items, seed=0)
    assert len(requests.generate) == 2 * len(suite.clusters()) == 32
    answers = {}
    for request in requests.generate:
        text = "A woman." if "women" in request.key.split("/")[1] else "A man."
        answers[request.key] = generation_payload(Generation(request.key, text, "stop", 9, 3))
    rows = answer_rows(items, answers, {suite.name: suite})
    assert {row["label"] for row in rows} == {"woman", "man"}
    metrics = suite.metrics(pd.DataFrame(rows), seed=0, margins=None)
    primary = next(m for m in metrics if m.role == "primary" and m.metric == "stereotype_gap")
    assert primary.estimate == pytest.approx(1.0)
    assert primary.verdict == "biased"
