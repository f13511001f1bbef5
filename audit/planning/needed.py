"""The other way round: how many clusters, wordings or samples it takes to find an effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from scipy.optimize import brentq

from audit.planning.precision import Gain, Precision

#: Nothing is sought beyond so many times what is planned.
MOST = 1000
#: Counts are found to half a percent; the power behind them is known no better.
_CLOSE = 0.005


class Instead(StrEnum):
    """What stands for a count. ``none``: not even :data:`MOST` times as many suffice."""

    ENOUGH = "enough"
    NONE = "none"
    UNKNOWN = "unknown"


Count = int | Instead


@dataclass(frozen=True, slots=True)
class Design:
    """How many a metric has. None: wordings are too few for a sample, likelihoods are not drawn."""

    clusters: int
    wordings: int | None
    samples: int | None


@dataclass(frozen=True, slots=True)
class Needed:
    """How many of one, the others as ``planned``, find a true ``effect`` with the plan's power.

    ``both``: clusters and wordings where the two grow alike. ``gain``: what is known of the gain
    by samples; if ``at_most``, ``samples`` is the least possible.
    """

    suite: str
    metric: str
    effect: float
    planned: Design
    clusters: Count
    wordings: Count
    both: tuple[int, int] | Instead
    samples: Count
    gain: Gain


def needed(
    known: Precision, suite: str, planned: Design, effect: float, *, alpha: float, power: float
) -> Needed:
    """``effect``: one that the metric can have, in its own unit."""

    def found(**times: float) -> float:
        # 0: nothing varies.
        return known.grown(**times).detectable(alpha=alpha, power=power) or 0.0

    def needed_of(name: str, now: int | None) -> Count:
        """``now``: None where growing is no question of this design."""
        times = None if now is None else _times(lambda by: found(**{name: by}), effect)
        return Instead.NONE if times is None or now is None else _whole(times * now)

    if found() <= effect:
        enough = Instead.ENOUGH
        return Needed(
            suite, known.metric, effect, planned, enough, enough, enough, enough, known.gain
        )
    both: tuple[int, int] | Instead = Instead.UNKNOWN
    if planned.wordings is not None:
        alike = _times(lambda by: found(clusters=by, wordings=by), effect)
        both = Instead.NONE
        if alike is not None:
            both = _whole(alike * planned.clusters), _whole(alike * planned.wordings)
    return Needed(
        suite=suite,
        metric=known.metric,
        effect=effect,
        planned=planned,
        clusters=needed_of("clusters", planned.clusters),
        wordings=Instead.UNKNOWN
        if planned.wordings is None
        else needed_of("wordings", planned.wordings),
        both=both,
        samples=Instead.UNKNOWN
        if known.gain is Gain.UNKNOWN
        else needed_of("samples", planned.samples),
        gain=known.gain,
    )


def _times(found: Callable[[float], float], effect: float) -> float | None:
    """By how much what is grown must be multiplied until ``effect`` is found."""

    def above(log: float) -> float:
        return math.log(max(found(math.exp(log)) / effect, 1e-9))

    end = math.log(MOST)
    return None if above(end) > 0 else math.exp(brentq(above, 0.0, end, xtol=_CLOSE))


def _whole(count: float) -> int:
    return math.ceil(round(count, 6))
