"""One cell: train, measure, remember; a cell that fails is remembered with its reason."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from audit.manifest import read_json, write_json
from core.errors import EnvironmentProblem, EquipoiseError
from remediate.repair import Repair
from remediate.stages.train import ADAPTER, TRAINING, train_settings
from remediate.sweep.grid import Cell
from remediate.sweep.measure import capability, measure

CELL, CAPABILITY = "cell.json", "capability.json"
DONE, FAILED = "done", "failed"
_BIAS = ("bias", "gap", "skew", "spread")


def found_of(folder: Path) -> dict[str, Any] | None:
    """What a finished or failed cell left, or None."""
    return read_json(folder / CELL) if (folder / CELL).is_file() else None


def run_cell(repair: Repair, cell: Cell, folder: Path, base: Path) -> dict[str, Any]:
    """Train and measure a cell, going on where it was killed; its result, also in cell.json.

    ``base``: the base model's capability. Ctrl-C goes up; whatever else goes wrong (a loss that is
    no number, memory, a pair that is too long) is the cell's result.
    """
    done = found_of(folder)
    if done is not None:
        return done
    resumed = (folder / "checkpoints").is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    try:
        if not _trained(folder):
            settings = train_settings(repair, cell.config, out=folder)
            repair.run_worker("remediate.dpo.train", f"train-{cell.name}", settings)
        bias = best_bias(read_json(folder / TRAINING))
        measure(
            repair, f"measure-{cell.name}", folder / CAPABILITY,
            adapter=folder / ADAPTER, base=base,
        )  # fmt: skip
        costs = capability(read_json(base), read_json(folder / CAPABILITY))
        found = {"status": DONE, **bias, "gates": costs}
    except EquipoiseError as error:
        repair.watcher.warn(f"The cell {cell.name} failed: {error}")
        found = {"status": FAILED, "reason": str(error)}
    found |= {"seconds": round(time.perf_counter() - begun, 1), "resumed": resumed}
    write_json(folder / CELL, found)
    # Optimiser states are of no use any more, and a sweep has many.
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return found


def best_bias(training: dict[str, Any]) -> dict[str, Any]:
    """Bias, gap, skew and spread (nats) at the kept checkpoint, and ``before``: untrained.

    Raises :class:`EnvironmentProblem` where no trained checkpoint was validated.
    """
    rows = [row for row in training["history"] if "eval_bias" in row]
    kept = [row for row in rows if row["step"] == training["best_step"] and row["step"] > 0]
    if not kept:
        raise EnvironmentProblem("no checkpoint was validated: lower evaluate_every.")
    untrained = next((row for row in rows if row["step"] == 0), None)
    return {
        **{name: kept[-1][f"eval_{name}"] for name in _BIAS},
        "best_step": training["best_step"],
        "steps_done": training["steps"],
        "before": untrained and {name: untrained[f"eval_{name}"] for name in _BIAS},
    }


def _trained(folder: Path) -> bool:
    """Whether training got through: training.json is what it writes last."""
    try:
        return bool(read_json(folder / TRAINING))
    except EquipoiseError:
        return False
