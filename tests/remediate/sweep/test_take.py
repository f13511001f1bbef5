"""After the cells: the choice goes on as the repair's own training. No cell is trained here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.console import run_command
from remediate.cli import cli
from tests.remediate.sweep import sweep_cases as cases
from tests.remediate.sweep.sample_sweep import REASON, finished
from tests.remediate.sweep.test_choose import measured

pytestmark = pytest.mark.model
GOOD = (0.5, 0.1, 1.001, 1.004, 0.006, 0.009, 0.0)
BETTER = (0.3, 0.1, 1.001, 1.004, 0.016, 0.019, 0.0)
DEAR = (0.1, 0.0, 1.041, 1.057, 0.152, 0.188, 0.031)
USELESS = (2.5, 0.1, 1.001, 1.004, 0.006, 0.009, 0.0)


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def ready(tiny: Path, out: Path, cells: dict[str, tuple[float, ...]]) -> Path:
    """A folder whose cells are all through, with made-up results; () is a failed cell."""
    repair = cases.prepare(tiny, out)
    for step in ("audit_before", "reference"):
        with repair.step(step, step):
            write(out / "sweep" / "base.json", measured(3.0, 0.0, 10))
    for name, values in cells.items():
        folder = out / "sweep" / name
        found = finished(values) if values else {"status": "failed", "reason": REASON}
        write(folder / "cell.json", {"seconds": 1.0, "resumed": False} | found)
        if values:
            write(folder / "training.json", {"steps": 6, "best_step": 4, "best_bias": 0.4})
            write(folder / "adapter" / "adapter_config.json", {"cell": name})
    return out


def run(tiny: Path, out: Path, *more: str) -> int:
    return run_command(cli, ["run", *cases.words(tiny, out, *more)])


def steps(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "repair.json").read_text())["steps"]
    return found


def test_the_chosen_cell_becomes_the_repairs_training(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ready(tiny, tmp_path / "r", {"long": GOOD, "broken": DEAR, "short-ipo": BETTER})
    assert run(tiny, out, "--sweep-only") == 0
    assert "train" not in steps(out)
    assert not (out / "adapter").exists()
    # Later, without --sweep-only, as far as the adapter.
    assert run(tiny, out, "--no-merge") == 0
    told = capsys.readouterr().out
    assert "Chosen: short-ipo" in told
    assert told.strip().splitlines()[-1] == str(out / "adapter")
    assert json.loads((out / "adapter" / "adapter_config.json").read_text())["cell"] == "short-ipo"
    assert steps(out)["train"] == steps(out)["train"] | {"cell": "short-ipo", "best_step": 4}
    assert json.loads((out / "training.json").read_text())["best_step"] == 4
    before = (out / "adapter").stat().st_mtime_ns
    assert run(tiny, out, "--no-merge") == 0
    assert (out / "adapter").stat().st_mtime_ns == before, "it was taken twice"


@pytest.mark.parametrize("cells", [(DEAR, DEAR, ()), (USELESS, (), DEAR)])
def test_nothing_goes_on_where_no_cell_is_able(
    cells: tuple[tuple[float, ...], ...], tiny: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = ready(tiny, tmp_path / "r", dict(zip(cases.CELLS, cells, strict=True)))
    assert run(tiny, out) == 1
    assert "No cell has less bias than before" in capsys.readouterr().out
    assert "train" not in steps(out)
    assert not (out / "adapter").exists()


def test_a_sweep_whose_cells_all_failed_says_why(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ready(tiny, tmp_path / "r", dict.fromkeys(cases.CELLS, ()))
    assert run(tiny, out) == 3
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Every cell of the sweep failed" in told
    assert "not a number at step 12" in told
    assert (out / "sweep" / "sweep.html").is_file()
