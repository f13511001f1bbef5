"""How uncertain an estimate over clusters and wordings is: three jackknives and their t limits.

For a mean over x_ij = μ + a_i + b_j + e_ij the variance is that of rows, of columns and of cells'
own noise, v_a/R + v_b/C + v_e/RC. The jackknife over rows measures V_R = v_a/R + v_e/RC, that over
columns V_C = v_b/C + v_e/RC, and deleting a row and a column at once shows what neither has
alone, V_E = v_e/RC (the ANOVA decomposition of a statistic: Efron & Stein 1981, Annals of
Statistics 9:586-596). So V = V_R + V_C − V_E.

V_C − V_E estimates a variance and may still be negative where columns hardly differ. Taking it
for 0 then makes V too large on average, taking it as it is can leave next to nothing of V: it
lowers V to :data:`LOWEST` of V_R at most, which keeps error rates at their level
(docs/calibration.md). Third cumulants of rows and columns add up; that of cells' noise, which both
contain, is small beside them.

No resampling has this variance (McCullagh 2000, Bernoulli 6:285-301): drawing rows and columns
counts the noise of cells three times.
"""

from __future__ import annotations

import numpy as np

from audit.metrics.stats_calibration import jackknife
from audit.metrics.stats_student import Student
from audit.metrics.stats_types import (
    FloatArray,
    IntArray,
    TwoWayStatistic,
    Uncertain,
    VariancePart,
    VarianceParts,
    skewness,
)
from audit.metrics.stats_weights import chunk_sizes, jackknife_groups

#: Rows (and columns) deleted in pairs at most; more are deleted in groups.
MAX_PAIRED = 64
#: What a negative V_C − V_E leaves of V_R at least.
LOWEST = 0.85


def two_way_variance(
    statistic: TwoWayStatistic, rows: list[IntArray], cols: list[IntArray], chunk: int
) -> VarianceParts:
    """V_R, V_C and V_E of ``statistic``; 0 where nothing varies.

    ``rows`` and ``cols``: members of each stratum, whose sizes the design fixed.
    """
    n_rows, n_cols = sum(map(len, rows)), sum(map(len, cols))
    by_row = jackknife(lambda w: statistic(w, np.ones((len(w), n_cols))), n_rows, rows, chunk)
    by_col = jackknife(lambda w: statistic(np.ones((len(w), n_rows)), w), n_cols, cols, chunk)
    more_rows = _levels(rows) >= _levels(cols)
    if by_row.total == 0.0 or by_col.total == 0.0:  # one factor alone
        nothing = VariancePart(0.0, 0.0)
        return VarianceParts(by_row.alone, by_col.alone, nothing, more_rows)
    cells = _interaction(statistic, rows, cols, chunk)
    return VarianceParts(by_row.part, by_col.part, cells, more_rows)


def together(parts: VarianceParts) -> Uncertain:
    """V with its skewness and reference distribution; V is 0 where nothing varies.

    V_R's t weighs V_R/V, V_C's the (V_C − V_E)/V that columns add, if they do; V_C and V_E count in
    Welch's degrees of freedom where they do. The factor of more levels stands for R.
    """
    base, other = (parts.rows, parts.columns)[:: 1 if parts.more_rows else -1]
    if other.total == 0.0 or base.total == 0.0:
        only = base if other.total == 0.0 else other
        return Uncertain(only.total, only.skew, Student(only.df))
    added = other.total - parts.cells.total
    total = base.total + added
    if added <= 0.0:
        return Uncertain(max(total, LOWEST * base.total), base.skew, Student(base.df))
    welch = VariancePart(total, base.spread + other.spread + parts.cells.spread).df
    student = Student(welch, ((base.df, base.total / total), (other.df, added / total)))
    return Uncertain(total, skewness(base.third + other.third, total), student)


def _levels(members: list[IntArray]) -> int:
    return sum(len(stratum) for stratum in members if len(stratum) > 1)


def _interaction(
    statistic: TwoWayStatistic, rows: list[IntArray], cols: list[IntArray], chunk: int
) -> VariancePart:
    """V_E.

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
    df_row = np.array([size_row[stratum_row == s][0] - 1 for s in np.unique(stratum_row)])
    df_col = np.array([size_col[stratum_col == s][0] - 1 for s in np.unique(stratum_col)])
    spread = float((parts**2 / (np.outer(df_row, df_col) + 2)).sum())
    return VariancePart(float(parts.sum()), spread)


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
