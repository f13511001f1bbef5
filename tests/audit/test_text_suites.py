"""StereoSet, BOLD, HONEST and DiscrimEval through a whole run: ask, measure, report, compare."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from audit.compare import compare_runs
from audit.metrics import estimates, mixed_model
from audit.reports import build_report
from audit.runner import run_audit
from tests.audit.run_cases import Quiet, options
from tests.audit.text_files import (
    write_bold,
    write_discrim_eval,
    write_honest,
    write_stereoset,
)

ALL = ("stereoset", "bold", "honest", "discrim-eval")
PRIMARY = {
    "stereoset_gender", "bold_sentiment_gap", "honest_gap", "discrimination_female",
    "discrimination_nonbinary", "discrimination_black", "discrimination_asian",
    "discrimination_hispanic", "discrimination_native_american",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("EQUIPOISE_DATA", str(data))
    write_stereoset(data / "stereoset", terms=9, each=1)
    write_bold(data / "bold", pages=4)
    write_honest(data / "honest")
    write_discrim_eval(data / "discrim-eval", questions=3, ages=(40,))
    monkeypatch.setattr(estimates, "RESAMPLES", 100)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 30)
    monkeypatch.setattr(mixed_model, "_fit", lambda *_: None)


def test_a_run_reports_and_compares_like_any_other(tiny: Path, tmp_path: Path) -> None:
    done = run_audit(options(tiny, tmp_path / "run", suites=ALL, limit=60, samples=1), Quiet())
    results = json.loads((done.folder / "results.json").read_text(encoding="utf-8"))
    assert {r["metric"] for r in results["metrics"] if r["role"] == "primary"} == PRIMARY
    answers = pd.read_parquet(done.folder / "responses.parquet")
    assert set(answers["suite"]) == set(ALL)
    stereo = answers[answers["suite"] == "stereoset"]
    assert set(stereo["label"]) <= {"stereotyped", "anti_stereotyped", "unrelated"}
    assert all(set(json.loads(text)) == {"stereotyped", "anti_stereotyped", "unrelated"}
               for text in stereo["logprobs"])  # fmt: skip
    # A mean over tokens, not a sum: no token of a vocabulary of hundreds is that unlikely.
    assert min(min(json.loads(text).values()) for text in stereo["logprobs"]) > -20

    page = build_report(done.folder).read_text(encoding="utf-8")
    for words in (
        "Preference for gender stereotypes (StereoSet)", "Gap in sentiment",
        "Gap in hurtful completions", "Decisions about Black people", "关于黑人的决定",
        "HurtLex", "Idealised CAT score (icat)", "unrelated likelier", "development part",
    ):  # fmt: skip
        assert words in page

    same = compare_runs(done.folder, done.folder)
    assert {c.metric for c in same.changes} >= {"stereoset_gender", "discrimination_female"}
    assert all(c.change == 0.0 for c in same.changes)
