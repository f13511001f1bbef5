"""Capability before and after: two workers of :mod:`remediate.gates.measure`, one judgement."""

from __future__ import annotations

from pathlib import Path

from audit.manifest import read_json
from remediate.gates.judge import Gate, judge
from remediate.repair import Repair


def measure(repair: Repair, name: str, model: Path) -> None:
    """Measure ``model`` into gates/NAME.json, if not done yet. "before" comes first."""
    step = f"gates_{name}"
    if repair.facts(step) is not None:
        return
    folder = repair.folder / "gates"
    folder.mkdir(exist_ok=True)
    with repair.step(step, f"Measuring what the model can do ({name}) …"):
        repair.run_worker(
            "remediate.gates.measure",
            step,
            {
                "model": str(model),
                "out": str(folder / f"{name}.json"),
                "langs": list(repair.options.langs),
                "occupations": list(repair.splits.held_out),
                "answers": None if name == "before" else str(folder / "before.json"),
                **repair.chat(),
            },
        )


def gates(repair: Repair) -> list[Gate]:
    """Every gate, from the two measurements and the two audits."""
    folder = repair.folder / "gates"
    before, after = (read_json(folder / f"{name}.json") for name in ("before", "after"))
    return judge(before, after, refusals(repair.folder))


def refusals(folder: Path) -> dict[str, tuple[float, float]]:
    """Occupation → share of refusals among its sampled answers, before and after."""
    import pandas as pd

    rates = []
    for name in ("audit_before", "audit_after"):
        frame = pd.read_parquet(folder / name / "responses.parquet")
        own = frame[(frame["route"] == "sampled") & (frame["suite"] == "occupations")]
        rates.append((own["label"] == "refused").groupby(own["cluster"]).mean())
    before, after = rates
    return {str(job): (float(before[job]), float(after[job])) for job in before.index}
