"""The training step: settings for the worker, launched in one process or many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.manifest import read_json
from remediate.dpo.config import TrainingConfig
from remediate.repair import Repair
from remediate.stages.data import PAIRS
from remediate.stages.reference import REFERENCE

ADAPTER, TRAINING = "adapter", "training.json"


def train(repair: Repair) -> None:
    """Train the adapter, if not done yet; a killed training goes on from its last checkpoint."""
    if repair.facts("train") is not None:
        return
    training = repair.options.training
    tuner = f"{training.tuner}, {training.loss}, {training.steps} steps"
    with repair.step("train", f"Training ({tuner}) …") as facts:
        settings = train_settings(repair, training, out=repair.folder)
        repair.run_worker("remediate.dpo.train", "train", settings)
        found = read_json(repair.folder / TRAINING)
        facts |= {name: found[name] for name in ("steps", "best_step", "best_bias")}


def train_settings(repair: Repair, training: TrainingConfig, *, out: Path) -> dict[str, Any]:
    """What :mod:`remediate.dpo.train` reads: the folder's pairs, trained on into ``out``."""
    parallel = repair.settings / "parallel.json"
    repair.options.parallel.write(parallel)
    return {
        "model": str(repair.model_path),
        "pairs": str(repair.folder / PAIRS),
        "reference": str(repair.folder / REFERENCE),
        "shared_prefix": (repair.facts("reference") or {})["shared_prefix"],
        "out": str(out),
        "training": training.to_json(),
        "parallel": str(parallel),
        **repair.shared(),
    }
