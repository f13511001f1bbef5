"""A whole sweep on a tiny model: shared steps, a cell that fails, Ctrl-C, kill −9, and the choice.

Trained by the real command line, in processes of their own.
"""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.remediate.sweep import sweep_cases as cases

pytestmark = [pytest.mark.model, pytest.mark.timeout(1500)]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def swept(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A sweep that nobody disturbed, and what its command said."""
    out = tmp_path_factory.mktemp("swept") / "repair"
    cases.prepare(tiny, out)
    done = cases.run(tiny, out, "--sweep-only")
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return out, done


@pytest.fixture(scope="module")
def rows(swept: tuple[Path, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in read(swept[0] / "sweep" / "sweep.json")["cells"]}


def test_every_cell_is_measured_on_the_validation_side(
    swept: tuple[Path, Any], rows: dict[str, dict[str, Any]]
) -> None:
    out = swept[0]
    assert tuple(rows) == cases.CELLS
    content = read(out / "sweep" / "sweep.json")
    for name in ("long", "short-ipo"):
        row, training = rows[name], read(out / "sweep" / name / "training.json")
        assert row["status"] == "done"
        assert row["bias"] == pytest.approx(training["best_bias"])
        assert row["bias"] == pytest.approx(abs(row["gap"]) + abs(row["skew"]))
        assert set(row["gates"]) == {"perplexity_ratio", "kl_per_token", "unambiguous_accuracy"}
        assert row["cost"] == max(gate["used"] for gate in row["gates"].values()) > 0
        assert row["seconds"] > 0
        assert not (out / "sweep" / name / "checkpoints").exists()
    assert rows["long"]["before"] == content["before"]
    assert rows["short-ipo"]["before"]["bias"] == pytest.approx(content["before"]["bias"])
    measured = read(out / "sweep" / "long" / "capability.json")["stated"]
    validating = set(content["measured_on"]["validation_occupations"])
    assert {key.split("/")[2] for key in measured} == validating
    assert not (out / "audit_before").exists(), "the held-out side was looked at"


def test_a_cell_that_fails_is_kept_with_its_reason_and_stops_no_other(
    swept: tuple[Path, Any], rows: dict[str, dict[str, Any]]
) -> None:
    assert rows["broken"]["status"] == "failed"
    assert "not a number" in rows["broken"]["reason"]
    assert rows["short-ipo"]["status"] == "done"
    _, done = swept
    assert "broken failed:" in done.stdout
    assert "not a number" in (swept[0] / "sweep" / "sweep.html").read_text("utf-8")


def test_the_table_tells_every_cell_and_the_page(swept: tuple[Path, Any]) -> None:
    out, done = swept
    for name in (*cases.CELLS, "as it was"):
        assert name in done.stdout
    assert done.stdout.strip().splitlines()[-1] == str(out / "sweep" / "sweep.html")
    chosen = read(out / "sweep" / "sweep.json")["chosen"]
    assert done.returncode == (0 if chosen else 1)


def test_shared_steps_ran_once_and_shorter_cells_take_a_beginning(
    swept: tuple[Path, Any],
) -> None:
    out = swept[0]
    steps = read(out / "repair.json")["steps"]
    assert set(steps) == {"data", "reference", "sweep"}
    for name in ("long", "short-ipo"):
        settings = read(out / "settings" / f"train-{name}.json")
        assert settings["pairs"] == str(out / "pairs.jsonl")
    assert read(out / "settings" / "train-long.json")["reference"] == str(out / "reference.npz")
    trained = read(out / "sweep" / "short-ipo" / "training.json")["history"]
    assert max(row["step"] for row in trained) == 4


def test_a_second_call_only_tells(tiny: Path, swept: tuple[Path, Any]) -> None:
    out, first = swept
    before = {name: (out / "sweep" / name / "cell.json").stat().st_mtime_ns for name in cases.CELLS}
    again = cases.run(tiny, out, "--sweep-only")
    assert again.returncode == first.returncode
    assert again.stdout == first.stdout
    for name, then in before.items():
        assert (out / "sweep" / name / "cell.json").stat().st_mtime_ns == then


def test_another_grid_or_none_for_the_same_folder_is_refused(
    tiny: Path, swept: tuple[Path, Any], tmp_path: Path
) -> None:
    out = swept[0]
    command = cases.words(tiny, out, "--sweep-only")
    grid = tmp_path / "grid.yaml"
    grid.write_text(cases.GRID.replace("0.01", "0.02"))
    other = [*command, "--sweep", str(grid)]
    without = command[: command.index("--sweep")]
    for given in (other, without):
        done = subprocess.run(
            [str(cases.REMEDIATE), "run", *given], env=cases.environment(),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert "holds a repair with another sweep" in done.stderr


def test_ctrl_c_and_kill_9_go_on_at_the_cell_they_were_in(
    tiny: Path, swept: tuple[Path, Any], tmp_path: Path
) -> None:
    out = tmp_path / "repair"
    cases.prepare(tiny, out)
    cells = out / "sweep"
    code = cases.stop(
        tiny, out, cells / "long" / "checkpoints" / "checkpoint-2", signal.SIGINT, "--sweep-only"
    )
    assert code == 130
    assert not (cells / "long" / "cell.json").exists()
    cases.stop(
        tiny, out, cells / "short-ipo" / "checkpoints" / "checkpoint-2", signal.SIGKILL,
        "--sweep-only",
    )  # fmt: skip
    half = {row["name"]: row["status"] for row in read(cells / "sweep.json")["cells"]}
    assert half == {"long": "done", "broken": "failed", "short-ipo": "waiting"}
    first = (cells / "long" / "cell.json").stat().st_mtime_ns
    done = cases.run(tiny, out, "--sweep-only")
    assert done.returncode == swept[1].returncode, done.stderr[-2000:]
    assert (cells / "long" / "cell.json").stat().st_mtime_ns == first
    for name in ("long", "short-ipo"):
        assert cases.adapter(out, name) == cases.adapter(swept[0], name), name
        assert read(cells / name / "cell.json")["resumed"]
    mine, theirs = (read(f / "sweep" / "sweep.json") for f in (out, swept[0]))
    assert mine["chosen"] == theirs["chosen"]
