"""The gap between two levels of a factor, paired within cluster and wording.

``gap`` = P(positive | first level) − P(positive | second level). Both levels meet every cluster in
every wording, so a cell of the cluster × wording table is a difference of two means and a hard
cluster counts for neither side. A neutral answer is not positive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from audit.metrics.cells import Cells, add_values, make_cells, worst_missing
from audit.metrics.estimates import declared_margins, routes_of
from audit.metrics.measures import Measure, mean_test, over_cells
from audit.metrics.significance import Room, row_mean
from audit.metrics.stats_types import FloatArray
from audit.schema import Label, PrimaryMetric, Route


@dataclass(frozen=True, slots=True)
class Contrast:
    """``first`` and ``second``: the groups compared, as answers name them; ``cluster``: the
    factor whose levels are the clusters."""

    first: str
    second: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Paired:
    """Cells of first − second, and the mean of either side over the cells that have both."""

    cells: Cells
    first: float
    second: float


def contrast_values(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``value`` (P(positive), 0–1), ``logodds`` (nats) and ``refused`` (0 or 1).

    Likelihood: P(positive) among the labels asked for. Sampled: 1 for positive, 0 for negative
    and neutral, NaN for refused and unparsed.
    """
    data = add_values(frame, Label.POSITIVE, Label.NEGATIVE)
    neutral = (data["route"] == Route.SAMPLED) & (data["label"] == Label.NEUTRAL)
    data.loc[neutral, "value"] = 0.0
    data["refused"] = (data["label"] == Label.REFUSED).astype(float)
    return data


def paired_cells(rows: pd.DataFrame, first: pd.Series[bool], field: str) -> Paired | None:
    """Cells of the rows marked ``first`` minus those of the others, in ``field``.

    ``rows``: one route. A cell in which either side lacks a variant (an option order, a level of
    a crossed factor) is missing. None where a side has no row.
    """
    if first.all() or not first.any():
        return None
    # A variant of one side may stand for both levels: then they weigh the same.
    named = rows.assign(variant=rows["group"] + "/" + rows["variant"])
    one, two = make_cells(named[first], field), make_cells(named[~first], field)
    clusters = tuple(sorted({*one.clusters, *two.clusters}))
    columns = tuple(sorted({*one.columns, *two.columns}))
    sides = [_placed(cells, clusters, columns) for cells in (one, two)]
    strata = sorted({key[:2] for key in columns})
    cells = Cells(
        values=sides[0] - sides[1],
        counts=np.zeros((len(clusters), len(columns))),
        clusters=clusters,
        columns=columns,
        strata=np.array([strata.index(key[:2]) for key in columns], dtype=np.int64),
        group=("",) * len(clusters),
        reference=np.full(len(clusters), np.nan),
    )
    both = ~np.isnan(cells.values)
    means = [mean_of(replace(cells, values=np.where(both, side, np.nan))) for side in sides]
    return Paired(cells, *means)


def paired_measure(
    metric: str,
    rows: pd.DataFrame,
    paired: Paired | None,
    *,
    clusters: str,
    primary: bool = False,
    margin: float | None = None,
    bounded: bool = True,
    note: str = "",
) -> Measure | None:
    """Mean over languages, clusters and wordings of ``paired``; None for fewer than two clusters.

    Intervals: over clusters and wordings, or clusters alone where wordings are too few to be a
    sample. ``bounded``: whether the difference is one of two rates.
    """
    if paired is None:
        return None
    cells = paired.cells
    blocks = cells.block_means(np.ones((1, len(cells.columns))))[0]
    present = ~np.isnan(blocks)
    n = int(present.any(axis=0).sum())
    if n < 2:
        return None
    gap = paired.first - paired.second
    return Measure(
        metric=metric,
        route=str(rows["route"].iat[0]),
        primary=primary,
        margin=margin,
        clusters=cells.clusters,
        columns=cells.columns,
        statistic=over_cells(cells, row_mean),
        blocks=blocks,
        change_test=mean_test(f"sign flips over levels of {clusters}"),
        n_clusters=n,
        thinnest=int(present.sum(axis=1).min()),
        missing=worst_missing(rows),
        col_strata=cells.column_strata,
        rooms=(Room(n, 1.0 - gap, 1.0 + gap),) if bounded else (),
        note="; ".join(part for part in (note, _wordings(cells)) if part),
    )


def gap_measure(
    rows: pd.DataFrame, contrast: Contrast, *, primary: bool, margin: float | None
) -> tuple[Measure, Paired] | None:
    """``gap`` of one route or slice of it; the rows have had :func:`contrast_values`."""
    paired = paired_cells(rows, rows["group"] == contrast.first, "value")
    measure = paired_measure(
        "gap", rows, paired, clusters=contrast.cluster, primary=primary, margin=margin,
        note=f"P(positive | {contrast.first}) − P(positive | {contrast.second})",
    )  # fmt: skip
    return None if measure is None or paired is None else (measure, paired)


def contrast_measures(
    frame: pd.DataFrame,
    contrast: Contrast,
    *,
    primary: Sequence[PrimaryMetric],
    margins: Mapping[str, float] | None,
) -> list[Measure]:
    """The gap over the whole frame by every route, likelihood first, which is primary."""
    data = contrast_values(frame)
    routes = routes_of(data)
    found = [
        gap_measure(
            data[data["route"] == route], contrast,
            primary=route is routes[0], margin=declared_margins(primary, margins).get("gap"),
        )
        for route in routes
    ]  # fmt: skip
    return [both[0] for both in found if both is not None]


def _placed(
    cells: Cells, clusters: tuple[str, ...], columns: tuple[tuple[str, str, str], ...]
) -> FloatArray:
    """The cells' values in a table of more rows and columns, NaN elsewhere."""
    table = np.full((len(clusters), len(columns)), np.nan)
    rows = [clusters.index(name) for name in cells.clusters]
    table[np.ix_(rows, [columns.index(key) for key in cells.columns])] = cells.values
    return table


def mean_of(cells: Cells) -> float:
    """The mean over strata of the mean over clusters."""
    one = np.ones((1, len(cells.clusters))), np.ones((1, len(cells.columns)))
    return float(over_cells(cells, row_mean)(*one)[0])


def _wordings(cells: Cells) -> str:
    if len(cells.columns) == 1:
        return "one wording: another may be answered otherwise"
    return "wordings held fixed: too few to be a sample" if cells.columns_fixed else ""
