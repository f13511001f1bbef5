"""Finished run folders of simulated respondents, written as the runner writes them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from audit.probes.base import get_suite
from tests.audit.respondents import Respondent, occupation_items

ITEMS = [i for i in occupation_items(limit=120) if i.probe != "character"]
SUITE = get_suite("occupations")


def write_run(
    folder: Path, frame: pd.DataFrame, *, fingerprint: str = "", status: str = "complete"
) -> Path:
    """A finished run folder of these answers, called after its folder; returns it."""
    name = folder.name
    folder.mkdir()
    frame = frame.assign(prompt="asked: " + frame["item"])
    frame.to_parquet(folder / "responses.parquet", index=False)
    manifest = {
        "schema_version": 1, "status": status, "seed": 0, "backend": {"name": "simulated"},
        "started": "2026-01-01T00:00:00+00:00",
        "suites": [{"name": "occupations", "version": SUITE.version}],
        "model": {"name": name, "fingerprint": fingerprint or name},
    }  # fmt: skip
    results = {
        "schema_version": 1,
        "model": {"name": name},
        "suites": [{
            "name": "occupations", "version": SUITE.version,
            "primary": [{"name": p.name, "margin": p.margin} for p in SUITE.primary],
        }],
        "metrics": [asdict(row) for row in SUITE.metrics(frame, seed=0, margins=None)],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(manifest))
    (folder / "results.json").write_text(json.dumps(results))
    return folder


def answers(gap: float, draw: int, **other: Any) -> pd.DataFrame:
    """One model's answers; the same jobs and wordings for every ``draw``."""
    planted = {"occupation_sd": 0.3, "template_sd": 0.5, "noise_sd": 0.2} | other
    return Respondent(gap=gap, noise_seed=draw, **planted).answer(ITEMS)
