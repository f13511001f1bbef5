"""Weighted statistics: a multiplicity must act as repetition of the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.metrics import significance as sig


def draws(n: int, size: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=size).astype(float)


def repeated(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.repeat(values, weights.astype(int))


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(0, 4), min_size=2, max_size=12),
    seed=st.integers(0, 999),
)
def test_midranks_are_scipys_on_the_repeated_sample(values: list[int], seed: int) -> None:
    x = np.array(values, dtype=float)
    weights = draws(x.size, size=5, seed=seed)
    shared = sig.weighted_midranks(x, weights)
    by_row = sig.weighted_midranks(np.tile(x, (5, 1)), weights)
    for row, ranks, same in zip(weights, shared, by_row, strict=True):
        assert repeated(ranks, row) == pytest.approx(stats.rankdata(repeated(x, row)))
        assert repeated(same, row) == pytest.approx(repeated(ranks, row))


def test_spearman_slope_and_means_equal_scipys_on_the_repeated_sample() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 9, 20).astype(float)
    y = x + rng.integers(-5, 6, 20)
    group = np.arange(20) < 8
    weights = draws(20)
    rho = sig.weighted_spearman(x, y)(weights)
    slope = sig.weighted_slope(x, y)(weights)
    mean = sig.weighted_mean(y)(weights)
    contrast = sig.weighted_contrast(y, group, ~group)(weights)
    for k, row in enumerate(weights):
        xs, ys, gs = repeated(x, row), repeated(y, row), repeated(group, row)
        assert rho[k] == pytest.approx(stats.spearmanr(xs, ys).statistic)
        assert slope[k] == pytest.approx(stats.linregress(xs, ys).slope)
        assert mean[k] == pytest.approx(ys.mean())
        assert contrast[k] == pytest.approx(ys[gs].mean() - ys[~gs].mean())


def test_pairs_with_missing_values_are_left_out() -> None:
    x = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 7.0])
    y = np.array([2.0, np.nan, 1.0, 3.0, 7.0, 5.0])
    kept = ~np.isnan(x) & ~np.isnan(y)
    ones = np.ones((1, 6))
    expected = stats.spearmanr(x[kept], y[kept]).statistic
    assert sig.weighted_spearman(x, y)(ones)[0] == pytest.approx(expected)
    expected = stats.linregress(x[kept], y[kept]).slope
    assert sig.weighted_slope(x, y)(ones)[0] == pytest.approx(expected)
    assert sig.weighted_mean(y)(ones)[0] == pytest.approx(np.nanmean(y))


@pytest.mark.filterwarnings("error")
def test_undefined_statistics_are_nan_without_warnings() -> None:
    weights = np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    x, y = np.array([0.1, 0.2, 0.3]), np.array([3.0, 1.0, 2.0])
    for statistic in (sig.weighted_slope(x, y), sig.weighted_spearman(x, y)):
        assert list(np.isnan(statistic(weights))) == [True, False, True]
    assert np.isnan(sig.weighted_slope(np.ones(3), y)(weights)).all()
    assert list(np.isnan(sig.weighted_mean(y)(weights))) == [False, False, True]


def test_slope_survives_a_large_offset() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0]) + 1e7
    y = np.array([1.0, 3.0, 2.0, 5.0]) + 1e7
    assert sig.weighted_slope(x, y)(np.ones((1, 4)))[0] == pytest.approx(1.1)


def grid(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, (9, 5)).astype(float)
    values[rng.random((9, 5)) < 0.2] = np.nan
    return values, rng.integers(1, 4, (9, 5)).astype(float)


def expanded(
    values: np.ndarray, counts: np.ndarray, row_w: np.ndarray, col_w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Row of origin and value of every answer in the resample, one by one."""
    rows, answers = [], []
    for i, j in np.ndindex(*values.shape):
        copies = int(row_w[i] * col_w[j] * counts[i, j])
        if not math.isnan(values[i, j]):
            rows += [i] * copies
            answers += [values[i, j]] * copies
    return np.array(rows), np.array(answers)


def test_two_way_statistics_equal_their_definition() -> None:
    values, counts = grid()
    x = np.random.default_rng(3).integers(0, 5, 9).astype(float)
    first = np.arange(9) < 4
    row_w, col_w = draws(9), draws(5, seed=1)
    mean = sig.weighted_cell_means(values, counts, row_w, col_w)
    contrast = sig.two_way_contrast(values, first, ~first, counts)(row_w, col_w)
    slope = sig.two_way_slope(x, values, counts)(row_w, col_w)
    rho = sig.two_way_spearman(x, values, counts)(row_w, col_w)
    for k in range(40):
        rows, answers = expanded(values, counts, row_w[k], col_w[k])
        assert mean[k] == pytest.approx(answers.mean())
        expected = answers[first[rows]].mean() - answers[~first[rows]].mean()
        assert contrast[k] == pytest.approx(expected)
        present = np.unique(rows)
        means = np.array([answers[rows == i].mean() for i in present])
        copies = row_w[k][present]
        xs, ys = repeated(x[present], copies), repeated(means.round(10), copies)
        assert slope[k] == pytest.approx(stats.linregress(xs, ys).slope)
        assert rho[k] == pytest.approx(stats.spearmanr(xs, ys).statistic)


def test_missing_cells_and_uncounted_cells_agree() -> None:
    values, _ = grid(2)
    ones = np.ones((1, 9)), np.ones((1, 5))
    assert sig.weighted_cell_means(values, None, *ones)[0] == pytest.approx(np.nanmean(values))
    counts = np.where(np.isnan(values), 0.0, 1.0)
    filled = np.where(np.isnan(values), 99.0, values)
    assert sig.weighted_cell_means(filled, counts, *ones)[0] == pytest.approx(np.nanmean(values))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 60))
def test_cells_from_rows_are_group_means(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(0, 4, n), rng.integers(0, 3, n)
    values = rng.normal(size=n)
    values[rng.random(n) < 0.1] = np.nan
    means, counts = sig.cells_from_rows(rows, cols, values, shape=(4, 3))
    for i, j in np.ndindex(4, 3):
        here = values[(rows == i) & (cols == j)]
        here = here[~np.isnan(here)]
        assert counts[i, j] == here.size
        if here.size:
            assert means[i, j] == pytest.approx(here.mean())
        else:
            assert math.isnan(means[i, j])
    # Cells with their counts carry the mean of the answers themselves.
    if counts.sum():
        total = sig.weighted_cell_means(means, counts, np.ones((1, 4)), np.ones((1, 3)))[0]
        assert total == pytest.approx(np.nanmean(values))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        sig.weighted_slope([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="counts"):
        sig.two_way_mean(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="shapes differ"):
        sig.cells_from_rows([0, 1], [0, 1], [1.0])
    with pytest.raises(ValueError, match=r"\(R, C\)"):
        sig.two_way_mean(np.ones(3))
