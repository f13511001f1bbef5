"""Capability before and after: two workers of :mod:`remediate.gates.measure`, one judgement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.manifest import read_json
from remediate.gates.judge import Gate, judge
from remediate.gates.judge_pictures import judge_pictures
from remediate.repair import Repair, picture_names

if TYPE_CHECKING:
    import pandas as pd


def measure(repair: Repair, name: str, model: Path) -> None:
    """Measure ``model`` into gates/NAME.json, if not done yet. "before" comes first."""
    step = f"gates_{name}"
    if repair.facts(step) is not None:
        return
    folder = repair.folder / "gates"
    folder.mkdir(exist_ok=True)
    base = None if name == "before" else folder / "before.json"
    with repair.step(step, f"Measuring what the model can do ({name}) …"):
        held_out = () if repair.about_pictures else repair.splits.held_out
        run(repair, step, folder / f"{name}.json", model, held_out, base=base)


def run(
    repair: Repair,
    name: str,
    out: Path,
    model: Path,
    occupations: Sequence[str],
    *,
    adapter: Path | None = None,
    base: Path | None = None,
) -> None:
    """One worker: ``model`` (and ``adapter`` over it) on the answers in ``base``'s file."""
    repair.run_worker(
        "remediate.gates.measure",
        name,
        {
            "model": str(model),
            "adapter": None if adapter is None else str(adapter),
            "out": str(out),
            "langs": list(repair.options.langs),
            "occupations": list(occupations),
            "answers": None if base is None else str(base),
            **repair.shared(),
            **_pictures(repair),
        },
    )


def _pictures(repair: Repair) -> dict[str, Any]:
    if repair.options.pictures is None:
        return {}
    return {
        "picture_set": picture_names(repair.options.pictures),
        "seed": repair.options.seed,
    }


def gates(repair: Repair) -> list[Gate]:
    """Every gate, from the two measurements and the two audits."""
    folder = repair.folder / "gates"
    before, after = (read_json(folder / f"{name}.json") for name in ("before", "after"))
    if repair.about_pictures:
        return judge_pictures(before, after, _responses(repair.folder))
    return judge(before, after, refusals(repair.folder))


def refusals(folder: Path) -> dict[str, tuple[float, float]]:
    """Occupation → share of refusals among its sampled answers, before and after."""
    rates = []
    for frame in _responses(folder):
        own = frame[(frame["route"] == "sampled") & (frame["suite"] == "occupations")]
        rates.append((own["label"] == "refused").groupby(own["cluster"]).mean())
    before, after = rates
    return {str(job): (float(before[job]), float(after[job])) for job in before.index}


def _responses(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers of the audits before and after."""
    import pandas as pd

    before, after = (
        pd.read_parquet(folder / name / "responses.parquet")
        for name in ("audit_before", "audit_after")
    )
    return before, after
