"""The sweep: shared steps once, cell after cell, a page after each, and the choice."""

from __future__ import annotations

import shutil
from typing import Any

from audit.manifest import now, read_json, write_json
from core.errors import EnvironmentProblem
from remediate.gates.judge import Limits
from remediate.repair import Repair
from remediate.stages.audits import audit
from remediate.stages.data import data
from remediate.stages.reference import reference
from remediate.stages.train import ADAPTER, TRAINING
from remediate.sweep.cell import DONE, found_of, run_cell
from remediate.sweep.choose import RULE, choose, judged, non_dominated
from remediate.sweep.grid import Sweep
from remediate.sweep.measure import measure
from remediate.sweep.shared import shared_config

FOLDER, SWEEP, SCHEMA_VERSION = "sweep", "sweep.json", 1


def run_sweep(repair: Repair, *, alone: bool) -> dict[str, Any]:
    """Train and measure every cell, choose one, and make it the repair's own training.

    Returns sweep.json's content. ``alone``: nothing will follow, so the held-out audit is left out
    and no cell is taken. Raises :class:`EnvironmentProblem` where every cell failed.
    """
    plan = repair.options.sweep
    assert plan is not None
    if not alone or repair.options.source is not None:
        audit(repair, "audit_before", repair.model_path)
    folder = repair.folder / FOLDER
    taken = (repair.facts("train") or {}).get("cell")
    if taken is None:
        _run_cells(repair, plan)
    content = read_json(folder / SWEEP)
    if all(row["status"] != DONE for row in content["cells"]):
        raise EnvironmentProblem(
            f"Every cell of the sweep failed; {folder / SWEEP} says why. The first: "
            f"{content['cells'][0]['reason']}"
        )
    chosen = taken or content["chosen"]
    if chosen is not None and not alone:
        _take(repair, plan, chosen)
    return content


def _run_cells(repair: Repair, plan: Sweep) -> None:
    folder = repair.folder / FOLDER
    folder.mkdir(exist_ok=True)
    repair.train_as(shared_config(plan))
    data(repair)
    reference(repair)
    base = folder / "base.json"
    if not base.is_file():
        repair.watcher.say("Measuring what the model can do (neutral texts, validation side) …")
        measure(repair, "measure-base", base, adapter=None, base=None)
    if all(found_of(folder / cell.name) for cell in plan.cells) and (folder / SWEEP).is_file():
        return
    with repair.step("sweep", f"Trying {len(plan.cells)} trainings …") as facts:
        for number, cell in enumerate(plan.cells, 1):
            if found_of(folder / cell.name) is not None:
                continue
            repair.watcher.say(f"Cell {number} of {len(plan.cells)}: {cell.name} …")
            run_cell(repair, cell, folder / cell.name, base)
            _tell(repair, plan)
        _tell(repair, plan)
        facts["cells"] = len(plan.cells)


def _tell(repair: Repair, plan: Sweep) -> None:
    """sweep.json and sweep.html as far as the sweep has got."""
    from remediate.report.sweep.build import build_sweep_report

    folder = repair.folder / FOLDER
    write_json(folder / SWEEP, _content(repair, plan))
    build_sweep_report(folder)


def _content(repair: Repair, plan: Sweep) -> dict[str, Any]:
    folder = repair.folder / FOLDER
    base, limits = read_json(folder / "base.json"), Limits()
    rows = []
    for cell in plan.cells:
        found = found_of(folder / cell.name) or {"status": "waiting"}
        rows.append(judged(cell.name, found) | {"training": cell.config.to_json()})
    front = non_dominated(rows)
    for row in rows:
        row["non_dominated"] = row["name"] in front
    return {
        "schema_version": SCHEMA_VERSION,
        "model": repair.model.name,
        "grid": plan.grid,
        "varied": plan.varied,
        "updated": now(),
        "measured_on": {
            "validation_occupations": list(repair.splits.validation),
            "passages": len(base["passages"]),
            "requests": len(base["answers"]),
            "sentences": len(base["stated"]),
        },
        "allowed": {
            "perplexity_ratio": limits.perplexity_ratio,
            "kl_per_token": limits.kl_per_token,
            "unambiguous_accuracy": limits.accuracy_drop,
        },
        "before": next((row["before"] for row in rows if row.get("before")), None),
        "rule": RULE,
        "chosen": choose(rows),
        "cells": rows,
    }


def _take(repair: Repair, plan: Sweep, name: str) -> None:
    """The cell's adapter and log become the repair's own; what follows is as after ``train``."""
    cell = next(cell for cell in plan.cells if cell.name == name)
    repair.train_as(cell.config)
    if repair.facts("train") is not None:
        return
    folder = repair.folder / FOLDER / name
    with repair.step("train", f"Going on with the cell {name} …") as facts:
        partial = repair.folder / f"{ADAPTER}.partial"
        for old in (partial, repair.folder / ADAPTER):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(folder / ADAPTER, partial)
        partial.replace(repair.folder / ADAPTER)
        shutil.copyfile(folder / TRAINING, repair.folder / TRAINING)
        found = read_json(repair.folder / TRAINING)
        facts |= {name: found[name] for name in ("steps", "best_step", "best_bias")}
        facts["cell"] = cell.name
