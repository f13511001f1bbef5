"""The page of a repair with pictures: its own sentences, its gates, and pictures beside answers."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from audit.schema import RESPONSE_COLUMNS
from remediate.gates.judge import Gate
from remediate.report.build import build_report
from tests.audit.reports.sample_run import make_run
from tests.remediate.report.reading import Page
from tests.remediate.report.sample_repair import content, make_repair, row

PRIMARY = (
    ("resolution_gap", 0.05, (0.512, 0.31, 0.7), (0.021, -0.02, 0.04)),
    ("neutral_stereotype_gap", 0.1, (0.634, 0.41, 0.8), (0.05, -0.03, 0.09)),
    ("occupation_flip", 0.05, (0.31, 0.12, 0.5), (0.3, 0.1, 0.5)),
)
GATES = (
    Gate("picture_kl_per_token", 0.0, 0.0312, 0.0312, 0.0418, 0.1, 0.0001, 48, True),
    Gate("job_accuracy", 0.99, 0.98, 0.01, 0.0213, 0.03, 0.004, 20, True),
    Gate("shown_accuracy", 0.74, 0.97, -0.23, -0.1, 0.02, 0.001, 20, True),
)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("repair")
    found = content(
        model="planted",
        primary=[row("vqa-gender", *spec) for spec in PRIMARY],
        spillover=[],
        gates=[gate.to_json() for gate in GATES],
        verdict="not_repaired",
        reasons=["resolution_gap did not halve on professions never trained on (+0.500 → +0.400)"],
        prompt_baseline={},
    )
    found["data"] |= {
        "counts": {"train": {"shown": 90, "open": 10, "seen": 12}, "validation": {"shown": 48}},
        "balance": {"pro": 45, "anti": 45, "mixed": 10},
        "pictures": {"name": "Squares", "attribution": "drawn by nobody <b>", "licence": "CC0"},
        "samples": {"shown": [{"prompt": "Who?", "chosen": "a woman", "rejected": "a man"}]},
    }
    found["training"]["validation"] = [
        {"step": s, "eval_bias": b, "eval_gap": b / 3, "eval_miss": b / 3, "eval_guess": b / 3}
        for s, b in ((0, 1.9), (20, 0.4))
    ]
    make_repair(folder, audits=(), answers=False, remediation=found)
    state = json.loads((folder / "repair.json").read_text())
    state["identity"] |= {
        "suites": ["vqa-gender"], "parallel": ["none", 1, False],
        "pictures": {"style": "noto", "folder": None, "labels": None, "source": None},
    }  # fmt: skip
    (folder / "repair.json").write_text(json.dumps(state))
    for name, said in (("audit_before", "A man."), ("audit_after", "A woman.")):
        _audit(folder / name, said)
    build_report(folder)
    return Page(folder / "report.html")


def _audit(folder: Path, said: str) -> None:
    """One question about a picture whose thumbnail is kept, one about a picture it lacks."""
    rows = [
        {
            "suite": "vqa-gender", "probe": "resolution", "item": f"resolution/{n}",
            "cluster": "pilot", "template": "t", "variant": "", "lang": "en", "route": "sampled",
            "sample": 0, "group": "woman/men", "reference": 0.1, "prompt": "Who is shown?",
            "response": said, "label": "woman", "logprobs": "", "finish_reason": "stop",
            "images": f"squares/pilot/woman/{n}",
        }
        for n in range(2)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
    make_run(folder, suites=["vqa-gender"], frame=frame, metrics=[])
    (folder / "pictures").mkdir()
    (folder / "pictures" / "0.png").write_bytes(PIXEL)
    shown = [{"id": f"squares/pilot/woman/{n}", "file": f"pictures/{n}.png"} for n in range(2)]
    sets = [{"suite": "vqa-gender", "pictures": shown}]
    (folder / "pictures.json").write_text(json.dumps({"schema_version": 1, "sets": sets}))


def test_the_verdict_speaks_of_pictures_in_both_languages(page: Page) -> None:
    html = page.html
    assert "the accuracy lost where a picture contradicts the stereotype went from" in html
    assert "图片与刻板印象不符时损失的准确率" in html
    assert "did not halve on professions never trained on: +0.500 before" in html
    assert "没有减半" in html
    assert "saying “he” of everyone" not in html


def test_no_key_stands_where_words_belong(page: Page) -> None:
    """Every name that the page shows of this suite has words."""
    for key in ("resolution_gap", "neutral_stereotype_gap", "occupation_flip", "job_accuracy",
                "shown_accuracy", "picture_kl_per_token", "eval_"):  # fmt: skip
        assert not re.search(rf">\s*{key}", page.html), key


def test_the_gates_have_units_and_names(page: Page) -> None:
    rows = page.tables["cost/gates"][1:]
    assert rows[0][1:3] == ["0.000 nats", "0.031 nats"]
    assert rows[1][1:6] == ["99.0 %", "98.0 %", "1.0 points", "2.1 points", "3.0 points"]
    assert rows[0][0].startswith("Drift on other questions about pictures")


def test_a_picture_stands_beside_its_answers_and_its_maker_is_named(page: Page) -> None:
    data = base64.b64encode(PIXEL).decode()
    assert page.html.count(f'src="data:image/png;base64,{data}"') == 1
    assert "A man." in page.html
    assert "A woman." in page.html
    assert "Pictures: drawn by nobody &lt;b&gt;" in page.html


def test_the_command_that_makes_it_again_names_its_pictures(page: Page) -> None:
    assert "--suite vqa-gender --seed 3 --image-style noto" in page.html
