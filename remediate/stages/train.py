"""The training step: settings for the worker, launched in one process or many."""

from __future__ import annotations

from audit.manifest import read_json
from remediate.repair import Repair
from remediate.stages.data import PAIRS
from remediate.stages.reference import REFERENCE

ADAPTER, TRAINING = "adapter", "training.json"


def train(repair: Repair) -> None:
    """Train the adapter, if not done yet; a killed training goes on from its last checkpoint."""
    if repair.facts("train") is not None:
        return
    options = repair.options
    tuner = f"{options.training.tuner}, {options.training.loss}, {options.training.steps} steps"
    with repair.step("train", f"Training ({tuner}) …") as facts:
        parallel = repair.settings / "parallel.json"
        options.parallel.write(parallel)
        scored = repair.facts("reference") or {}
        repair.run_worker(
            "remediate.dpo.train",
            "train",
            {
                "model": str(repair.model_path),
                "pairs": str(repair.folder / PAIRS),
                "reference": str(repair.folder / REFERENCE),
                "shared_prefix": scored["shared_prefix"],
                "out": str(repair.folder),
                "training": options.training.to_json(),
                "parallel": str(parallel),
                **repair.chat(),
            },
        )
        found = read_json(repair.folder / TRAINING)
        facts |= {name: found[name] for name in ("steps", "best_step", "best_bias")}
