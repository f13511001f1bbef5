"""Counts, time and precision of a run that has not been made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.planning import assumptions
from audit.planning.counts import ProbeCounts, count
from audit.planning.precision import Precision, precision
from audit.planning.rate import Rate
from audit.schema import Item

if TYPE_CHECKING:
    from audit.probes.base import Suite

POWER, ALPHA = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true effect of a primary metric that is found with 80 % power.

    ``alpha`` is 5 % shared among the suite's primary metrics, which is Holm's first step and so
    the worst case. ``more_clusters`` and ``more_wordings``: the same with twice as many of one.
    None where the assumed answers do not vary, or are too few for an interval.
    """

    suite: str
    metric: str
    margin: float | None
    alpha: float
    effect: float | None
    more_clusters: float | None
    more_wordings: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds`` is None where no rate is known; ``assumed`` says whose variances were used."""

    counts: list[ProbeCounts]
    detectable: list[Detectable]
    rate: Rate | None
    assumed: str
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
            "power": POWER,
            "assumed": self.assumed,
            "notes": self.notes,
        }


def make_plan(
    suites: Mapping[str, Suite],
    items: Sequence[Item],
    *,
    like: Path | None = None,
    rate: Rate | None = None,
) -> Plan:
    """``suites`` and ``items``: what the run would ask (:func:`audit.runner.collect_items`);
    ``like``: a finished run whose answers are assumed; None takes the ones kept here."""
    assumed = assumptions.kept() if like is None else assumptions.of_run(like)
    detectable, notes = [], []
    for name, suite in suites.items():
        found, against = _detectable(suite, [i for i in items if i.suite == name], assumed)
        detectable += found
        notes += against
    return Plan(count(items), detectable, rate, assumed.source, notes)


def _detectable(
    suite: Suite, items: Sequence[Item], assumed: assumptions.Assumed
) -> tuple[list[Detectable], list[str]]:
    """A suite's smallest effects, and what stands against believing them."""
    from audit.probes.base import Comparable

    name, answers = suite.name, assumed.answers
    asked = {item.item for item in items}
    known = answers[(answers["suite"] == name) & answers["item"].isin(asked)]
    share = known["item"].nunique() / len(asked)
    if not isinstance(suite, Comparable) or share == 0:
        return [], [f"nothing is known of how answers to {name} vary: name a run of it by --like"]
    notes = []
    if share < 1:
        notes.append(
            f"{share:.0%} of the questions of {name} are answered in {assumed.source}: what they "
            "show is taken for all"
        )
    measures = [m for m in suite.measures(known, margins=None) if m.primary]
    alpha = ALPHA / max(len(suite.primary), 1)
    out = []
    for measure in measures:
        found = precision(measure)

        def effect(found: Precision | None = found, **more: float) -> float | None:
            return found.detectable(alpha=alpha, power=POWER, **more) if found else None

        out.append(
            Detectable(
                name, measure.metric, measure.margin, alpha, effect(), effect(more_clusters=2),
                effect(more_wordings=2),
            )
        )  # fmt: skip
    if unknown := [row.metric for row in out if row.effect is None]:
        notes.append(
            f"the answers to {name} in {assumed.source} give no interval for {', '.join(unknown)} "
            "(too few, or kept without their texts)"
        )
    return out, notes
