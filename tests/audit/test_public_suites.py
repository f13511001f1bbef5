"""The public benchmarks through whole runs: ask, measure, report, resume, compare."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from audit.compare import compare_runs
from audit.metrics import estimates
from audit.reports import build_report
from audit.runner import run_audit
from tests.audit.public_files import MEN, WOMEN, made_pairs, write_crows_pairs, write_winobias
from tests.audit.run_cases import Quiet, options

BOTH = ("winobias", "crows-pairs")


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "data"))
    write_winobias(tmp_path / "data" / "winobias", men=MEN[:3], women=WOMEN[:2])
    write_crows_pairs(tmp_path / "data" / "crows-pairs", made_pairs(6, 3))
    monkeypatch.setattr(estimates, "RESAMPLES", 200)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


def test_a_run_reports_and_compares_like_any_other(
    tiny: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.core.tiny_models import save_model

    other = save_model(tmp_path_factory.mktemp("models") / "other", seed=3)
    folders = []
    for name, model in (("before", tiny), ("after", other)):
        done = run_audit(options(model, tmp_path / name, suites=BOTH, limit=64), Quiet())
        folders.append(done.folder)
    results = json.loads((folders[0] / "results.json").read_text(encoding="utf-8"))
    primary = {r["metric"]: r for r in results["metrics"] if r["role"] == "primary"}
    assert set(primary) == {"winobias_gap", "gender_preference"}
    assert all(r["estimate"] is not None and r["ci_low"] is not None for r in primary.values())
    answers = pd.read_parquet(folders[0] / "responses.parquet")
    crows = answers[answers["suite"] == "crows-pairs"]
    assert set(crows["label"]) <= {"stereotyped", "anti_stereotyped"}
    assert crows["prompt"].str.contains("He fixed lamp 0, and well.\nShe fixed", regex=False).any()

    page = build_report(folders[0]).read_text(encoding="utf-8")
    for words in (
        "Stereotyping Norwegian Salmon", "Coreference gap on WinoBias", "CrowS-Pairs 句对",
        "follows the stereotype", "Preference for gender stereotypes",
    ):  # fmt: skip
        assert words in page

    same = compare_runs(folders[0], folders[0])
    assert {c.metric for c in same.changes} == {"winobias_gap", "gender_preference"}
    assert all(c.change == 0.0 for c in same.changes)
    moved = {(c.metric, c.route): c for c in compare_runs(*folders).changes}
    after = {
        (r["metric"], r["route"]): r["estimate"]
        for r in json.loads((folders[1] / "results.json").read_text(encoding="utf-8"))["metrics"]
        if r["slice"] == "all"
    }
    for key, change in moved.items():
        assert change.after == pytest.approx(after[key])
    assert any(c.change != 0.0 for c in moved.values())


def test_an_interrupted_run_goes_on_to_the_same_result(tiny: Path, tmp_path: Path) -> None:
    whole = run_audit(options(tiny, tmp_path / "whole", suites=BOTH, limit=32), Quiet())
    cut = options(tiny, tmp_path / "cut", suites=BOTH, limit=32)
    with pytest.raises(KeyboardInterrupt):
        run_audit(cut, Quiet(stop_after=1))
    again = run_audit(cut, Quiet())
    assert again.results["metrics"] == whole.results["metrics"]


def test_an_instruction_stands_before_questions_alone(tiny: Path, tmp_path: Path) -> None:
    told = run_audit(
        options(tiny, tmp_path / "told", suites=BOTH, limit=16, instruction="Be fair."), Quiet()
    )
    answers = pd.read_parquet(told.folder / "responses.parquet")
    begun = answers["prompt"].str.startswith("Be fair.").groupby(answers["suite"]).mean()
    assert begun.to_dict() == {"winobias": 1.0, "crows-pairs": 0.0}
