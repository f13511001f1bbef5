"""The mean of sampled texts of one group, and that of one minus that of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from audit.metrics.cells import make_cells, worst_missing
from audit.metrics.estimates import Context
from audit.metrics.measures import Measure, contrast, contrast_test, over_cells
from audit.metrics.pooled import cluster_mean, rate_row
from audit.metrics.significance import Room, row_mean
from audit.metrics.stats_types import BoolArray, FloatArray
from audit.metrics.verdict import Family


def group_gap(
    metric: str,
    rows: pd.DataFrame,
    first: str,
    second: str,
    *,
    primary: bool,
    margin: float | None,
    ends: tuple[float, float] | None,
    units: str,
) -> Measure | None:
    """Mean of ``value`` over the clusters of group ``first`` − over those of ``second``.

    ``rows``: answers of one route with ``value``, NaN where unreadable, between the two ``ends``
    (None: it has none); a cluster's texts are averaged within wordings. Several wordings are
    resampled with the clusters (pigeonhole bootstrap), one alone is not; the test permutes the
    groups over clusters. ``units``: what the clusters are, in the plural. None where a side has no
    cluster with a value.
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
        statistic=over_cells(cells, contrast(one, two)),
        blocks=values,
        change_test=contrast_test(one, two, f"permutation of the groups over {units}"),
        n_clusters=sum(counts),
        thinnest=int(present.sum(axis=1).min()),
        sides=min(sides),
        missing=worst_missing(rows),
        row_strata=cells.group_codes,
        col_strata=None if single else cells.column_strata,
        rooms=_rooms(counts, means, ends),
        note=f"{counts[0]} {units} ({first}) − {counts[1]} ({second})",
    )


def _rooms(
    counts: Sequence[int], means: tuple[float, float], ends: tuple[float, float] | None
) -> tuple[Room, ...]:
    """How far unseen clusters of either side could carry the difference up and down."""
    if ends is None:
        return ()
    low, high = ends
    return (
        Room(counts[0], high - means[0], means[0] - low),
        Room(counts[1], means[1] - low, high - means[1]),
    )


def group_means(values: FloatArray, one: BoolArray, two: BoolArray) -> tuple[float, float]:
    """The mean of either side over strata, (S, R) values; NaN for a side without any."""
    first, second = (
        float(np.mean(row_mean(np.ones_like(values) * side, values))) for side in (one, two)
    )
    return first, second


def text_mean(metric: str, rows: pd.DataFrame, values: FloatArray, *, units: str) -> Measure | None:
    """:func:`cluster_mean` of sampled texts; the note says how many."""
    measure = cluster_mean(metric, rows, values, units=units)
    if measure is None:
        return None
    n = int(np.isfinite(values).sum())
    return replace(measure, note=f"{n} texts, {measure.n_clusters} {units}")


def text_rate_row(
    family: Family, context: Context, metric: str, values: Iterable[float], *, units: str
) -> None:
    """Add the share (0–1) that (n,) ``values`` are of the context's texts."""
    found = np.asarray(list(values), dtype=np.float64)
    rate_row(family, context, metric, text_mean(metric, context.frame, found, units=units))
