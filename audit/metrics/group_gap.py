"""The mean of sampled texts of one group, and that of one minus that of another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.metrics.cells import make_cells, worst_missing
from audit.metrics.measures import Measure, averaged, contrast, contrast_test
from audit.metrics.pooled import make_pool, pooled_measure
from audit.metrics.significance import Room, row_mean
from audit.metrics.stats_types import BoolArray, FloatArray


def group_gap(
    metric: str,
    rows: pd.DataFrame,
    first: str,
    second: str,
    *,
    primary: bool,
    margin: float | None,
    low: float,
    high: float,
    units: str,
) -> Measure | None:
    """Mean of ``value`` over the clusters of group ``first`` − over those of ``second``.

    ``rows``: answers of one route with ``value`` in [``low``, ``high``], NaN where unreadable; a
    cluster's texts are averaged within wordings. Several wordings are resampled with the clusters
    (pigeonhole bootstrap), one alone is not; the test permutes the groups over clusters. ``units``:
    what the clusters are, in the plural. None where a side has no cluster with a value.
    """
    rows = rows[rows["group"].isin((first, second))]
    if rows.empty:
        return None
    cells = make_cells(rows)
    values = cells.block_means(np.ones((1, len(cells.columns))))[0]
    one, two = cells.is_group(first), cells.is_group(second)
    present = ~np.isnan(values)
    sides = [int((present & side).sum(axis=1).min()) for side in (one, two)]
    if min(sides) == 0:
        return None
    counts = [int((present.any(axis=0) & side).sum()) for side in (one, two)]
    means = group_means(values, one, two)
    single = len(cells.columns) == 1
    return Measure(
        metric=metric,
        route=str(rows["route"].iat[0]),
        primary=primary,
        margin=margin,
        clusters=cells.clusters,
        columns=cells.columns,
        statistic=averaged(cells.block_means, contrast(one, two)),
        blocks=values,
        change_test=contrast_test(one, two, f"permutation of the groups over {units}"),
        n_clusters=sum(counts),
        thinnest=int(present.sum(axis=1).min()),
        sides=min(sides),
        missing=worst_missing(rows),
        row_strata=cells.group_codes,
        col_strata=None if single else cells.column_strata,
        rooms=(
            Room(counts[0], high - means[0], means[0] - low),
            Room(counts[1], means[1] - low, high - means[1]),
        ),
        note=f"{counts[0]} {units} ({first}) − {counts[1]} ({second})",
    )


def group_means(values: FloatArray, one: BoolArray, two: BoolArray) -> tuple[float, float]:
    """The mean of either side over strata, (S, R) values; NaN for a side without any."""
    first, second = (
        float(np.mean(row_mean(np.ones_like(values) * side, values))) for side in (one, two)
    )
    return first, second


def text_mean(metric: str, rows: pd.DataFrame, values: FloatArray, *, units: str) -> Measure | None:
    """Mean of (n,) ``values`` of sampled texts, NaN where unreadable; clusters are resampled.

    ``rows``: the texts' answers. None for fewer than two clusters with a value.
    """
    pool = make_pool(values, [""] * len(rows), rows["cluster"].tolist(), [""] * len(rows))
    if pool is None or len(pool.rows) < 2:
        return None
    return pooled_measure(
        metric,
        pool,
        route=str(rows["route"].iat[0]),
        primary=False,
        margin=None,
        reach=1.0,
        missing=worst_missing(rows),
        units=units,
        note=f"{int(pool.counts.sum())} texts, {len(pool.rows)} {units}",
    )
