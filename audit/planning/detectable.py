"""What one suite of a plan could show, from answers to its own questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from audit.metrics.measures import Measure
from audit.planning.assumptions import Assumed
from audit.planning.chance import precisions
from audit.planning.needed import Design, Needed, needed
from audit.planning.precision import Gain, Precision
from audit.schema import Item, Route

if TYPE_CHECKING:
    from audit.probes.base import Suite

#: The effect that a plan is asked about: one for all metrics, or each one's margin.
Effect = float | Literal["margin"]


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true effect of a primary metric that is found with the plan's power.

    ``alpha`` is each primary metric's share of the plan's, which is Holm's first step and so the
    worst case. ``more_clusters``, ``more_wordings`` and ``more_samples``: the same with twice as
    many of one. None where the assumed answers do not vary, are too few for an interval, or do not
    tell. ``gain``: what is known of the gain by samples; if ``at_most``, ``more_samples`` is the
    least possible. ``at_best``: so is ``effect``, for more samples are planned than answered.
    """

    suite: str
    metric: str
    route: str
    margin: float | None
    alpha: float
    effect: float | None
    more_clusters: float | None
    more_wordings: float | None
    more_samples: float | None
    gain: Gain
    at_best: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A suite's part of a plan; ``notes`` are what stands against believing it."""

    detectable: list[Detectable] = field(default_factory=list)
    needed: list[Needed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def could_show(
    suite: Suite,
    items: Sequence[Item],
    assumed: Assumed,
    *,
    effect: Effect | None,
    alpha: float,
    power: float,
) -> Shown:
    """``items``: the suite's own, at least one. ``effect``: also what it takes to find that.

    ``alpha`` is shared among the suite's primary metrics.
    """
    from audit.probes.base import Comparable

    name, asked = suite.name, {item.item for item in items}
    samples = max(item.n_requests for item in items)
    known = assumed.answers
    known = known[(known["suite"] == name) & known["item"].isin(asked)]
    share = known["item"].nunique() / len(asked)
    if not isinstance(suite, Comparable) or share == 0:
        return Shown(notes=[assumed.why_unknown(name, pictures=any(i.images for i in items))])
    out = Shown()
    if share < 1:
        out.notes.append(
            f"{share:.0%} of the questions of {name} are answered in {assumed.source}: what they "
            "show is taken for all"
        )
    answered = int(known["sample"].max()) + 1
    each = alpha / max(len(suite.primary), 1)
    for measure, found in precisions(suite, known):
        planned = found and _with_samples(found, samples, answered)
        row = _detectable(name, measure, planned, each, power, more=samples > answered)
        out.detectable.append(row)
        wanted = measure.margin if effect == "margin" else effect
        if planned is None or row.effect is None or wanted is None:
            continue
        if planned.bound is not None and wanted >= planned.bound:
            out.notes.append(
                f"{measure.metric} lies within ±{planned.bound:g}, never at {wanted:g}"
            )
            continue
        design = _design(measure, samples)
        out.needed.append(needed(planned, name, design, wanted, alpha=each, power=power))
    if samples > answered and any(row.route == Route.SAMPLED for row in out.detectable):
        out.notes.append(
            f"{name} has {answered} of the {samples} samples a question in {assumed.source}: what "
            "the others gain is reckoned"
        )
    none = [row.metric for row in out.detectable if row.effect is None]
    out.notes.extend(assumed.why_none(name, none, known))
    return out


def _with_samples(found: Precision, planned: int, answered: int) -> Precision | None:
    """None where fewer samples are planned, and single ones are too little for an interval."""
    if planned < answered and found.gain is Gain.UNKNOWN:
        return None
    return found.grown(samples=planned / answered)


def _detectable(
    suite: str,
    measure: Measure,
    planned: Precision | None,
    alpha: float,
    power: float,
    *,
    more: bool,
) -> Detectable:
    def effect(**times: float) -> float | None:
        return planned.grown(**times).detectable(alpha=alpha, power=power) if planned else None

    gain = planned.gain if planned else Gain.UNKNOWN
    return Detectable(
        suite=suite,
        metric=measure.metric,
        route=measure.route,
        margin=measure.margin,
        alpha=alpha,
        effect=effect(),
        more_clusters=effect(clusters=2),
        more_wordings=effect(wordings=2) if measure.wordings_sampled else None,
        more_samples=None if gain is Gain.UNKNOWN else effect(samples=2),
        gain=gain,
        at_best=more and gain is Gain.AT_MOST,
    )


def _design(measure: Measure, samples: int) -> Design:
    return Design(
        measure.n_clusters,
        len(measure.columns) if measure.wordings_sampled else None,
        samples if measure.route == Route.SAMPLED else None,
    )
