"""Permutation and sign-flip tests: exact where the arrangements can be listed, else sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from audit.metrics.stats_types import (
    Alternative,
    FloatArray,
    IntArray,
    PermutationStatistic,
    TestResult,
)
from audit.metrics.stats_weights import chunk_sizes, stratum_members

#: Rearrangements where the caller names no number (calibration draws fewer a test).
DRAWS = 10_000
_CHUNK = 1024
#: Statistics closer than this share of the largest one are the same number.
_TIE = 1e-10
_MAX_NAN_SHARE = 0.05


def permutation_test(
    statistic: PermutationStatistic,
    labels: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    n_permutations: int | None = None,
    alternative: Alternative = "two-sided",
    seed: int | np.random.SeedSequence = 0,
) -> TestResult:
    """Test that ``labels`` (n,), groups or values, are exchangeable (within ``strata``).

    ``statistic`` maps (b, n) rearrangements to (b,) values and must be centred at 0 under
    exchangeability (difference of means, slope, correlation); two-sided compares |T|.

    When at most ``n_permutations`` distinct arrangements exist all are listed and p is exact
    (the observed one included); otherwise p = (1 + #{T* at least as extreme})/(1 + B), which is
    valid at every B (Phipson & Smyth 2010, SAGMB 9:39). p is NaN when the statistic is undefined
    on the data or on more than 5 % of the arrangements.
    """
    values = np.asarray(labels, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"labels must be one a unit, shape (n,), not {values.shape}")
    n_permutations = _draws(n_permutations)
    if np.isnan(values).any():
        raise ValueError("labels hold NaN: leave those units out before the test")
    members = stratum_members(values.size, strata)
    exact = _arrangements(values, members) <= n_permutations
    if values.size == 0:
        return TestResult(math.nan, math.nan, "permutation", 0)
    observed = float(statistic(values[None, :])[0])
    if exact:
        draws: Iterator[FloatArray] = iter([_all_arrangements(values, members)])
    else:
        draws = _random_arrangements(values, members, n_permutations, seed)
    drawn = np.concatenate([np.asarray(statistic(rows), dtype=np.float64) for rows in draws])
    name = "exact permutation" if exact else f"permutation ({n_permutations} draws)"
    p = _p_value(observed, drawn, exact, alternative)
    return TestResult(observed, p, name, values.size)


def sign_flip_test(
    values: ArrayLike,
    *,
    n_permutations: int | None = None,
    alternative: Alternative = "two-sided",
    seed: int | np.random.SeedSequence = 0,
) -> TestResult:
    """Test that paired differences, one a cluster (n,), are symmetric about 0; T is their mean.

    Signs are flipped cluster by cluster: all 2^n ways when they are at most ``n_permutations``
    (exact p), else a random sample with p = (1 + #)/(1 + B). NaN differences are left out;
    with none left p is NaN.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"values must be one a cluster, shape (n,), not {found.shape}")
    n_permutations = _draws(n_permutations)
    found = found[~np.isnan(found)]
    n = found.size
    if n == 0:
        return TestResult(math.nan, math.nan, "sign flip", 0)
    exact = n < 63 and 2**n <= n_permutations
    parts = []
    if exact:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        parts.append((1.0 - 2.0 * bits) @ found / n)
    else:
        stream = np.random.default_rng(seed)
        for size in chunk_sizes(n_permutations, _CHUNK, n):
            signs = 1.0 - 2.0 * stream.integers(0, 2, size=(size, n), dtype=np.int8)
            parts.append(signs @ found / n)
    observed = float(found.mean())
    name = "exact sign flip" if exact else f"sign flip ({n_permutations} draws)"
    return TestResult(
        observed, _p_value(observed, np.concatenate(parts), exact, alternative), name, n
    )


def mean_difference_test(
    values: ArrayLike,
    first: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    n_permutations: int | None = None,
    alternative: Alternative = "two-sided",
    seed: int | np.random.SeedSequence = 0,
) -> TestResult:
    """Permutation test of mean(values where ``first``) - mean(the others), one value a cluster.

    NaN values are left out with their labels.
    """
    found = np.asarray(values, dtype=np.float64)
    kept = ~np.isnan(found)
    ys, group = found[kept], np.asarray(first, dtype=bool)[kept].astype(np.float64)
    count = group.sum()
    if count in (0, ys.size):
        return TestResult(math.nan, math.nan, "permutation", int(ys.size))
    total = ys.sum()

    def statistic(rows: FloatArray) -> FloatArray:
        inside = rows @ ys
        return np.asarray(inside / count - (total - inside) / (ys.size - count))

    return permutation_test(
        statistic,
        group,
        strata=None if strata is None else np.asarray(strata)[kept],
        n_permutations=n_permutations,
        alternative=alternative,
        seed=seed,
    )


def slope_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_permutations: int | None = None,
    alternative: Alternative = "two-sided",
    seed: int | np.random.SeedSequence = 0,
) -> TestResult:
    """Permutation test of the least-squares slope of y on x; pairs with NaN are left out."""
    xs, ys = _complete(x, y)
    centred = xs - xs.mean() if xs.size else xs
    sxx = float(centred @ centred)
    if xs.size < 2 or sxx <= 0.0:
        return TestResult(math.nan, math.nan, "permutation", int(xs.size))
    return permutation_test(
        lambda rows: rows @ centred / sxx,
        ys,
        n_permutations=n_permutations,
        alternative=alternative,
        seed=seed,
    )


