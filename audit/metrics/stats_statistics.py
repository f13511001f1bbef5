"""Statistics under multiplicities: means, contrasts, slopes, rank correlations, one and two way.

Each builder returns a function of weights that is vectorised over resamples. Multiplicities act
as repetition: the value equals the plain statistic on data in which cluster i occurs w_i times.
Missing values (NaN) are excluded; a resample in which nothing is left, or a regressor does not
vary, gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from audit.metrics.stats_rows import (
    correlation,
    ratio,
    row_slope,
    row_spearman,
    slope,
    weighted_midranks,
)
from audit.metrics.stats_types import FloatArray, Statistic, TwoWayStatistic


def _vector(values: ArrayLike) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"expected one value a cluster, shape (n,), not {found.shape}")
    return found


def cells_from_rows(
    row_codes: ArrayLike,
    col_codes: ArrayLike,
    values: ArrayLike,
    *,
    shape: tuple[int, int] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Aggregate answers to cells: (R, C) means, NaN where a cell is empty, and (R, C) counts.

    ``row_codes`` and ``col_codes`` are integers from 0, ``values`` numbers, all (n,); answers
    that are NaN count nowhere. ``shape`` sets R and C when trailing levels may be absent.
    Resampling then works on cells, and its cost no longer depends on n.
    """
    rows = np.asarray(row_codes, dtype=np.int64)
    cols = np.asarray(col_codes, dtype=np.int64)
    answers = _vector(values)
    if rows.shape != answers.shape or cols.shape != answers.shape:
        raise ValueError(f"shapes differ: {rows.shape}, {cols.shape}, {answers.shape}")
    if shape is None:
        shape = (int(rows.max(initial=-1)) + 1, int(cols.max(initial=-1)) + 1)
    kept = ~np.isnan(answers)
    flat = np.ravel_multi_index((rows[kept], cols[kept]), shape)
    size = shape[0] * shape[1]
    counts = np.bincount(flat, minlength=size).astype(np.float64)
    sums = np.bincount(flat, weights=answers[kept], minlength=size).astype(np.float64)
    return ratio(sums, counts).reshape(shape), counts.reshape(shape)


def _cell_sums(values: FloatArray, counts: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    cells = np.asarray(values, dtype=np.float64)
    if cells.ndim != 2:
        raise ValueError(f"cell values must be (R, C), not {cells.shape}")
    weight = np.ones_like(cells) if counts is None else np.asarray(counts, dtype=np.float64)
    if weight.shape != cells.shape:
        raise ValueError(f"counts {weight.shape} do not match cell values {cells.shape}")
    weight = np.where(np.isnan(cells), 0.0, weight)
    return np.where(weight > 0, cells, 0.0) * weight, weight


def weighted_cell_means(
    values: FloatArray, counts: FloatArray | None, row_w: FloatArray, col_w: FloatArray
) -> FloatArray:
    """Mean over cells under row and column multiplicities, (b,).

    Σ w_i v_j n_ij x_ij / Σ w_i v_j n_ij with x = ``values`` (R, C), n = ``counts`` (R, C; None:
    every cell once), w = ``row_w`` (b, R), v = ``col_w`` (b, C). NaN cells leave both sums.
    """
    return two_way_mean(values, counts)(row_w, col_w)


def two_way_mean(values: FloatArray, counts: FloatArray | None = None) -> TwoWayStatistic:
    """``weighted_cell_means`` with the cells bound."""
    sums, weight = _cell_sums(values, counts)

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        numerator = np.einsum("bc,bc->b", row_w @ sums, col_w)
        return ratio(numerator, np.einsum("bc,bc->b", row_w @ weight, col_w))

    return statistic


def two_way_contrast(
    values: FloatArray,
    first: ArrayLike,
    second: ArrayLike,
    counts: FloatArray | None = None,
) -> TwoWayStatistic:
    """Mean over the cells of rows in ``first`` minus that over rows in ``second`` ((R,) bool).

    Use with ``row_strata`` so that both groups keep their sizes.
    """
    in_first, in_second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    mean = two_way_mean(values, counts)

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        return mean(row_w * in_first, col_w) - mean(row_w * in_second, col_w)

    return statistic


def weighted_mean(values: ArrayLike) -> Statistic:
    """Mean of one value a cluster, (n,)."""
    found = _vector(values)
    present = (~np.isnan(found)).astype(np.float64)
    filled = np.nan_to_num(found, nan=0.0)

    def statistic(weights: FloatArray) -> FloatArray:
        return ratio(weights @ filled, weights @ present)

    return statistic


def weighted_contrast(values: ArrayLike, first: ArrayLike, second: ArrayLike) -> Statistic:
    """Mean over clusters in ``first`` minus mean over those in ``second`` (both (n,) bool)."""
    found = _vector(values)
    mean_first = weighted_mean(np.where(np.asarray(first, dtype=bool), found, np.nan))
    mean_second = weighted_mean(np.where(np.asarray(second, dtype=bool), found, np.nan))

    def statistic(weights: FloatArray) -> FloatArray:
        return mean_first(weights) - mean_second(weights)

    return statistic


def weighted_slope(x: ArrayLike, y: ArrayLike) -> Statistic:
    """Least-squares slope of y on x, units of y per unit of x; one pair a cluster."""
    xs, ys, present = _pairs(x, y)

    def statistic(weights: FloatArray) -> FloatArray:
        return slope(weights * present, xs, ys)

    return statistic


def weighted_spearman(x: ArrayLike, y: ArrayLike) -> Statistic:
    """Spearman's rank correlation; ranks and ties are those of the resample, not of the data."""
    xs, ys, present = _pairs(x, y)

    def statistic(weights: FloatArray) -> FloatArray:
        kept = weights * present
        return correlation(kept, weighted_midranks(xs, kept), weighted_midranks(ys, kept))

    return statistic


def two_way_slope(
    x: ArrayLike, values: FloatArray, counts: FloatArray | None = None
) -> TwoWayStatistic:
    """Slope on x (R,) of the rows' means over columns; columns are averaged first."""
    xs = _vector(x)
    row_means = _row_means(values, counts)

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        return row_slope(row_w, xs, row_means(col_w))

    return statistic


def two_way_spearman(
    x: ArrayLike, values: FloatArray, counts: FloatArray | None = None
) -> TwoWayStatistic:
    """Spearman's correlation of x (R,) with the rows' means over columns."""
    xs = _vector(x)
    row_means = _row_means(values, counts)

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        return row_spearman(row_w, xs, row_means(col_w))

    return statistic


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    xs, ys = _vector(x), _vector(y)
    if xs.shape != ys.shape:
        raise ValueError(f"x and y differ in length: {xs.size} and {ys.size}")
    present = ~np.isnan(xs) & ~np.isnan(ys)
    return np.where(present, xs, 0.0), np.where(present, ys, 0.0), present.astype(np.float64)


def _row_means(values: FloatArray, counts: FloatArray | None) -> Statistic:
    sums, weight = _cell_sums(values, counts)

    def statistic(col_w: FloatArray) -> FloatArray:
        return ratio(col_w @ sums.T, col_w @ weight.T)

    return statistic
