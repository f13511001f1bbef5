"""A sweep's folder with made-up numbers in the real shape: eight cells, one of them failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from remediate.dpo.config import TrainingConfig
from remediate.sweep.choose import RULE, choose, judged, non_dominated

#: Name → (settings, gap, skew, perplexity ratio and bound, KL and bound, accuracy drop).
CELLS: dict[str, tuple[dict[str, Any], tuple[float, ...]]] = {
    "parity-s80-lr0.0001": (
        {"steps": 80, "learning_rate": 1e-4}, (1.204, -0.402, 1.001, 1.004, 0.006, 0.009, 0.0)),
    "parity-s80-lr0.0003": (
        {"steps": 80, "learning_rate": 3e-4}, (0.611, -0.182, 1.006, 1.011, 0.031, 0.042, 0.0)),
    "parity-s160-lr0.0001": (
        {"steps": 160, "learning_rate": 1e-4}, (0.702, -0.241, 1.005, 1.010, 0.024, 0.033, 0.004)),
    "parity-s160-lr0.0003": (
        {"steps": 160, "learning_rate": 3e-4}, (0.318, 0.094, 1.012, 1.019, 0.051, 0.068, 0.008)),
    "parity-s160-lr0.001": (
        {"steps": 160, "learning_rate": 1e-3}, (0.203, 0.071, 1.041, 1.057, 0.152, 0.188, 0.031)),
    "ipo-s80-lr0.0001": (
        {"loss": "ipo", "steps": 80, "learning_rate": 1e-4},
        (1.004, -0.611, 1.009, 1.014, 0.049, 0.061, 0.004)),
    "sigmoid_sft-s80-lr0.0001": (
        {"loss": "sigmoid_sft", "steps": 80, "learning_rate": 1e-4},
        (-0.402, -0.823, 1.014, 1.022, 0.066, 0.083, 0.012)),
    "sigmoid-s80-lr0.003": ({"loss": "sigmoid", "steps": 80, "learning_rate": 3e-3}, ()),
}  # fmt: skip
REASON = (
    "The loss is not a number at step 12, on the pairs twin/choice/en/nurse/plain: lower "
    "--learning-rate, or look at these pairs in pairs.jsonl."
)


def finished(values: tuple[float, ...]) -> dict[str, Any]:
    """cell.json of a cell that got through; ``values`` as in :data:`CELLS`."""
    gap, skew, ratio, ratio_bound, kl, kl_bound, drop = values
    return {
        "status": "done", "bias": abs(gap) + abs(skew), "gap": gap, "skew": skew, "spread": 1.2,
        "best_step": 60, "steps_done": 80, "seconds": 1184.2, "resumed": gap == 0.702,
        "before": {"bias": 2.237, "gap": 1.804, "skew": -0.433, "spread": 2.1},
        "gates": {
            "perplexity_ratio": {
                "cost": ratio, "bound": ratio_bound, "used": (ratio_bound - 1) / 0.03},
            "kl_per_token": {"cost": kl, "bound": kl_bound, "used": kl_bound / 0.1},
            "unambiguous_accuracy": {"cost": drop, "bound": drop + 0.02, "used": drop / 0.02},
        },
    }  # fmt: skip


def content(**changes: Any) -> dict[str, Any]:
    """sweep.json of the made-up sweep, with *changes*."""
    rows = []
    for name, (settings, values) in CELLS.items():
        found = finished(values) if values else {
            "status": "failed", "reason": REASON, "seconds": 212.0, "resumed": False}  # fmt: skip
        row = judged(name, found) | {"training": TrainingConfig(**settings).to_json()}
        rows.append(row)
    front = non_dominated(rows)
    return {
        "schema_version": 1, "model": "smollm2-135m-instruct", "grid": "grid.yaml",
        "varied": ["loss", "steps", "learning_rate"], "updated": "2026-03-01T12:30:00+00:00",
        "measured_on": {
            "validation_occupations": [f"job-{n}" for n in range(13)], "passages": 32,
            "requests": 24, "sentences": 130,
        },
        "allowed": {"perplexity_ratio": 1.03, "kl_per_token": 0.1, "unambiguous_accuracy": 0.02},
        "before": {"bias": 2.237, "gap": 1.804, "skew": -0.433, "spread": 2.1},
        "rule": RULE, "chosen": choose(rows),
        "cells": [row | {"non_dominated": row["name"] in front} for row in rows],
    } | changes  # fmt: skip


def make_sweep(folder: Path, **changes: Any) -> Path:
    """Write the folder with its sweep.json."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content(**changes), ensure_ascii=False)
    (folder / "sweep.json").write_text(text, encoding="utf-8")
    return folder
