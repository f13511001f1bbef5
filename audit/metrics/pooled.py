"""Means over single observations of clusters that differ in size, one way or crossed.

The public benchmarks are scored over their sentences, so a cluster (a writer, an occupation) counts
by how many it has. Strata (types, kinds of bias) weigh the same; with one stratum the mean is that
of all its observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.metrics.cells import worst_missing
from audit.metrics.estimates import Context, as_share, bootstrap, metric_row
from audit.metrics.measures import Measure, mean_test
from audit.metrics.significance import Room
from audit.metrics.stats_rows import ratio
from audit.metrics.stats_types import FloatArray
from audit.metrics.verdict import Evidence, Family
from audit.schema import MetricRow


@dataclass(frozen=True, slots=True)
class Pool:
    """Sums and counts of observations, each (strata, rows, columns)."""

    sums: FloatArray
    counts: FloatArray
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def mean(self, row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        """(b, R), (b, C) multiplicities → (b,) mean over strata; NaN where one draws nothing."""
        found = [
            ratio(((row_w @ s) * col_w).sum(axis=1), ((row_w @ n) * col_w).sum(axis=1))
            for s, n in zip(self.sums, self.counts, strict=True)
        ]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)

    @property
    def estimate(self) -> float:
        one = np.ones((1, len(self.rows))), np.ones((1, len(self.columns)))
        return float(self.mean(*one)[0])

    def row_parts(self) -> FloatArray:
        """(S, R) each row's total, scaled so that a stratum's mean over rows is its mean.

        NaN where a row has no observation. Flipping a row's sign flips all its observations.
        """
        totals, sizes = self.sums.sum(axis=2), self.counts.sum(axis=2)
        present = sizes > 0
        scale = present.sum(axis=1, keepdims=True) / sizes.sum(axis=1, keepdims=True)
        return np.where(present, totals * scale, np.nan)


def make_pool(
    values: FloatArray, strata: Sequence[str], rows: Sequence[str], columns: Sequence[str]
) -> Pool | None:
    """Finite observations, (n,), by names of stratum, row and column.

    None where they are of fewer than two rows: there is nothing to resample.
    """
    kept = np.isfinite(values)
    if len(set(np.asarray(rows, dtype=object)[kept])) < 2:
        return None
    codes, names = zip(
        *(
            pd.factorize(np.asarray(n, dtype=object)[kept], sort=True)
            for n in (strata, rows, columns)
        ),
        strict=True,
    )
    shape = tuple(len(n) for n in names)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, codes, values[kept])
    np.add.at(counts, codes, 1.0)
    return Pool(sums, counts, tuple(map(str, names[1])), tuple(map(str, names[2])))


def pooled_measure(
    metric: str,
    pool: Pool,
    rows: pd.DataFrame,
    *,
    units: str,
    primary: bool = False,
    margin: float | None = None,
    reach: float = 1.0,
    missing: float | None = None,
    note: str = "",
) -> Measure:
    """The mean of ``pool``, made of ``rows`` of one route, with its interval and test.

    More than one column: both factors are resampled (pigeonhole bootstrap), else rows alone
    (t). ``reach``: the largest absolute value of an observation; ``units``: what the rows are, in
    the plural; ``missing``: see :class:`Measure`, None for the refused and unparsed among ``rows``.
    """
    crossed = len(pool.columns) > 1
    present = pool.counts > 0
    by_row, by_column = present.any(axis=2).sum(axis=1), present.any(axis=1).sum(axis=1)
    thinnest = int(np.minimum(by_row, by_column).min() if crossed else by_row.min())
    smaller = min(len(pool.rows), len(pool.columns)) if crossed else len(pool.rows)
    return Measure(
        metric=metric,
        route=str(rows["route"].iat[0]),
        primary=primary,
        margin=margin,
        clusters=pool.rows,
        columns=tuple(("", "", name) for name in pool.columns),
        statistic=pool.mean,
        blocks=pool.row_parts(),
        change_test=mean_test(f"sign flips over {units}"),
        n_clusters=smaller,
        thinnest=thinnest,
        missing=worst_missing(rows) if missing is None else missing,
        col_strata=np.zeros(len(pool.columns), dtype=np.int64) if crossed else None,
        rooms=(Room(smaller, reach - pool.estimate, reach + pool.estimate),),
        note=note,
        sizes=pool.counts.sum(axis=2),
    )


def cluster_mean(
    metric: str, rows: pd.DataFrame, values: FloatArray, *, units: str
) -> Measure | None:
    """Mean of (n,) ``values``, NaN where unreadable, over the clusters of ``rows``, one route.

    None for fewer than two clusters with a value. ``units``: what the clusters are, in the plural.
    """
    alone = [""] * len(rows)
    pool = make_pool(values, alone, rows["cluster"].tolist(), alone)
    if pool is None:
        return None
    return pooled_measure(metric, pool, rows, units=units)


def rate_row(family: Family, context: Context, metric: str, measure: Measure | None) -> MetricRow:
    """Add a share (0–1) with its interval; there is nothing to test it against."""
    if measure is None:
        empty = metric_row(context, metric, None, None, n_clusters=0)
        family.add(empty)
        return empty
    n = measure.n_clusters
    result = as_share(bootstrap(measure, context), n)
    row = metric_row(context, metric, result, None, n_clusters=n, note=measure.note)
    family.add(row, Evidence(result))
    return row
