"""Statistics of rows of values, (b, n) under (b, n) weights; NaN values are left out.

The parts that ``stats_statistics`` and the metric families share. A weight is how often a cluster
counts; values may differ from one resample to the next (as wordings are drawn anew).
"""

from __future__ import annotations

import numpy as np

from audit.metrics.stats_types import BoolArray, FloatArray

#: Weighted variances below this share of the unweighted one are rounding.
_FLAT = 1e-12


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Elementwise quotient, NaN where the denominator is 0."""
    out = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def row_mean(weights: FloatArray, values: FloatArray) -> FloatArray:
    """(b,) weighted means."""
    kept = weights * ~np.isnan(values)
    return ratio((kept * np.nan_to_num(values, nan=0.0)).sum(axis=1), kept.sum(axis=1))


def row_slope(weights: FloatArray, x: FloatArray, values: FloatArray) -> FloatArray:
    """(b,) slopes of ``values`` on x, (n,) or (b, n)."""
    present = ~np.isnan(values) & ~np.isnan(x)
    return slope(weights * present, np.nan_to_num(x, nan=0.0), np.where(present, values, 0.0))


def row_spearman(weights: FloatArray, x: FloatArray, values: FloatArray) -> FloatArray:
    """(b,) Spearman correlations of ``values`` with x, (n,); ranks are those of the resample."""
    present = ~np.isnan(values) & ~np.isnan(x)
    kept = weights * present
    filled = np.where(present, values, 0.0)
    # Equal means may differ in the last bits of a matrix product: ties stay ties.
    scale = np.abs(filled).max(initial=0.0) or 1.0
    x_ranks = weighted_midranks(np.nan_to_num(x, nan=0.0), kept)
    return correlation(kept, x_ranks, weighted_midranks(np.round(filled / scale, 12), kept))


def weighted_midranks(values: FloatArray, weights: FloatArray) -> FloatArray:
    """(b, n) midranks of ``values`` ((n,) or (b, n)) in samples where value i occurs w_bi times.

    A value's rank is (copies of smaller values) + (copies of equal values + 1)/2, as
    ``scipy.stats.rankdata`` gives on the repeated sample. O(b·n log n), no Python loop over b.
    """
    shared = values.ndim == 1
    order = np.argsort(values, axis=-1, kind="stable")
    if shared:
        ordered, sorted_w = values[order], weights[:, order]
    else:
        ordered = np.take_along_axis(values, order, axis=1)
        sorted_w = np.take_along_axis(weights, order, axis=1)
    upto = np.cumsum(sorted_w, axis=1)
    changes = ordered[..., 1:] != ordered[..., :-1]
    edge = np.ones((*ordered.shape[:-1], 1), dtype=bool)
    opens: BoolArray = np.concatenate([edge, changes], axis=-1)
    closes: BoolArray = np.concatenate([changes, edge], axis=-1)
    before = np.maximum.accumulate(np.where(opens, upto - sorted_w, 0.0), axis=1)
    after = np.minimum.accumulate(np.where(closes, upto, np.inf)[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty_like(upto)
    middle = (before + after + 1.0) / 2.0
    if shared:
        ranks[:, order] = middle
    else:
        np.put_along_axis(ranks, order, middle, axis=1)
    return ranks


def moments(
    weights: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted Sxx, Sxy, Syy, (b,) each; x and y are (n,) or (b, n). Centred, then multiplied."""
    total = weights.sum(axis=1)
    mean_x = ratio((weights * x).sum(axis=1), total)
    mean_y = ratio((weights * y).sum(axis=1), total)
    dx, dy = x - mean_x[:, None], y - mean_y[:, None]
    weighted_dx = weights * dx
    sxx = np.einsum("bn,bn->b", weighted_dx, dx)
    sxy = np.einsum("bn,bn->b", weighted_dx, dy)
    syy = np.einsum("bn,bn,bn->b", weights, dy, dy)
    return sxx, sxy, syy


def slope(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """(b,) weighted least-squares slope of y on x; NaN where x does not vary."""
    sxx, sxy, _ = moments(weights, x, y)
    flat = _FLAT * float(np.square(x - x.mean()).sum()) if x.size else 0.0
    return np.where(sxx > flat, sxy / np.where(sxx > flat, sxx, 1.0), np.nan)


def correlation(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """(b,) weighted correlation of ranks; NaN where either does not vary."""
    sxx, sxy, syy = moments(weights, x, y)
    # Ranks are multiples of one half: a variance this small is rounding.
    defined = (sxx > 1e-9) & (syy > 1e-9)
    bottom = np.sqrt(np.where(defined, sxx, 1.0)) * np.sqrt(np.where(defined, syy, 1.0))
    return np.where(defined, np.clip(sxy / bottom, -1.0, 1.0), np.nan)
