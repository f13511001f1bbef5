"""The bootstraps against scipy, closed forms and their own definitions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.metrics import significance as sig
from audit.metrics.stats_weights import ResamplingWeights


def weights(n: int, strata: object = None, size: int = 50, seed: int = 0) -> np.ndarray:
    return ResamplingWeights(n, strata, np.random.SeedSequence(seed)).draw(size)


def test_weights_keep_strata_sizes_and_are_multinomial() -> None:
    strata = np.array(["b", "a", "b", "b", "c", "a"])
    drawn = weights(6, strata, size=20_000)
    for name, size in (("a", 2), ("b", 3), ("c", 1)):
        assert (drawn[:, strata == name].sum(axis=1) == size).all()
    assert (drawn[:, 4] == 1).all()
    # Multinomial within b: variance (1 - 1/3), covariance -1/3, for a count with mean 1.
    covariance = np.cov(drawn[:, strata == "b"].T)
    assert covariance == pytest.approx(np.eye(3) - 1 / 3, abs=0.03)


def test_drawing_in_pieces_gives_the_same_weights() -> None:
    whole = weights(7, [0, 0, 0, 1, 1, 1, 1], size=30)
    source = ResamplingWeights(7, [0, 0, 0, 1, 1, 1, 1], np.random.SeedSequence(0))
    pieces = np.concatenate([source.draw(size) for size in (1, 11, 18)])
    assert (whole == pieces).all()


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("n", [25, 60])
def test_textbook_intervals_agree_with_scipy(method: str, n: int) -> None:
    x = np.random.default_rng(n).exponential(size=n)
    ours = sig.cluster_bootstrap(
        sig.weighted_mean(x), n, method=method, small_sample="none", n_resamples=40_000
    ).interval
    theirs = stats.bootstrap(
        (x,), np.mean, method=method.replace("bca", "BCa"), n_resamples=40_000, rng=1
    ).confidence_interval
    # A quantile's Monte Carlo error at 40,000 resamples is about 0.014 standard errors.
    tolerance = 0.06 * x.std() / math.sqrt(n)
    assert ours.low == pytest.approx(theirs.low, abs=tolerance)
    assert ours.high == pytest.approx(theirs.high, abs=tolerance)


def test_two_sample_bca_agrees_with_scipy() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.exponential(size=30), rng.normal(1, 2, size=18)
    group = np.repeat([True, False], [30, 18])
    ours = sig.cluster_bootstrap(
        sig.weighted_contrast(np.concatenate([x, y]), group, ~group),
        48,
        strata=group,
        method="bca",
        small_sample="none",
        n_resamples=40_000,
    )
    theirs = stats.bootstrap(
        (x, y),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        n_resamples=40_000,
        rng=1,
    ).confidence_interval
    tolerance = 0.06 * float(np.std(ours.distribution))
    assert ours.interval.low == pytest.approx(theirs.low, abs=tolerance)
    assert ours.interval.high == pytest.approx(theirs.high, abs=tolerance)


def test_acceleration_of_a_mean_is_its_skewness_over_six_root_n() -> None:
    x = np.random.default_rng(8).gamma(1.0, size=40)
    result = sig.cluster_bootstrap(sig.weighted_mean(x), 40, method="bca", n_resamples=200)
    assert result.calibration.acceleration == pytest.approx(stats.skew(x) / (6 * math.sqrt(40)))


@pytest.mark.parametrize("n", [6, 12, 50])
def test_small_sample_expansion_is_hesterbergs(n: int) -> None:
    x = np.random.default_rng(n).normal(size=n)
    result = sig.cluster_bootstrap(
        sig.weighted_mean(x), n, method="percentile", n_resamples=20_000, level=0.9
    )
    assert result.calibration.student.df == pytest.approx(n - 1)
    tail = stats.norm.cdf(math.sqrt(n / (n - 1)) * stats.t.ppf(0.05, n - 1))
    expected = np.quantile(result.distribution, [tail, 1 - tail])
    assert [result.interval.low, result.interval.high] == pytest.approx(list(expected))
    # The corrected standard error estimates s/sqrt(n), not the plug-in's smaller one.
    assert result.standard_error == pytest.approx(x.std(ddof=1) / math.sqrt(n), rel=0.03)


def test_unequal_strata_get_welchs_degrees_of_freedom() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 3, 8), rng.normal(0, 1, 30)
    group = np.repeat([True, False], [8, 30])
    result = sig.cluster_bootstrap(
        sig.weighted_contrast(np.concatenate([x, y]), group, ~group), 38, strata=group
    )
    welch = stats.ttest_ind(x, y, equal_var=False)
    assert result.calibration.student.df == pytest.approx(welch.df)
    expected = math.sqrt(x.var(ddof=1) / 8 + y.var(ddof=1) / 30)
    assert result.standard_error == pytest.approx(expected, rel=0.03)


def test_strata_averaged_together_keep_their_sizes_in_the_jackknife() -> None:
    # One mean over strata fixed by design: Var = sum_h (n_h/n)^2 s_h^2/n_h.
    rng = np.random.default_rng(9)
    strata = np.repeat([0, 1, 2], [4, 3, 5])
    x = rng.normal(10.0 * strata, 1.0)
    result = sig.cluster_bootstrap(
        sig.weighted_mean(x), 12, strata=strata, method="percentile", n_resamples=40_000
    )
    groups = [x[strata == h] for h in range(3)]
    expected = sum((g.size / 12) ** 2 * g.var(ddof=1) / g.size for g in groups)
    assert result.standard_error**2 == pytest.approx(expected, rel=0.03)
    parts = [(g.size / 12) ** 2 * g.var(ddof=1) / g.size for g in groups]
    df = expected**2 / sum(v**2 / (g.size - 1) for v, g in zip(parts, groups, strict=True))
    assert result.calibration.student.df == pytest.approx(df)


def test_very_few_clusters_get_t_limits() -> None:
    x = np.array([0.1, 0.4, 0.35])
    interval = sig.cluster_bootstrap(sig.weighted_mean(x), 3, method="percentile").interval
    expected = stats.t.interval(0.95, 2, x.mean(), stats.sem(x))
    assert "t limits" in interval.method
    assert (interval.low, interval.high) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_without_variation_the_interval_has_no_width_and_says_so(method: str) -> None:
    result = sig.cluster_bootstrap(sig.weighted_mean(np.full(9, 0.1)), 9, method=method)
    assert result.interval.low == result.interval.high == result.estimate
    assert "degenerate" in result.interval.method


def test_undefined_resamples_are_counted_and_too_many_forbid_an_interval() -> None:
    # The contrast is undefined when the single cluster of a group is not drawn: (1 - 1/n)^n.
    x = np.arange(20.0)
    first = np.arange(20) == 0
    result = sig.cluster_bootstrap(sig.weighted_contrast(x, first, ~first), 20)
    assert result.n_nan / 10_000 == pytest.approx((1 - 1 / 20) ** 20, abs=0.02)
    assert math.isnan(result.interval.low)
    assert math.isnan(result.standard_error)
    # With five of them it is undefined in 0.2 % of the resamples, which are dropped.
    first = np.arange(20) < 5
    kept = sig.cluster_bootstrap(sig.weighted_contrast(x, first, ~first), 20)
    assert 0 < kept.n_nan < 100
    assert kept.distribution.size == 10_000 - kept.n_nan
    assert np.isfinite(kept.distribution).all()
    assert kept.interval.low < kept.estimate < kept.interval.high


def test_one_cluster_has_no_interval() -> None:
    result = sig.cluster_bootstrap(sig.weighted_mean([0.3]), 1)
    assert result.estimate == pytest.approx(0.3)
    assert math.isnan(result.interval.high)


def test_bca_without_a_bias_correction_falls_back_to_percentile() -> None:
    # The maximum is never exceeded by a resample's, but ties count half: no fall-back. A
    # statistic that every resample lowers has no finite correction.
    x = np.linspace(0.0, 1.0, 12)

    def distinct(w: np.ndarray) -> np.ndarray:
        return (w > 0).mean(axis=1) + 0.0 * (w @ x)

    result = sig.cluster_bootstrap(distinct, 12, method="bca")
    assert "BCa undefined" in result.interval.method
    assert result.interval.low < result.interval.high


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_same_seed_same_result_whatever_the_chunk(method: str) -> None:
    x = np.random.default_rng(0).normal(size=30)
    results = [
        sig.cluster_bootstrap(
            sig.weighted_mean(x), 30, strata=x > 0, method=method, n_resamples=999, chunk=chunk
        )
        for chunk in (1024, 17, 1024)
    ]
    assert (results[0].distribution == results[2].distribution).all()
    assert results[0].distribution == pytest.approx(results[1].distribution, abs=1e-14)
    other = sig.cluster_bootstrap(sig.weighted_mean(x), 30, n_resamples=999, seed=1)
    assert not np.array_equal(other.distribution, results[0].distribution)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.integers(-20, 20), min_size=4, max_size=25),
    method=st.sampled_from(["percentile", "bca"]),
    seed=st.integers(0, 99),
)
def test_negating_the_values_mirrors_the_interval(
    values: list[int], method: str, seed: int
) -> None:
    x = np.array(values, dtype=float)
    plus, minus = (
        sig.cluster_bootstrap(
            sig.weighted_mean(sign * x), x.size, method=method, n_resamples=499, seed=seed
        ).interval
        for sign in (1, -1)
    )
    assert (plus.low, plus.high) == pytest.approx((-minus.high, -minus.low), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(half=st.lists(st.floats(0, 10), min_size=3, max_size=15), seed=st.integers(0, 99))
def test_a_symmetric_sample_lies_inside_its_percentile_interval(
    half: list[float], seed: int
) -> None:
    x = np.concatenate([half, -np.array(half)])
    result = sig.cluster_bootstrap(
        sig.weighted_mean(x), x.size, method="percentile", n_resamples=999, seed=seed
    )
    assert result.interval.low - 1e-9 <= result.estimate <= result.interval.high + 1e-9


def test_affine_change_of_the_values_changes_the_interval_alike() -> None:
    x = np.random.default_rng(5).exponential(size=22)
    one = sig.cluster_bootstrap(sig.weighted_mean(x), 22, n_resamples=999).interval
    two = sig.cluster_bootstrap(sig.weighted_mean(3 * x + 7), 22, n_resamples=999).interval
    assert (two.low, two.high) == pytest.approx((3 * one.low + 7, 3 * one.high + 7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 1.0}, "level"),
        ({"n_resamples": 0}, "n_resamples"),
        ({"strata": [0, 1]}, "strata"),
        ({"n_clusters": 0}, "n_clusters"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    given = {"n_clusters": 5, **arguments}
    with pytest.raises(ValueError, match=message):
        sig.cluster_bootstrap(sig.weighted_mean(np.arange(5.0)), **given)


def test_a_statistic_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        sig.cluster_bootstrap(lambda w: w, 5)


# --- two-way -------------------------------------------------------------------------------------


def test_pigeonhole_variance_of_a_mean_is_owens_closed_form() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(15, 1)) + 0.5 * rng.normal(size=(1, 8)) + rng.normal(size=(15, 8))
    result = sig.pigeonhole_bootstrap(sig.two_way_mean(x), 15, 8, n_resamples=40_000)
    rows, cols = x.mean(axis=1) - x.mean(), x.mean(axis=0) - x.mean()
    cells = x - x.mean() - rows[:, None] - cols[None, :]
    expected = (rows**2).sum() / 15**2 + (cols**2).sum() / 8**2 + (cells**2).sum() / 120**2
    assert float(np.var(result.distribution)) == pytest.approx(expected, rel=0.03)
    # The corrected error is the unbiased analysis-of-variance one.
    row_square, col_square = 8 * (rows**2).sum() / 14, 15 * (cols**2).sum() / 7
    cell_square = (cells**2).sum() / (14 * 7)
    unbiased = (row_square + col_square - cell_square) / 120
    assert result.standard_error**2 == pytest.approx(unbiased, rel=0.05)
    spread = row_square**2 / 16 + col_square**2 / 9 + cell_square**2 / 100
    welch = (row_square + col_square - cell_square) ** 2 / spread - 2
    assert result.calibration.student.df == pytest.approx(welch, rel=0.05)


def test_pigeonhole_with_one_fixed_column_is_the_cluster_bootstrap() -> None:
    x = np.random.default_rng(4).normal(size=25)
    two = sig.pigeonhole_bootstrap(
        sig.two_way_mean(x[:, None]), 25, 1, n_resamples=40_000, level=0.9
    )
    one = sig.cluster_bootstrap(
        sig.weighted_mean(x), 25, method="percentile", n_resamples=40_000, level=0.9
    )
    assert two.calibration.student.df == pytest.approx(24, rel=0.06)
    tolerance = 0.06 * float(x.std()) / 5
    assert two.interval.low == pytest.approx(one.interval.low, abs=tolerance)
    assert two.interval.high == pytest.approx(one.interval.high, abs=tolerance)


def test_pigeonhole_strata_are_respected() -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def statistic(row_w: np.ndarray, col_w: np.ndarray) -> np.ndarray:
        seen.append((row_w, col_w))
        return row_w @ np.arange(6.0) / 6 + col_w @ np.arange(4.0) / 4

    sig.pigeonhole_bootstrap(
        statistic,
        6,
        4,
        row_strata=[0, 0, 1, 1, 1, 1],
        col_strata=["p", "p", "q", "q"],
        n_resamples=300,
        small_sample="none",
    )
    rows = np.concatenate([r for r, _ in seen])
    cols = np.concatenate([c for _, c in seen])
    assert (rows[:, :2].sum(axis=1) == 2).all()
    assert (cols[:, :2].sum(axis=1) == 2).all()
    assert not (rows == 1).all()


def test_pigeonhole_degenerate_undefined_and_seed() -> None:
    flat = sig.pigeonhole_bootstrap(sig.two_way_mean(np.ones((5, 4))), 5, 4, n_resamples=99)
    assert flat.interval.width == 0
    assert "degenerate" in flat.interval.method
    alone = sig.pigeonhole_bootstrap(sig.two_way_mean(np.ones((1, 1))), 1, 1)
    assert math.isnan(alone.interval.low)
    holes = np.full((6, 5), np.nan)
    holes[0, 0] = 1.0
    sparse = sig.pigeonhole_bootstrap(sig.two_way_mean(holes), 6, 5, n_resamples=999)
    assert sparse.n_nan > 300
    assert math.isnan(sparse.interval.low)
    x = np.random.default_rng(0).normal(size=(9, 5))
    one, two, chunked = (
        sig.pigeonhole_bootstrap(sig.two_way_mean(x), 9, 5, n_resamples=500, seed=3, chunk=c)
        for c in (1024, 1024, 13)
    )
    assert (one.distribution == two.distribution).all()
    assert one.distribution == pytest.approx(chunked.distribution, abs=1e-13)
    assert one.interval == two.interval


# --- levels and p-values from one distribution ---------------------------------------------------


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("small", ["auto", "none"])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_p_value_at_a_limit_is_one_minus_the_level(method: str, small: str, level: float) -> None:
    x = np.random.default_rng(6).exponential(size=24)
    result = sig.cluster_bootstrap(
        sig.weighted_mean(x), 24, method=method, small_sample=small, level=level, n_resamples=20_000
    )
    interval = result.interval
    for limit in (interval.low, interval.high):
        p = sig.bootstrap_p_value(result, null=limit).p_value
        assert p == pytest.approx(1 - level, rel=0.02)


def test_p_values_fall_as_the_null_moves_away() -> None:
    x = np.random.default_rng(7).exponential(size=9)
    result = sig.cluster_bootstrap(sig.weighted_mean(x), 9, n_resamples=2000)
    nulls = result.estimate + np.linspace(0.3, 6.0, 200) * x.std()
    p = [sig.bootstrap_p_value(result, null).p_value for null in nulls]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(p))
    assert p[0] > 0.3
    assert 0 < p[-1] < 0.001
