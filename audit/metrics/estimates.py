"""One estimate with its interval, test and effect size, as a row of results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from audit.metrics.cells import missing_rates, stable_seed
from audit.metrics.measures import Measure
from audit.metrics.significance import (
    BootstrapResult,
    Statistic,
    TestResult,
    cluster_bootstrap,
    cohens_h,
    exact_interval,
    weighted_mean,
)
from audit.metrics.stats_types import FloatArray
from audit.metrics.verdict import Evidence, Family
from audit.schema import MetricRow, PrimaryMetric, Route

LEVEL = 0.95
RESAMPLES = 10_000
#: Slices are many and exploratory: fewer resamples each.
RESAMPLES_SLICE = 2_000


@dataclass(frozen=True, slots=True)
class Context:
    """Where an estimate stands: which suite, slice and route, and the rows it was made from."""

    suite: str
    slice: str
    route: str
    role: str
    seed: int
    frame: pd.DataFrame
    margin: float | None = None

    @property
    def resamples(self) -> int:
        return RESAMPLES if self.slice == "all" else RESAMPLES_SLICE


def declared_margins(
    primary: Sequence[PrimaryMetric], margins: Mapping[str, float] | None
) -> dict[str, float]:
    """Metric → margin: the caller's where there is one, else the suite's own."""
    return {p.name: (margins or {}).get(p.name, p.margin) for p in primary}


def routes_of(frame: pd.DataFrame) -> list[Route]:
    """The routes that have answers, likelihood first."""
    return [route for route in Route if (frame["route"] == route).any()]


def number(value: float) -> float | None:
    """None for what is not a finite number: JSON has no NaN, and a gap must look like one."""
    return float(value) if math.isfinite(value) else None


def bootstrap(measure: Measure, context: Context) -> BootstrapResult:
    """Interval of the measure in its own design, with a seed of its own."""
    return measure.bootstrap(
        measure.statistic,
        n_resamples=context.resamples,
        level=LEVEL,
        seed=stable_seed(context.seed, measure.metric, context.slice, context.route),
    )


def no_effect(_: float) -> None:
    """For measures that have no effect size."""


def effect_of_logodds(estimate: float) -> float | None:
    """The odds ratio of a difference in nats."""
    return number(math.exp(min(estimate, 700.0)))


def effect_from_even(estimate: float) -> float | None:
    """Cohen's h between ½ and the share that lies ``estimate`` from it."""
    # Rounding may leave [0, 1].
    return number(cohens_h(min(max(estimate + 0.5, 0.0), 1.0), 0.5))


def measure_row(
    family: Family,
    context: Context,
    measure: Measure,
    effect: Callable[[float], float | None] = no_effect,
) -> None:
    """Estimate, interval and test of a measure as one row. ``effect``: estimate → effect size."""
    result = bootstrap(measure, context)
    row = metric_row(
        context,
        measure.metric,
        result,
        measure.test(result, context.seed),
        n_clusters=measure.n_clusters,
        effect_size=effect(result.estimate) if math.isfinite(result.estimate) else None,
        note=measure.note,
    )
    family.add(row, _evidence(measure, result))


def measured_row(
    family: Family,
    context: Context,
    metric: str,
    measure: Measure | None,
    effect: Callable[[float], float | None] = no_effect,
    *,
    absent: str = "",
) -> None:
    """:func:`measure_row`, or a row without an estimate; ``absent`` is its note."""
    if measure is None:
        family.add(metric_row(context, metric, None, None, n_clusters=0, note=absent))
    else:
        measure_row(family, context, measure, effect)


def _evidence(measure: Measure, result: BootstrapResult) -> Evidence:
    return Evidence(
        result,
        thinnest=measure.thinnest,
        sides=measure.sides,
        missing=measure.missing,
        rooms=measure.rooms,
    )


def one_way(
    statistic: Statistic, n: int, context: Context, metric: str, *, rank: bool = False
) -> BootstrapResult:
    """Interval over clusters, one factor. ``rank``: the statistic is a rank correlation."""
    return cluster_bootstrap(
        statistic,
        n,
        n_resamples=context.resamples,
        level=LEVEL,
        bound=1.0 if rank else None,
        skewed=not rank,
        seed=stable_seed(context.seed, metric, context.slice, context.route),
    )


def rate(rates: FloatArray, context: Context, metric: str) -> BootstrapResult:
    """Interval of a mean of clusters' rates, (n,) in 0–1."""
    n = len(rates)
    return as_share(one_way(weighted_mean(rates), n, context, metric), n)


def as_share(result: BootstrapResult, n: int) -> BootstrapResult:
    """``result`` with the interval of a share (0–1) of ``n`` clusters.

    Where all are 0, or all 1, resampling sees no error: Clopper & Pearson's interval for 0 (or n)
    of n clusters stands in. Limits by t do not know where a share ends; cut off there they cover
    as often.
    """
    if result.estimate in (0.0, 1.0) and result.interval.width == 0.0:
        exact = exact_interval(round(result.estimate * n), n, LEVEL)
        return replace(result, interval=replace(exact, method="Clopper-Pearson over clusters"))
    low, high = np.clip((result.interval.low, result.interval.high), 0.0, 1.0).tolist()
    return replace(result, interval=replace(result.interval, low=low, high=high))


def metric_row(
    context: Context,
    metric: str,
    result: BootstrapResult | None,
    test: TestResult | None,
    *,
    n_clusters: int,
    estimate: float | None = None,
    effect_size: float | None = None,
    note: str = "",
) -> MetricRow:
    """Assemble the row. ``estimate`` is only needed where there is no bootstrap."""
    refused, unparsed = missing_rates(context.frame)
    value = result.estimate if result is not None else estimate
    method = result.interval.method if result is not None else ""
    p = number(test.p_value) if test is not None else None
    return MetricRow(
        suite=context.suite,
        metric=metric,
        slice=context.slice,
        estimate=number(value) if value is not None else None,
        ci_low=number(result.interval.low) if result is not None else None,
        ci_high=number(result.interval.high) if result is not None else None,
        ci_level=LEVEL,
        p_value=p,
        test="; ".join(
            part
            for part in (test.test if test is not None else "", f"CI: {method}" if method else "")
            if part
        ),
        effect_size=effect_size,
        margin=context.margin,
        role=context.role,
        route=context.route,
        n_items=len(context.frame),
        n_clusters=n_clusters,
        refusal_rate=refused,
        unparsed_rate=unparsed,
        note=note,
    )
