"""What a cell's adapter does to the model's abilities, without a look at the held-out side.

The gates' measurements of base + adapter, with the validation occupations where the gates have the
held-out ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from remediate.gates.judge import Gate, judge
from remediate.repair import Repair
from remediate.stages.capability import run

#: ``judge`` wants refusal rates, which come from audits of the held-out side: a stand-in whose gate
#: is not looked at.
_NO_REFUSALS = {"": (0.0, 0.0)}
MEASURED = ("perplexity_ratio", "kl_per_token", "unambiguous_accuracy")


def measure(
    repair: Repair, name: str, out: Path, *, adapter: Path | None, base: Path | None
) -> None:
    """Measure the base, or base + ``adapter`` on the answers in ``base``'s file, into ``out``."""
    run(repair, name, out, repair.model_path, repair.splits.validation, adapter=adapter, base=base)


def capability(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Gate → its numbers and ``used``: the part of what is allowed that the cost takes up.

    Perplexity and KL are taken at the upper limit of their one-sided 95 % intervals, as the gates
    take them. Accuracy is taken at its mean: a dozen validation occupations are too few for a limit
    of two points to be shown, and the gate itself is judged at the end. Raises
    :class:`EnvironmentProblem` where a value is not a number.
    """
    found = {g.name: g for g in judge(before, after, _NO_REFUSALS) if g.name in MEASURED}
    out = {name: found[name].to_json() | {"used": _used(found[name])} for name in MEASURED}
    for name, row in out.items():
        if not all(math.isfinite(row[key]) for key in ("cost", "bound", "used")):
            raise EnvironmentProblem(
                f"{name} of the trained model is not a number: lower --learning-rate."
            )
    return out


def _used(gate: Gate) -> float:
    if gate.name == "perplexity_ratio":  # costs nothing at 1
        return max(0.0, (gate.bound - 1) / (gate.limit - 1))
    if gate.name == "unambiguous_accuracy":
        return max(0.0, gate.cost / gate.limit)
    return max(0.0, gate.bound / gate.limit)
