"""How uncertain an estimate over clusters and wordings is: three jackknives and their t limits.

For a mean over x_ij = μ + a_i + b_j + e_ij the variance is that of rows, of columns and of cells'
own noise, v_a/R + v_b/C + v_e/RC. The jackknife over rows measures V_R = v_a/R + v_e/RC, that over
columns V_C = v_b/C + v_e/RC, and deleting a row and a column at once shows what neither has
alone, V_E = v_e/RC (the ANOVA decomposition of a statistic: Efron & Stein 1981, Annals of
Statistics 9:586-596). So V = V_R + V_C − V_E, where V_C − V_E, which estimates a variance, is taken
for 0 when it is negative.

No resampling has this variance (McCullagh 2000, Bernoulli 6:285-301): drawing rows and columns
counts the noise of cells three times.
"""

from __future__ import annotations

import numpy as np

from audit.metrics.stats_calibration import jackknife
from audit.metrics.stats_types import FloatArray, IntArray, TwoWayStatistic
from audit.metrics.stats_weights import chunk_sizes, jackknife_groups

#: Rows (and columns) deleted in pairs at most; more are deleted in groups.
MAX_PAIRED = 64


def two_way_variance(
    statistic: TwoWayStatistic, rows: list[IntArray], cols: list[IntArray], chunk: int
) -> tuple[float, float]:
    """(variance, degrees of freedom) of ``statistic``; (0, 1) where nothing varies.

    ``rows`` and ``cols``: members of each stratum, whose sizes the design fixed. Satterthwaite's df
    = V²/(V_R²/(R − 1) + V_C²/(C − 1) + V_E²/((R − 1)(C − 1))), the last two only where V_C − V_E
    has a part in V. The factor of more levels stands for R.
    """
    n_rows, n_cols = sum(map(len, rows)), sum(map(len, cols))
    by_row = jackknife(lambda w: statistic(w, np.ones((len(w), n_cols))), n_rows, rows, chunk)
    by_col = jackknife(lambda w: statistic(np.ones((len(w), n_rows)), w), n_cols, cols, chunk)
    if by_row.total == 0.0 or by_col.total == 0.0:
        one = by_row if by_col.total == 0.0 else by_col
        return one.total, _degrees(one.total, one.spread)
    noise, noise_spread = _interaction(statistic, rows, cols, chunk)
    base, other = (by_row, by_col) if _levels(rows) >= _levels(cols) else (by_col, by_row)
    if other.total <= noise:
        return base.total, _degrees(base.total, base.spread)
    total = base.total + other.total - noise
    return total, _degrees(total, base.spread + other.spread + noise_spread)


def _levels(members: list[IntArray]) -> int:
    return sum(len(stratum) for stratum in members if len(stratum) > 1)


def _degrees(total: float, spread: float) -> float:
    return max(total**2 / spread, 1.0) if spread > 0 else 1.0


def _interaction(
    statistic: TwoWayStatistic, rows: list[IntArray], cols: list[IntArray], chunk: int
) -> tuple[float, float]:
    """(V_E, its share of the denominator of df).

    With e_ij = (R − 1)(C − 1)(θ(−i,−j) − θ(−i) − θ(−j) + θ), V_E = Σ e²/(R(R − 1)C(C − 1)),
    stratum by stratum. Deletions that leave the statistic undefined say nothing.
    """
    left_row, size_row, stratum_row = _deletions(rows)
    left_col, size_col, stratum_col = _deletions(cols)
    n, m = len(left_row), len(left_col)
    values = np.empty(n * m)
    done = 0
    for size in chunk_sizes(n * m, chunk, max(left_row.shape[1], left_col.shape[1])):
        i, j = np.divmod(np.arange(done, done + size), m)
        values[done : done + size] = statistic(left_row[i], left_col[j])
        done += size
    table = values.reshape(n, m)
    second = table[1:, 1:] - table[1:, :1] - table[:1, 1:] + table[0, 0]
    effect = second * (size_row[:, None] - 1) * (size_col[None] - 1)
    squares = np.nan_to_num(effect) ** 2
    squares /= (size_row * (size_row - 1))[:, None] * (size_col * (size_col - 1))[None]
    parts = _by_stratum(squares, stratum_row, stratum_col)
    cells = np.array([size_row[stratum_row == s][0] - 1 for s in np.unique(stratum_row)])
    others = np.array([size_col[stratum_col == s][0] - 1 for s in np.unique(stratum_col)])
    return float(parts.sum()), float((parts**2 / np.outer(cells, others)).sum())


def _deletions(members: list[IntArray]) -> tuple[FloatArray, FloatArray, IntArray]:
    """(1 + k, n) weights: none left out, then each cluster or group of them; (k,) how many its
    stratum has, and (k,) which stratum."""
    n = sum(map(len, members))
    weights, sizes, strata = [np.ones(n)], [], []
    varying = [stratum for stratum in members if len(stratum) > 1]
    most = max(2, MAX_PAIRED // max(len(varying), 1))
    for number, stratum in enumerate(varying):
        groups = jackknife_groups(stratum, most)
        for group in groups:
            row = np.ones(n)
            row[stratum] = len(stratum) / (len(stratum) - len(group))
            row[group] = 0.0
            weights.append(row)
            sizes.append(float(len(groups)))
            strata.append(number)
    return np.array(weights), np.array(sizes), np.array(strata, dtype=np.int64)


def _by_stratum(values: FloatArray, rows: IntArray, cols: IntArray) -> FloatArray:
    one_row = rows[None] == np.unique(rows)[:, None]
    one_col = cols[None] == np.unique(cols)[:, None]
    return np.asarray(one_row.astype(float) @ values @ one_col.astype(float).T)
