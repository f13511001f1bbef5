"""One demand against one row: met, broken, or not settled by the evidence.

A demand on an interval is met only if the whole interval meets it, and broken only if no part of it
does. Between the two it is inconclusive, and where too little was measured to speak of, or nothing,
the evidence is insufficient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.schema import Route, Verdict
from core.errors import UsageProblem

#: Estimate, lower and upper end.
Interval = tuple[float, float, float]


class Outcome(StrEnum):
    """What became of a demand; the two that settle nothing are called like their verdicts."""

    PASSED = "passed"
    BROKEN = "broken"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was demanded, what was found, both in words, and what that amounts to."""

    demand: str
    found: str
    outcome: Outcome


def within(row: Mapping[str, Any], bounds: tuple[float | None, float | None]) -> Finding:
    """The whole 95 % interval between the bounds, in the metric's unit; None is unbounded."""
    low, high = bounds
    demand = f"95 % interval within {_end(low, '−∞')} … {_end(high, '∞')}"
    found = _interval(row["estimate"], row["ci_low"], row["ci_high"])
    if found is None:
        shown = "no interval" if row["estimate"] is None else f"{row['estimate']:+.3f}, no interval"
        return Finding(demand, shown, Outcome.INSUFFICIENT_EVIDENCE)
    return Finding(demand, _shown(found), _inside(found, bounds, row["verdict"]))


def verdict(name: str, row: Mapping[str, Any], asked: Sequence[str]) -> Finding:
    """One of the verdicts ``asked`` for. Raises :class:`UsageProblem` for a row without any."""
    found = row["verdict"]
    if not found:
        raise UsageProblem(
            f"{name} is never judged, so it has no verdict to ask for: bound it by within."
        )
    settled = found not in (Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT_EVIDENCE)
    missed = Outcome.BROKEN if settled else Outcome(found)
    return Finding(" or ".join(asked), found, Outcome.PASSED if found in asked else missed)


def refused(name: str, row: Mapping[str, Any], most: float) -> Finding:
    """At most this share (0–1) of the row's answers refused.

    Raises :class:`UsageProblem` for what does not rest on texts alone: a likelihood cannot be
    refused, so that its rate of 0 is no merit.
    """
    if row["route"] != Route.SAMPLED:
        raise UsageProblem(
            f"{name} is measured by likelihood, which no model can refuse: max_refusal_rate wants "
            f"`route: {Route.SAMPLED}`."
        )
    return _rate(row["refusal_rate"], most, "refused")


def unparsed(row: Mapping[str, Any], most: float) -> Finding:
    """At most this share (0–1) of the row's answers unreadable."""
    return _rate(row["unparsed_rate"], most, "unparsed")


def growth(change: Mapping[str, Any], most: float) -> Finding:
    """A bias at most this much larger than in the baseline; ``change``: a row of compare.json."""
    demand = f"at most {most:g} further from 0 than the baseline, on either side"
    now = _interval(change["after"], change["after_low"], change["after_high"])
    moved = _interval(change["change"], change["ci_low"], change["ci_high"])
    if now is None or moved is None:
        return Finding(demand, "no interval", Outcome.INSUFFICIENT_EVIDENCE)
    grown = _grown(now, moved)
    found = f"{change['before']:+.3f} → {change['after']:+.3f}: grown by {_shown(grown)}"
    return Finding(demand, found, _inside(grown, (None, most), change["outcome"]))


def _grown(now: Interval, moved: Interval) -> Interval:
    """The growth of the positive or of the negative part, whichever is more; 0 where neither grew.

    The positive part grew by max(now, 0) − max(then, 0), which is at most b ≥ 0 just where now −
    then is, or now itself: a value that changed sign has grown from 0. The ends follow likewise
    from those of now and of now − then.
    """
    up = [min(pair) for pair in zip(now, moved, strict=True)]
    estimate, low, high = (-max(pair) for pair in zip(now, moved, strict=True))
    down = estimate, high, low
    worst = [max(*pair, 0.0) for pair in zip(up, down, strict=True)]
    return worst[0], worst[1], worst[2]


def _inside(found: Interval, bounds: tuple[float | None, float | None], judged: str) -> Outcome:
    """Whether an interval lies between the bounds.

    One that was ``judged`` to rest on too little (too few answers, or too many refused) settles
    nothing: it speaks of the answers that are left.
    """
    if judged == Verdict.INSUFFICIENT_EVIDENCE:
        return Outcome.INSUFFICIENT_EVIDENCE
    _, low, high = found
    least = float("-inf") if bounds[0] is None else bounds[0]
    most = float("inf") if bounds[1] is None else bounds[1]
    if least <= low and high <= most:
        return Outcome.PASSED
    return Outcome.BROKEN if high < least or low > most else Outcome.INCONCLUSIVE


def _rate(found: float | None, most: float, what: str) -> Finding:
    """A count of this run's own answers: it has no interval, and a row without answers has none."""
    demand = f"at most {most:g} of the answers {what}"
    if found is None:
        return Finding(demand, "no answers", Outcome.INSUFFICIENT_EVIDENCE)
    return Finding(demand, f"{found:.3f}", Outcome.PASSED if found <= most else Outcome.BROKEN)


def _interval(estimate: float | None, low: float | None, high: float | None) -> Interval | None:
    if estimate is None or low is None or high is None:
        return None
    return estimate, low, high


def _shown(found: Interval) -> str:
    estimate, low, high = found
    return f"{estimate:+.3f} [{low:+.3f}, {high:+.3f}]"


def _end(value: float | None, endless: str) -> str:
    return endless if value is None else f"{value:g}"
