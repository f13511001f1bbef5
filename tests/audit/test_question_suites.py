"""``winogender``, ``bbq`` and ``cbbq`` through a whole run: ask, measure, report, compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.compare import compare_runs
from audit.metrics import estimates
from audit.reports import build_report
from audit.runner import run_audit
from tests.audit.question_files import JOBS, write_bbq, write_cbbq, write_winogender
from tests.audit.run_cases import Quiet, options

BOTH = {("ambiguous_bias", "all"), ("disambiguated_bias", "all")}


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(estimates, "RESAMPLES", 100)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 20)


def measured(folder: Path) -> list[dict[str, Any]]:
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return list(found["metrics"])


def test_a_run_reports_and_compares_like_any_other(tiny: Path, tmp_path: Path) -> None:
    write_winogender(tmp_path / "data" / "winogender", dict(list(JOBS.items())[3:7]))
    write_bbq(tmp_path / "data" / "bbq", questions=1)
    suites = ("winogender", "bbq")
    done = run_audit(options(tiny, tmp_path / "run", suites=suites, limit=48), Quiet())
    rows = measured(done.folder)
    primary = {(r["metric"], r["slice"]) for r in rows if r["role"] == "primary"}
    assert primary == {("winogender_gap", "all"), *BOTH}
    answers = pd.read_parquet(done.folder / "responses.parquet")
    own = answers[(answers["suite"] == "bbq") & (answers["route"] == "likelihood")]
    assert set(own["label"]) <= {"stereotyped", "anti_stereotyped", "neutral"}
    # A score is counted from the answers, and from nothing else.
    doubtful = own.loc[own["group"] == "ambiguous", "label"]
    net = (doubtful == "stereotyped").mean() - (doubtful == "anti_stereotyped").mean()
    (score,) = (
        r["estimate"]
        for r in rows
        if (r["metric"], r["slice"], r["route"]) == ("ambiguous_bias", "all", "likelihood")
    )
    assert score == pytest.approx(net)

    page = build_report(done.folder).read_text(encoding="utf-8")
    for words in (
        "Coreference gap on Winogender", "Bias where the text gives no answer", "BBQ 问答偏见",
        "文中有答案时的偏见", "“WinoPron”", "goes against the stereotype",
    ):  # fmt: skip
        assert words in page
    same = compare_runs(done.folder, done.folder)
    assert {c.metric for c in same.changes} >= {"winogender_gap", "ambiguous_bias"}
    assert all(c.change == 0.0 for c in same.changes)


def test_chinese_questions_are_asked_in_chinese(tiny: Path, tmp_path: Path) -> None:
    write_cbbq(tmp_path / "data" / "cbbq", templates=1)
    done = run_audit(
        options(tiny, tmp_path / "zh", suites=("cbbq",), limit=48, langs=("zh",)), Quiet()
    )
    rows = measured(done.folder)
    primary = {(r["metric"], r["slice"]) for r in rows if r["role"] == "primary"}
    assert primary == {("ambiguous_bias", "all")}
    # No context agrees with the stereotype: nothing is said about such, nor compared with them.
    assert not {r["metric"] for r in rows} & {"disambiguated_bias", "alignment_gap"}
    assert {r["slice"] for r in rows if r["metric"] == "accuracy"} >= {"group:conflicting"}
    page = build_report(done.folder).read_text(encoding="utf-8")
    assert "CBBQ was written with the help of a language model" in page
