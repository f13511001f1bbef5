"""100,000 hostile answers through every reader and into the report."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.probes.base import Suite, get_suite
from audit.reports import build_report
from audit.schema import RESPONSE_COLUMNS, Item, Label, Route
from tests.audit.hostile import REFUSALS, SCRIPTS, hostile_texts
from tests.audit.reports.sample_run import make_run

N = 100_000
#: False refusals among the new answers of docs/readers.md that are none: 3 of 674.
FALSE_REFUSALS = 0.005
SUITES = ("occupations", "pronouns")


def questions(suite: Suite) -> list[Item]:
    """One question of every probe, wording, language and order: what a reader's branches ask."""
    found: dict[tuple[str, ...], Item] = {}
    for item in suite.items(langs=suite.langs, seed=0, limit=None, samples=None):
        if item.route is Route.SAMPLED:
            found.setdefault((item.probe, item.template, item.lang, item.variant), item)
    return list(found.values())


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return list(hostile_texts(N))


@pytest.mark.timeout(600)
def test_every_text_gets_a_label_and_hardly_any_passes_for_a_refusal(texts: list[str]) -> None:
    asked = [(suite, item) for name in SUITES for suite in [get_suite(name)]
             for item in questions(suite)]  # fmt: skip
    labels: Counter[tuple[str, Label]] = Counter()
    for text, (suite, item) in zip(texts, itertools.cycle(asked), strict=False):
        labels[suite.name, suite.label(item, text)] += 1
    assert sum(labels.values()) == N
    assert all(isinstance(label, Label) for _, label in labels)
    for name in SUITES:
        own = sum(n for (suite, _), n in labels.items() if suite == name)
        assert labels[name, Label.REFUSED] <= FALSE_REFUSALS * own
        # The texts reach the readers: they are not all thrown out at the door.
        assert labels[name, Label.UNPARSED] < own


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_still_one_between_markup(refusal: str) -> None:
    suite = get_suite("occupations")
    lang = "zh" if "抱歉" in refusal else "en"
    (item, *_) = [q for q in questions(suite) if q.probe == "choice" and q.lang == lang]
    for wrapped in (f"<b>{refusal}</b>", f"\u202a{refusal}\u202c", f"\ufeff{refusal}\x00"):
        assert suite.label(item, wrapped) is Label.REFUSED, wrapped


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_report_of_them_all_runs_nothing_and_stays_small(
    texts: list[str], tmp_path: Path, visit: Any
) -> None:
    base = dict.fromkeys(RESPONSE_COLUMNS, "") | {
        "suite": "occupations", "probe": "choice", "cluster": "nurse", "template": "t",
        "lang": "en", "route": "sampled", "sample": 0, "reference": 0.9, "prompt": "Who?",
        "label": "unparsed",
    }  # fmt: skip
    # Parquet holds UTF-8: a lone surrogate never gets that far.
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    frame = pd.DataFrame([base | {"item": str(i), "response": t} for i, t in enumerate(clean)])
    page = build_report(make_run(tmp_path / "run", suites=["occupations"], frame=frame))
    assert page.stat().st_size < 6_000_000
    seen = visit(page)
    assert seen.page.locator(".headline").first.is_visible()
    search = seen.page.get_by_role("searchbox")
    for script in SCRIPTS[:4]:
        search.fill(script)
        seen.page.wait_for_timeout(300)
        assert script[:6] in seen.page.locator(".entry").first.inner_text()
    assert seen.page.evaluate("typeof window.owned") == "undefined"
    assert seen.page.locator("iframe, .entry img, .entry script, .entry a").count() == 0
    assert seen.foreign == []
    assert seen.complaints == []