def spearman_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_permutations: int | None = None,
    alternative: Alternative = "two-sided",
    seed: int | np.random.SeedSequence = 0,
) -> TestResult:
    """Permutation test of Spearman's rank correlation; pairs with NaN are left out."""
    xs, ys = _complete(x, y)
    rx, ry = rankdata(xs), rankdata(ys)
    cx, cy = rx - rx.mean() if rx.size else rx, ry - ry.mean() if ry.size else ry
    scale = math.sqrt(float(cx @ cx) * float(cy @ cy))
    if scale <= 0.0:
        return TestResult(math.nan, math.nan, "permutation", int(xs.size))
    return permutation_test(
        lambda rows: rows @ cx / scale,
        cy,
        n_permutations=n_permutations,
        alternative=alternative,
        seed=seed,
    )


def _draws(asked: int | None) -> int:
    wanted = DRAWS if asked is None else asked
    if wanted < 1:
        raise ValueError(f"n_permutations must be at least 1, not {wanted}")
    return wanted


def _complete(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if xs.shape != ys.shape or xs.ndim != 1:
        raise ValueError(f"x and y must be vectors of one length, not {xs.shape} and {ys.shape}")
    kept = ~np.isnan(xs) & ~np.isnan(ys)
    return xs[kept], ys[kept]


def _p_value(observed: float, drawn: FloatArray, exact: bool, alternative: Alternative) -> float:
    defined = drawn[~np.isnan(drawn)]
    if math.isnan(observed) or drawn.size - defined.size > _MAX_NAN_SHARE * drawn.size:
        return math.nan
    tolerance = _TIE * max(abs(observed), float(np.abs(defined).max(initial=0.0)))
    if alternative == "two-sided":
        extreme = np.abs(defined) >= abs(observed) - tolerance
    elif alternative == "greater":
        extreme = defined >= observed - tolerance
    elif alternative == "less":
        extreme = defined <= observed + tolerance
    else:
        raise ValueError(f"alternative must be two-sided, greater or less, not {alternative!r}")
    count = int(np.count_nonzero(extreme))
    total = int(defined.size)
    return count / total if exact else (1 + count) / (1 + total)


def _arrangements(values: FloatArray, members: list[IntArray]) -> int:
    """Number of distinct rearrangements: a product of multinomial coefficients."""
    product = 1
    for stratum in members:
        left = len(stratum)
        for count in np.unique(values[stratum], return_counts=True)[1]:
            product *= math.comb(left, int(count))
            left -= int(count)
    return product


def _all_arrangements(values: FloatArray, members: list[IntArray]) -> FloatArray:
    rows = np.empty((1, values.size))
    for stratum in members:
        inside = np.array(list(_distinct(values[stratum])))
        rows, previous = np.repeat(rows, len(inside), axis=0), len(rows)
        rows[:, stratum] = np.tile(inside, (previous, 1))
    return rows


def _distinct(values: FloatArray) -> Iterator[FloatArray]:
    """Every distinct arrangement of ``values`` once: place one value's copies, then the rest."""
    levels, counts = np.unique(values, return_counts=True)

    def place(level: int, free: tuple[int, ...], row: FloatArray) -> Iterator[FloatArray]:
        if level == levels.size:
            yield row.copy()
            return
        for chosen in combinations(free, int(counts[level])):
            row[list(chosen)] = levels[level]
            taken = set(chosen)
            yield from place(level + 1, tuple(i for i in free if i not in taken), row)

    yield from place(0, tuple(range(values.size)), np.empty(values.size))


def _random_arrangements(
    values: FloatArray,
    members: list[IntArray],
    total: int,
    seed: int | np.random.SeedSequence,
) -> Iterator[FloatArray]:
    stream = np.random.default_rng(seed)
    for size in chunk_sizes(total, _CHUNK, values.size):
        rows = np.empty((size, values.size))
        for stratum in members:
            block = np.broadcast_to(values[stratum], (size, len(stratum)))
            rows[:, stratum] = stream.permuted(block, axis=1)
        yield rows
