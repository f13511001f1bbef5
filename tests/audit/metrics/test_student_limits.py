"""Student's limits: the variance of two crossed factors, bounded scales, skewed clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.metrics import significance as sig
from audit.metrics.measures import Measure, mean_test
from audit.metrics.significance import row_mean
from audit.metrics.stats_skewness import (
    FURTHEST,
    arms,
    p_above,
    p_below,
    restored,
    skew_on_scale,
    transformed,
)
from audit.metrics.stats_student import Student
from audit.metrics.stats_two_way import LOWEST, together, two_way_variance
from audit.metrics.stats_types import VariancePart

MEMBERS = [[np.arange(9, dtype=np.int64)], [np.arange(5, dtype=np.int64)]]


def mean_squares(cells: np.ndarray) -> tuple[float, float, float]:
    """Rows', columns' and interaction mean squares of a two-way table."""
    n, m = cells.shape
    grand, rows, cols = cells.mean(), cells.mean(axis=1), cells.mean(axis=0)
    rest = cells - rows[:, None] - cols[None] + grand
    return (
        m * ((rows - grand) ** 2).sum() / (n - 1),
        n * ((cols - grand) ** 2).sum() / (m - 1),
        (rest**2).sum() / ((n - 1) * (m - 1)),
    )


def by_hand(values: np.ndarray) -> tuple[float, float]:
    """Limits of a mean of n, each Student's or that of Hall's (1992) transformation, if further."""
    n, reach = len(values), stats.t.ppf(0.975, len(values) - 1)
    error = values.std(ddof=1) / math.sqrt(n)
    skew = stats.skew(values, bias=False) / math.sqrt(n)

    def inverse(h: float) -> float:
        found = float(3 / skew * (np.cbrt(1 + skew * (h - skew / 6)) - 1))
        return max(-3 * reach, min(found, 3 * reach))

    return (
        float(values.mean() - max(reach, inverse(reach)) * error),
        float(values.mean() + max(reach, -inverse(-reach)) * error),
    )


def variance_and_df(
    cells: np.ndarray, rows: list[np.ndarray], cols: list[np.ndarray]
) -> tuple[float, float]:
    part = together(two_way_variance(sig.two_way_mean(cells), rows, cols, 7))
    return part.total, part.student.df


def test_two_way_variance_of_a_mean_is_that_of_its_mean_squares() -> None:
    rng = np.random.default_rng(4)
    cells = rng.normal(size=(9, 1)) + 2 * rng.normal(size=(1, 5)) + rng.normal(size=(9, 5))
    by_row, by_col, noise = mean_squares(cells)
    assert by_col > noise
    total = by_row + by_col - noise
    welch = total**2 / (by_row**2 / 10 + by_col**2 / 6 + noise**2 / 34) - 2
    assert variance_and_df(cells, *MEMBERS) == pytest.approx((total / 45, welch))
    assert variance_and_df(cells.T, *MEMBERS[::-1]) == pytest.approx((total / 45, welch))


@pytest.mark.parametrize("closer", [0.0, 0.9])
def test_columns_that_differ_less_than_by_chance_lower_the_variance_a_little(closer: float) -> None:
    """Columns closer to each other than their noise explains, down to columns all alike."""
    rng = np.random.default_rng(1)
    cells = rng.normal(size=(9, 1)) + rng.normal(size=(9, 5))
    cells -= cells.mean(axis=0) * (1 - closer)
    by_row, by_col, noise = mean_squares(cells)
    assert by_col < noise
    expected = max(by_row + by_col - noise, LOWEST * by_row)
    assert variance_and_df(cells, *MEMBERS) == pytest.approx((expected / 45, 8.0))


def test_degrees_of_freedom_of_a_sum_are_right_on_average() -> None:
    """Of two equal variances with 4 each there are 8; Satterthwaite's own formula finds 6.8."""
    drawn = np.random.default_rng(3).chisquare(4, (20_000, 2)) / 4
    total = drawn.sum(axis=1)
    welch = [VariancePart(v, s).df for v, s in zip(total, (drawn**2 / 6).sum(axis=1), strict=True)]
    assert np.mean(welch) == pytest.approx(8.0, abs=0.35)
    assert np.mean(total**2 / (drawn**2 / 4).sum(axis=1)) < 7.0


