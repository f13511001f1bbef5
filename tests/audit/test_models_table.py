"""Three runs and more: whose claims stand beside each other, and what models.json says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.comparison import ModelsTable, save_models, tabulate
from audit.metrics import estimates
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.simulated_runs import SUITE, answers, write_run

Write = Callable[..., Path]
METRICS = [p.name for p in SUITE.primary]


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 200)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda name, frame, **more: write_run(tmp_path / name, frame, **more)


def edit(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


def reasons(table: ModelsTable, run: str) -> dict[str, str | None]:
    """Metric → why the run's claim does not compare, None where it does."""
    return {r["metric"]: r["not_comparable"] for r in table.to_json()["rows"] if r["run"] == run}


def test_rows_are_the_runs_own_numbers_in_the_order_given(write: Write, tmp_path: Path) -> None:
    folders = [write(name, answers(gap, n)) for n, (name, gap) in
               enumerate((("z", 3.0), ("a", 0.0), ("m", 1.0)))]  # fmt: skip
    path = save_models(tabulate(folders), tmp_path / "out")
    content = json.loads(path.read_text())
    assert path.name == "models.json"
    assert content["schema_version"] == 1
    assert [run["run"] for run in content["runs"]] == ["z", "a", "m"]
    assert [(r["run"], r["metric"]) for r in content["rows"]] == [
        (run, metric) for run in ("z", "a", "m") for metric in METRICS
    ]
    for folder in folders:
        told = {
            m["metric"]: m
            for m in json.loads((folder / "results.json").read_text())["metrics"]
            if m["role"] == "primary"
        }
        for row in content["rows"]:
            if row["run"] == folder.name:
                own = told[row["metric"]]
                for key in ("suite", "route", "estimate", "ci_low", "ci_high", "margin", "verdict"):
                    assert row[key] == own[key]
                assert row["not_comparable"] is None


def test_another_version_is_marked_and_the_others_are_not(write: Write) -> None:
    folders = [write(name, answers(1.0, n)) for n, name in enumerate("abc")]
    edit(folders[1], "run.json", lambda m: m["suites"][0].update(version="9.9"))
    table = tabulate(folders)
    assert set(reasons(table, "b").values()) == {f"suite version 9.9, not {SUITE.version}"}
    assert set(reasons(table, "a").values()) == set(reasons(table, "c").values()) == {None}


def test_other_questions_are_marked_with_their_numbers(write: Write) -> None:
    frame = answers(1.0, 1)
    likely = frame.index[frame["route"] == "likelihood"]
    less, reworded = write("less", frame.drop(index=likely[:7])), write("reworded", frame)
    asked = pd.read_parquet(reworded / "responses.parquet")
    asked.loc[likely[:3], "prompt"] += " Please."
    asked.to_parquet(reworded / "responses.parquet", index=False)
    table = tabulate([write("first", frame), less, reworded])
    assert reasons(table, "less")["stereotype_gap"] == (
        "other questions: 7 of the first run's not asked"
    )
    assert reasons(table, "reworded")["stereotype_gap"] == (
        "other questions: 3 worded or built differently"
    )
    backwards = tabulate([less, write("again", frame)])
    assert reasons(backwards, "again")["stereotype_gap"] == "other questions: 7 asked beside them"


def test_questions_of_the_other_route_do_not_count(write: Write) -> None:
    """Primary claims here are by likelihood: fewer sampled texts leave them as they are."""
    frame = answers(1.0, 1)
    sampled = frame.index[frame["route"] == "sampled"]
    table = tabulate([write("first", frame), write("fewer", frame.drop(index=sampled[:20]))])
    assert set(reasons(table, "fewer").values()) == {None}


def test_nothing_in_common_is_marked_not_refused(write: Write) -> None:
    frame = answers(1.0, 1)
    other = frame.assign(item="x" + frame["item"])
    found = reasons(tabulate([write("first", frame), write("other", other)]), "other")
    n = int((frame["route"] == "likelihood").sum())
    assert found["stereotype_gap"] == (
        f"other questions: {n} of the first run's not asked, {n} asked beside them"
    )


def test_another_route_and_another_margin_are_marked(write: Write) -> None:
    frame = answers(1.0, 1)
    folders = [write(name, frame) for name in ("first", "route", "margin")]

    def by_text(results: dict[str, Any]) -> None:
        for row in results["metrics"]:
            if row["role"] == "primary":
                row["route"] = "sampled"

    def wide(results: dict[str, Any]) -> None:
        for row in results["metrics"]:
            if row["role"] == "primary" and row["metric"] == "stereotype_gap":
                row["margin"] = 0.2

    edit(folders[1], "results.json", by_text)
    edit(folders[2], "results.json", wide)
    table = tabulate(folders)
    assert set(reasons(table, "route").values()) == {
        "measured by the route sampled, not likelihood"
    }
    assert reasons(table, "margin") == dict.fromkeys(METRICS) | {
        "stereotype_gap": "judged by a margin of 0.2, not 0.05"
    }


def test_an_instruction_is_what_is_compared_not_another_wording(write: Write) -> None:
    frame = answers(1.0, 1)
    told = write("told", frame)
    asked = pd.read_parquet(told / "responses.parquet")
    asked.assign(prompt="Be fair.\n\n" + asked["prompt"]).to_parquet(
        told / "responses.parquet", index=False
    )
    edit(told, "run.json", lambda m: m.update(instruction="Be fair."))
    assert set(reasons(tabulate([write("first", frame), told]), "told").values()) == {None}


def test_a_suite_that_a_run_lacks_is_no_row_and_the_next_run_with_it_is_first(
    write: Write,
) -> None:
    folders = [write(name, answers(1.0, n)) for n, name in enumerate("abc")]
    edit(folders[0], "results.json", lambda r: r.update(metrics=[]))
    edit(folders[1], "run.json", lambda m: m["suites"][0].update(version="0.1"))
    table = tabulate(folders)
    assert reasons(table, "a") == {}
    assert set(reasons(table, "b").values()) == {None}
    assert set(reasons(table, "c").values()) == {f"suite version {SUITE.version}, not 0.1"}
    assert table.cell("a", table.columns[0]) is None


def test_runs_of_one_model_are_told_apart_by_folder_and_number(write: Write) -> None:
    one, two = write("one", answers(1.0, 1)), write("two", answers(1.0, 2))
    for folder in (one, two):
        edit(folder, "run.json", lambda m: m["model"].update(name="tiny"))
    assert list(tabulate([one, two, one]).runs) == ["tiny (one)", "tiny (two)", "tiny (one) #2"]


def test_what_is_no_finished_run_is_refused(write: Write, tmp_path: Path) -> None:
    whole = write("whole", answers(1.0, 1))
    with pytest.raises(UsageProblem, match="at least two"):
        tabulate([whole])
    with pytest.raises(UsageProblem, match="interrupted, not complete"):
        tabulate([whole, write("half", answers(1.0, 1), status="interrupted")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(EnvironmentProblem, match="no run folder"):
        tabulate([whole, tmp_path / "empty"])
    edit(whole, "results.json", lambda r: r.update(metrics=[]))
    with pytest.raises(UsageProblem, match="nothing to compare"):
        tabulate([whole, whole])
    edit(whole, "results.json", lambda r: r.update(metrics=[{"suite": "x"}]))
    with pytest.raises(EnvironmentProblem, match="row 0 of metrics"):
        tabulate([whole, whole])
