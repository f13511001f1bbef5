"""From the measures of two runs to rows of compare.json: change, interval, test, shrinkage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from audit.metrics import estimates, stats_paired
from audit.metrics.cells import stable_seed
from audit.metrics.measures import Measure
from audit.metrics.significance import BootstrapResult, TwoWayStatistic
from audit.metrics.verdict import (
    ALPHA,
    MAX_MISSING,
    adjust_by_role,
    excludes_zero,
    sampled_enough,
)


class Outcome(StrEnum):
    """What a change amounts to. ``reversed`` wins over ``reduced``: a bias of the other sign."""

    REDUCED = "reduced"
    INCREASED = "increased"
    REVERSED = "reversed"
    CHANGED = "changed"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric of one route before and after, on the answers that both runs have.

    ``change`` is after − before (signed), ``magnitude_change`` |after| − |before|, ``shrinkage``
    (|before| − |after|)/|before|; each with its interval at ``ci_level``. None where undefined.
    ``sign_flipped``: the sign is another and |after| exceeds the margin. ``p_value`` is of change =
    0, adjusted by Holm over a suite's primary metrics, Benjamini–Hochberg over the others.
    """

    suite: str
    metric: str
    route: str
    role: str
    margin: float | None
    before: float | None
    before_low: float | None
    before_high: float | None
    after: float | None
    after_low: float | None
    after_high: float | None
    change: float | None
    ci_low: float | None
    ci_high: float | None
    ci_level: float
    p_value: float | None
    p_adjusted: float | None
    test: str
    correction: str
    magnitude_change: float | None
    magnitude_low: float | None
    magnitude_high: float | None
    shrinkage: float | None
    shrinkage_low: float | None
    shrinkage_high: float | None
    sign_flipped: bool
    outcome: str
    n_clusters: int
    note: str


def compare_measures(
    suite: str, before: Sequence[Measure], after: Sequence[Measure], *, seed: int
) -> list[MetricChange]:
    """Every metric that both runs have, adjusted within its role.

    The two must stem from frames of the same rows in which an answer that one lacks was removed
    from both; ValueError where their clusters or wordings differ all the same.
    """
    later = {(m.metric, m.route): m for m in after}
    rows = [
        (m, _one(suite, m, later[m.metric, m.route], seed))
        for m in before
        if (m.metric, m.route) in later
    ]
    adjusted = adjust_by_role([(row.role, row.p_value) for _, row in rows])
    out = []
    for (measure, row), found in zip(rows, adjusted, strict=True):
        if found is not None:
            row = replace(row, p_adjusted=found[0], correction=found[1])
        out.append(replace(row, outcome=_outcome(measure, row).value))
    return out


def _one(suite: str, before: Measure, after: Measure, seed: int) -> MetricChange:
    if before.clusters != after.clusters or before.columns != after.columns:
        raise ValueError(f"{suite}: the runs' clusters or wordings differ in {before.metric}")
    # The seed of results.json's row: the same run has the same interval in both places.
    own = stable_seed(seed, before.metric, "all", before.route)

    def interval(
        statistic: TwoWayStatistic, *, of: Measure = before, by_t: bool = True
    ) -> BootstrapResult:
        # One seed for all: both runs and every number see the same resampled clusters and wordings.
        return of.bootstrap(
            statistic, n_resamples=estimates.RESAMPLES, level=estimates.LEVEL, seed=own, by_t=by_t
        )

    # Each run's own measure: a bounded metric's limits keep within its bound on both sides.
    was, now = interval(before.statistic), interval(after.statistic, of=after)
    pair = before.statistic, after.statistic
    moved = interval(stats_paired.change(*pair))
    size = interval(stats_paired.magnitude_change(*pair), by_t=False)
    test = before.tested(lambda: before.change_test(after.blocks - before.blocks, own), moved)
    notes = [before.note]
    if moved.interval.width == 0.0:
        notes.append("every cluster changed alike: a zero-width interval proves nothing by itself")
    if 0.0 in was.interval or math.isnan(was.interval.low):
        shrunk = None
        notes.append("no relative shrinkage: the interval before holds 0")
    else:
        shrunk = interval(stats_paired.shrinkage(*pair), by_t=False)
    margin = before.margin or 0.0
    flipped = was.estimate * now.estimate < 0 and abs(now.estimate) > margin
    return MetricChange(
        suite=suite,
        metric=before.metric,
        route=before.route,
        role="primary" if before.primary else "exploratory",
        margin=before.margin,
        before=_number(was.estimate),
        before_low=_number(was.interval.low),
        before_high=_number(was.interval.high),
        after=_number(now.estimate),
        after_low=_number(now.interval.low),
        after_high=_number(now.interval.high),
        change=_number(moved.estimate),
        ci_low=_number(moved.interval.low),
        ci_high=_number(moved.interval.high),
        ci_level=estimates.LEVEL,
        p_value=_number(test.p_value),
        p_adjusted=None,
        test=f"{test.test}; CI: paired {moved.interval.method}",
        correction="",
        magnitude_change=_number(size.estimate),
        magnitude_low=_number(size.interval.low),
        magnitude_high=_number(size.interval.high),
        shrinkage=_number(shrunk.estimate) if shrunk else None,
        shrinkage_low=_number(shrunk.interval.low) if shrunk else None,
        shrinkage_high=_number(shrunk.interval.high) if shrunk else None,
        sign_flipped=flipped,
        outcome="",
        n_clusters=before.n_clusters,
        note="; ".join(note for note in notes if note),
    )


def _outcome(measure: Measure, row: MetricChange) -> Outcome:
    """A change is called only where its adjusted test and its interval both exclude 0."""
    enough = sampled_enough(measure.thinnest, measure.sides)
    unknown = None in (row.p_adjusted, row.ci_low, row.ci_high)
    if not enough or measure.missing > MAX_MISSING or row.p_adjusted is None or unknown:
        return Outcome.INSUFFICIENT_EVIDENCE
    if row.p_adjusted >= ALPHA or not excludes_zero(row.ci_low, row.ci_high):
        return Outcome.INCONCLUSIVE
    # What lay inside the margin had no bias to reverse: from there it can only grow.
    if row.sign_flipped and abs(row.before or 0.0) > (row.margin or 0.0):
        return Outcome.REVERSED
    if row.magnitude_high is not None and row.magnitude_high < 0.0:
        return Outcome.REDUCED
    if row.magnitude_low is not None and row.magnitude_low > 0.0:
        return Outcome.INCREASED
    return Outcome.CHANGED


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
