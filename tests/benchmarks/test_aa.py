"""A/A: two audits of one model are not called different; two of different models are."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.metrics import estimates
from audit.pairing import RunFolder, read_run
from benchmarks.aa import aa, split
from tests.audit.simulated_runs import answers, write_run

SPLITS = 6


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 199)


def runs(folder: Path, *gaps: float) -> list[RunFolder]:
    return [
        read_run(write_run(folder / f"run{k}", answers(gap, k), fingerprint="one"))
        for k, gap in enumerate(gaps)
    ]


def test_a_split_takes_every_answer_from_one_of_the_runs_and_its_twin_from_another(
    tmp_path: Path,
) -> None:
    both = runs(tmp_path, 1.0, 1.0)
    labels = [run.answers["label"].tolist() for run in both]
    halves = [half.answers["label"].tolist() for half in split(both, 3)]
    assert halves not in (labels, labels[::-1])
    for pair, mixed in zip(zip(*labels, strict=True), zip(*halves, strict=True), strict=True):
        assert sorted(pair) == sorted(mixed)


def test_one_model_is_not_called_different_and_two_are(tmp_path: Path) -> None:
    (tmp_path / "same").mkdir()
    same = aa(runs(tmp_path / "same", 0.8, 0.8), "occupations", SPLITS)
    splits = same["splits"]["metrics"]
    assert same["splits"]["n"] == SPLITS
    assert {len(row["p"]) for row in splits.values()} == {SPLITS}
    assert sum(row["called"] for row in splits.values()) <= 1
    assert all(0 < p <= 1 for row in splits.values() for p in row["p"])
    (tmp_path / "other").mkdir()
    other = aa(runs(tmp_path / "other", 0.0, 4.0), "occupations", 1)
    called = {name for name, row in other["pairs of runs"]["metrics"].items() if row["called"]}
    assert {"stereotype_gap", "labour_slope"} <= called
    assert other["largest change by likelihood"] > 0.1
