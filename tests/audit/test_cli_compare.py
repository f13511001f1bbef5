"""`audit compare` from the command line: two runs, three runs, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.metrics import estimates
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three finished runs; nothing is ever written to them."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimates, "RESAMPLES", 200)
        patch.setattr(estimates, "RESAMPLES_SLICE", 50)
        return [write_run(root / name, answers(gap, n)) for n, (name, gap) in
                enumerate((("one", 3.0), ("two", 0.3), ("[red]three", 1.0)))]  # fmt: skip


def test_two_runs_give_a_page_beside_the_json(runs: list[Path], tmp_path: Path) -> None:
    done = audit("compare", *map(str, runs[:2]), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-2:] == [
        str(tmp_path / "out" / name) for name in ("compare.html", "compare.json")
    ]
    page = (tmp_path / "out" / "compare.html").read_text("utf-8")
    assert f"audit compare {runs[0]} {runs[1]} --out {tmp_path / 'out'}" in page
    assert sorted(json.loads((tmp_path / "out" / "compare.json").read_text())) == [
        "after", "answers", "before", "changes", "left_out", "missing", "n_answered",
        "n_only_after", "n_only_before", "n_paired", "n_reworded", "notes", "schema_version",
        "verdicts",
    ]  # fmt: skip


def test_three_runs_give_a_table_and_a_page(runs: list[Path], tmp_path: Path) -> None:
    fewer = write_run(tmp_path / "fewer", answers(1.0, 3).iloc[20:])
    done = audit("compare", *map(str, [*runs, fewer]), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert lines[-2:] == [str(tmp_path / "out" / n) for n in ("models.html", "models.json")]
    assert sum(line.strip().startswith("[red]three ") for line in lines) == 5
    (told,) = [line for line in lines if line.startswith("Not comparable:")]
    assert told.startswith("Not comparable: fewer in occupations (stereotype_gap, ")
    assert told.endswith("of the first run's not asked.")
    content = json.loads((tmp_path / "out" / "models.json").read_text())
    assert [run["run"] for run in content["runs"]] == ["one", "two", "[red]three", "fewer"]
    assert not (tmp_path / "out" / "compare.json").exists()


def test_what_is_asked_wrongly_is_said_in_one_sentence(runs: list[Path]) -> None:
    for words, said in (
        ([str(runs[0])], "at least two run folders"),
        ([*map(str, runs), "--allow-subset"], "are for two runs"),
        ([*map(str, runs), "--allow-versions"], "are for two runs"),
        ([*map(str, runs), "--margin", "stereotype_gap=0.1"], "are for two runs"),
        ([], "Missing argument"),
    ):
        done = audit("compare", *words)
        assert done.returncode == 2
        assert said in one_sentence(done.stderr)
