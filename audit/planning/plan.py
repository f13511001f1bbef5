"""Counts, time and precision of a run that has not been made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.planning import assumptions
from audit.planning.counts import ProbeCounts, count
from audit.planning.detectable import Detectable, Effect, could_show
from audit.planning.needed import Needed
from audit.planning.rate import Rate
from audit.schema import Item, Route

if TYPE_CHECKING:
    from audit.probes.base import Suite

POWER, ALPHA = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds`` is None where no rate is known; ``assumed`` says whose variances were used.

    ``needed`` is empty where no effect was asked about.
    """

    counts: list[ProbeCounts]
    detectable: list[Detectable]
    needed: list[Needed]
    rate: Rate | None
    assumed: assumptions.Assumed
    notes: list[str]

    @property
    def requests(self) -> int:
        return sum(row.requests for row in self.counts)

    @property
    def seconds(self) -> float | None:
        return None if self.rate is None else self.rate.seconds(self.counts)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "requests": self.requests,
            "prompt_tokens": sum(row.prompt_tokens for row in self.counts),
            "generated_tokens": sum(row.generated_tokens for row in self.counts),
            "bytes": sum(row.bytes for row in self.counts),
            "seconds": self.seconds,
            "counts": [asdict(row) for row in self.counts],
            "detectable": [asdict(row) for row in self.detectable],
            "needed": [asdict(row) for row in self.needed],
            "power": POWER,
            "assumed": self.assumed.source,
            "notes": self.notes,
        }


def make_plan(
    suites: Mapping[str, Suite],
    items: Sequence[Item],
    *,
    like: Path | None = None,
    rate: Rate | None = None,
    scores: bool = True,
    effect: Effect | None = None,
) -> Plan:
    """``suites`` and ``items``: what the run would ask (:func:`audit.runner.collect_items`);
    ``like``: a finished run whose answers are assumed; None takes the ones kept here. ``scores``:
    whether the model gives log-probabilities; of one without them a run asks no likelihood.
    ``effect``: also what it takes to find that."""
    assumed = assumptions.kept() if like is None else assumptions.of_run(like)
    asked = [item for item in items if scores or item.route is Route.SAMPLED]
    notes = []
    if len(asked) < len(items):
        notes.append(
            f"the model gives no log-probabilities: {len(items) - len(asked):,} likelihood "
            "questions are left out, as a run leaves them out"
        )
    by_suite = {name: [item for item in asked if item.suite == name] for name in suites}
    shown = [
        could_show(suites[name], own, assumed, effect=effect, alpha=ALPHA, power=POWER)
        for name, own in by_suite.items()
        if own
    ]
    return Plan(
        counts=count(asked),
        detectable=[row for part in shown for row in part.detectable],
        needed=[row for part in shown for row in part.needed],
        rate=rate,
        assumed=assumed,
        notes=notes + [note for part in shown for note in part.notes],
    )