def test_one_fixed_factor_leaves_the_other_alone() -> None:
    cells = np.random.default_rng(2).normal(size=(9, 5))
    fixed = [np.array([i]) for i in range(5)]
    assert variance_and_df(cells, MEMBERS[0], fixed) == pytest.approx(
        (cells.mean(axis=1).var(ddof=1) / 9, 8.0)
    )
    interval = sig.pigeonhole_bootstrap(
        sig.two_way_mean(cells), 9, 5, col_strata=np.arange(5), n_resamples=50
    ).interval
    assert (interval.low, interval.high) == pytest.approx(by_hand(cells.mean(axis=1)))


def test_limits_of_a_bounded_statistic_stay_inside_and_agree_with_their_test() -> None:
    x = np.linspace(0, 1, 10)
    cells = x[:, None] + 0.3 * np.random.default_rng(5).normal(size=(10, 6))

    def limits(bound: float | None) -> sig.BootstrapResult:
        return sig.pigeonhole_bootstrap(
            sig.two_way_spearman(x, cells),
            10,
            6,
            bound=bound,
            skewed=False,
            n_resamples=200,
            seed=1,
        )

    result = limits(1.0)
    assert limits(None).interval.high > 1.0 > result.interval.high
    # Fisher's z: on its scale the limits lie as far to either side.
    ends = [math.atanh(end) for end in (result.interval.low, result.interval.high)]
    assert sum(ends) / 2 == pytest.approx(math.atanh(result.estimate))
    for null in (result.interval.low, result.interval.high):
        assert sig.bootstrap_p_value(result, null).p_value == pytest.approx(0.05)
    assert sig.bootstrap_p_value(result, 1.0).p_value == 0.0


def test_a_bounded_mean_is_skewed_on_its_own_scale() -> None:
    """Shares near 0, whose logit is skewed the other way: the lower limit moves."""
    rng = np.random.default_rng(6)
    odds = np.exp(rng.normal(-4.0, 1.2, size=(30, 1)) + rng.normal(0, 0.3, size=(30, 8)))
    result = sig.pigeonhole_bootstrap(
        sig.two_way_mean(odds / (1 + odds) - 0.5), 30, 8, bound=0.5, n_resamples=200, seed=1
    )
    share, error = result.estimate / 0.5, result.standard_error
    assert result.calibration.skew > 0.2
    skew = skew_on_scale(result.calibration.skew, share, error, 0.5)
    below, above = arms(result.calibration.student.quantile(0.975), skew)
    assert below > above
    on_scale = error / (1 - share**2)
    ends = [math.atanh(e / 0.5) * 0.5 for e in (result.interval.low, result.interval.high)]
    centre = 0.5 * math.atanh(share)
    assert (centre - ends[0], ends[1] - centre) == pytest.approx(
        (below * on_scale, above * on_scale)
    )


def test_a_skewed_mean_reaches_further_towards_its_tail_than_student() -> None:
    values = np.random.default_rng(7).exponential(size=12)
    result = sig.cluster_bootstrap(sig.weighted_mean(values), 12, n_resamples=2000, seed=3)
    student = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    low, high = by_hand(values)
    assert result.interval.low == pytest.approx(student.low) == pytest.approx(low)
    assert result.interval.high == pytest.approx(high)
    assert result.interval.high > student.high + 0.2 * values.std(ddof=1) / math.sqrt(12)
    # Just beyond either limit it is rejected, within it is not; at the limit p is the level.
    for limit in (low, high):
        assert sig.bootstrap_p_value(result, limit).p_value == pytest.approx(0.05, abs=0.003)
    assert sig.bootstrap_p_value(result, high + 0.02).p_value < 0.05
    assert sig.bootstrap_p_value(result, high - 0.02).p_value > 0.05


def test_mirrored_clusters_have_mirrored_limits_and_p() -> None:
    values = np.random.default_rng(8).exponential(size=9)
    here, there = (
        sig.cluster_bootstrap(sig.weighted_mean(sign * values), 9, n_resamples=500, seed=1)
        for sign in (1, -1)
    )
    assert here.interval.low == pytest.approx(-there.interval.high)
    assert here.interval.high == pytest.approx(-there.interval.low)
    for null in (0.0, 0.7, 1.6):
        p = [sig.bootstrap_p_value(one, k).p_value for one, k in ((here, null), (there, -null))]
        assert p[0] == pytest.approx(p[1])


