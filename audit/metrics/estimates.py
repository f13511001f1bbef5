"""One estimate with its interval, test and effect size, as a row of results."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from audit.metrics.cells import Cells, balanced, missing_rates, stable_seed
from audit.metrics.significance import (
    BootstrapResult,
    Statistic,
    TestResult,
    TwoWayStatistic,
    cluster_bootstrap,
    pigeonhole_bootstrap,
)
from audit.schema import MetricRow

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


def number(value: float) -> float | None:
    """None for what is not a finite number: JSON has no NaN, and a gap must look like one."""
    return float(value) if math.isfinite(value) else None


def two_way(
    statistic: TwoWayStatistic, cells: Cells, context: Context, metric: str, *, by_group: bool
) -> BootstrapResult:
    """Interval over clusters and wordings, probes weighed equally.

    ``by_group``: resample clusters within their groups (for contrasts between groups).
    """
    return pigeonhole_bootstrap(
        balanced(statistic, cells.strata),
        len(cells.clusters),
        len(cells.columns),
        row_strata=cells.group_codes if by_group else None,
        col_strata=cells.column_strata,
        n_resamples=context.resamples,
        level=LEVEL,
        seed=stable_seed(context.seed, metric, context.slice, context.route),
    )


def one_way(statistic: Statistic, n: int, context: Context, metric: str) -> BootstrapResult:
    """BCa interval over clusters."""
    return cluster_bootstrap(
        statistic,
        n,
        n_resamples=context.resamples,
        level=LEVEL,
        seed=stable_seed(context.seed, metric, context.slice, context.route),
    )


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