@given(t=st.floats(-30, 30), skew=st.floats(-3, 3), reach=st.floats(0.5, 13), df=st.floats(1, 200))
def test_halls_transformation_and_its_inverse(
    t: float, skew: float, reach: float, df: float
) -> None:
    assert transformed(restored(t, skew), skew) == pytest.approx(t, abs=1e-5, rel=1e-5)
    assert restored(transformed(t, skew), skew) == pytest.approx(t, abs=1e-4, rel=1e-4)
    below, above = arms(reach, skew)
    assert reach <= below <= FURTHEST * reach
    assert (above, below) == pytest.approx(arms(reach, -skew))
    # p falls as the null moves away.
    student = Student(df)
    assert p_above(t + 0.1, student, skew) <= p_above(t, student, skew)
    assert p_below(t, student, skew) == p_above(-t, student, -skew)


def test_the_studentised_value_on_a_bounded_scale_is_normal_after_halls_transformation() -> None:
    """Means of 40 shares near the floor: both sides miss as often as they should, or less."""
    rng = np.random.default_rng(5)
    draws = rng.beta(2.0, 30.0, size=(20_000, 40)) - 0.5
    mean, error = draws.mean(axis=1), draws.std(axis=1, ddof=1) / math.sqrt(40)
    share = mean / 0.5
    truth = 0.5 * math.atanh((2 / 32 - 0.5) / 0.5)
    t = (0.5 * np.arctanh(share) - truth) / (error / (1 - share**2))
    gamma = stats.skew(draws, axis=1, bias=False) / math.sqrt(40)
    skew = np.array([skew_on_scale(*one, 0.5) for one in zip(gamma, share, error, strict=True)])
    h = np.array([transformed(*one) for one in zip(t, skew, strict=True)])
    assert abs(stats.skew(h)) < 0.15
    for side in (h, -h):
        assert (side > stats.t.ppf(0.975, 39)).mean() == pytest.approx(0.025, abs=0.008)


def test_more_skewness_never_brings_a_limit_nearer() -> None:
    for reach in (1.7, 2.0, 2.4, 2.8):
        above = [arms(reach, skew)[1] for skew in np.linspace(0, 8, 400)]
        assert np.all(np.diff(above) >= -1e-12)


def test_clusters_without_a_value_give_no_degree_of_freedom() -> None:
    values = np.random.default_rng(4).normal(size=8)
    padded = np.concatenate([values, np.full(52, np.nan)])

    def limits(row: np.ndarray) -> tuple[float, float]:
        measure = Measure(
            metric="m", route="sampled", primary=True, margin=None,
            clusters=tuple(map(str, range(row.size))), columns=(("", "", ""),),
            statistic=lambda r, c: row_mean(r, row[None]), blocks=row[None],
            change_test=mean_test("none"), n_clusters=8, thinnest=8, missing=0.0,
        )  # fmt: skip
        found = measure.bootstrap(measure.statistic, n_resamples=200, level=0.95, seed=1).interval
        return found.low, found.high

    assert limits(padded) == pytest.approx(limits(values))
    assert limits(values) == pytest.approx(by_hand(values))


def test_a_rank_correlation_of_one_factor_stays_within_its_bound() -> None:
    x = np.arange(12.0)
    y = x.copy()
    y[[0, 11]] = y[[11, 0]]
    found = sig.cluster_bootstrap(
        sig.weighted_spearman(x, y), 12, bound=1.0, skewed=False, n_resamples=500
    )
    assert -1.0 < found.interval.low < found.estimate < found.interval.high < 1.0


def test_clusters_that_are_mostly_equal_keep_students_limits() -> None:
    values = np.array([0.0] * 14 + [0.2, -0.2])
    result = sig.cluster_bootstrap(sig.weighted_mean(values), 16, n_resamples=2000, seed=3)
    student = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert result.interval.low <= student.low + 1e-12
    assert result.interval.high >= student.high - 1e-12
    assert math.isfinite(result.interval.width)


@pytest.mark.parametrize("others", [0.0, 1e-4])
def test_one_odd_cluster_among_equal_ones_keeps_its_limits_in_reach(others: float) -> None:
    """Resamples without it have no error but rounding, or next to none: their t says nothing."""
    values = np.arange(8) * others + np.where(np.arange(8) == 3, 0.083, 0.0)
    result = sig.cluster_bootstrap(sig.weighted_mean(values), 8, n_resamples=2000)
    half = stats.t.ppf(0.975, 7) * values.std(ddof=1) / math.sqrt(8)
    assert 0.99 * half <= result.estimate - result.interval.low <= 3.01 * half
    assert 0.99 * half <= result.interval.high - result.estimate <= 3.01 * half
