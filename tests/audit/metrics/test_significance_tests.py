"""Tests, small-count intervals, families and decisions against scipy, statsmodels, closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2, mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint, proportion_effectsize
from statsmodels.stats.weightstats import DescrStatsW

from audit.metrics import significance as sig

ALTERNATIVES = ["two-sided", "greater", "less"]


# --- permutations --------------------------------------------------------------------------------


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_mean_difference_is_exact_on_few_clusters(alternative: str) -> None:
    x, y = np.array([3.0, 1.0, 4.0, 1.5]), np.array([2.0, 0.5, 1.0, 0.0, 0.5])
    ours = sig.mean_difference_test(
        np.concatenate([x, y]), np.arange(9) < 4, alternative=alternative
    )

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return a.mean(axis=axis) - b.mean(axis=axis)

    if alternative == "two-sided":  # scipy doubles the smaller tail, we compare |T|
        pooled = np.concatenate([x, y])
        null = stats.permutation_test((x, y), difference, vectorized=True).null_distribution
        assert null.size == math.comb(9, 4)
        expected = np.mean(np.abs(null) >= abs(x.mean() - y.mean()) - 1e-9)
        assert pooled.size == ours.n
    else:
        expected = stats.permutation_test(
            (x, y), difference, vectorized=True, alternative=alternative
        ).pvalue
    assert ours.test == "exact permutation"
    assert ours.statistic == pytest.approx(x.mean() - y.mean())
    assert ours.p_value == pytest.approx(expected)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_correlations_are_exact_on_few_clusters(alternative: str) -> None:
    x = np.array([1.0, 2.0, 2.0, 6.0, 9.0])
    y = np.array([0.1, 0.5, 0.2, 0.2, 0.7])
    for ours, statistic in (
        (sig.spearman_test, lambda v: stats.spearmanr(x, v).statistic),
        (sig.slope_test, lambda v: stats.linregress(x, v).slope),
    ):
        expected = stats.permutation_test(
            (y,), statistic, permutation_type="pairings", alternative=alternative
        )
        found = ours(x, y, alternative=alternative)
        assert found.statistic == pytest.approx(statistic(y))
        assert found.p_value == pytest.approx(expected.pvalue)


def test_ties_are_enumerated_once_and_strata_hold() -> None:
    values = np.array([0.9, 0.4, 0.7, 0.2, 0.8, 0.1])
    first = np.array([1, 0, 1, 0, 1, 0], dtype=bool)
    strata = [0, 0, 1, 1, 2, 2]
    seen: list[np.ndarray] = []

    def statistic(rows: np.ndarray) -> np.ndarray:
        seen.append(rows)
        return rows @ values - (1 - rows) @ values

    result = sig.permutation_test(statistic, first, strata=strata)
    rows = seen[-1]
    assert len(rows) == len(np.unique(rows, axis=0)) == 2**3
    assert (rows[:, 0] + rows[:, 1] == 1).all()
    # The observed arrangement and its mirror image are the two extremes of eight.
    assert result.p_value == pytest.approx(2 / 8)
    assert sig.mean_difference_test(values, first, strata=strata).p_value == pytest.approx(2 / 8)


def test_sampled_permutations_count_the_observed_and_approach_the_exact() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=12) + 0.9 * (np.arange(12) < 6)
    first = np.arange(12) < 6
    exact = sig.mean_difference_test(values, first, n_permutations=924)
    sampled = sig.mean_difference_test(values, first, n_permutations=923)
    assert exact.test == "exact permutation"
    assert sampled.test == "permutation (923 draws)"
    assert sampled.p_value * 924 == pytest.approx(round(sampled.p_value * 924))
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.04)
    far = sig.mean_difference_test(np.arange(40.0), np.arange(40) >= 20, n_permutations=500)
    assert far.p_value == pytest.approx(1 / 501)
    again = sig.mean_difference_test(values, first, n_permutations=923)
    assert again == sampled
    assert sampled != sig.mean_difference_test(values, first, n_permutations=923, seed=5)


def test_sampled_spearman_agrees_with_the_t_approximation() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=60)
    y = 0.25 * x + rng.normal(size=60)
    expected = stats.spearmanr(x, y)
    found = sig.spearman_test(x, y)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.012)
    slope = sig.slope_test(x, y)
    assert slope.statistic == pytest.approx(stats.linregress(x, y).slope)
    assert slope.p_value == pytest.approx(stats.linregress(x, y).pvalue, abs=0.012)


def test_undefined_permutations_give_nan() -> None:
    assert math.isnan(sig.permutation_test(lambda r: np.full(len(r), np.nan), [0, 1, 1]).p_value)
    assert math.isnan(sig.permutation_test(lambda r: r @ np.zeros(0), []).p_value)
    assert math.isnan(sig.spearman_test([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]).p_value)
    assert math.isnan(sig.slope_test([1.0], [1.0]).p_value)
    assert math.isnan(sig.mean_difference_test([1.0, 2.0], [True, True]).p_value)
    with pytest.raises(ValueError, match="NaN"):
        sig.permutation_test(lambda r: r[:, 0], [0.0, math.nan])
    with pytest.raises(ValueError, match="alternative"):
        sig.permutation_test(lambda r: r[:, 0], [0.0, 1.0], alternative="other")
    with pytest.raises(ValueError, match="n_permutations"):
        sig.sign_flip_test([1.0], n_permutations=0)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.integers(-9, 9), min_size=2, max_size=9),
    seed=st.integers(0, 50),
    alternative=st.sampled_from(ALTERNATIVES),
)
def test_p_values_are_probabilities_and_mirror(
    values: list[int], seed: int, alternative: str
) -> None:
    x = np.array(values, dtype=float)
    rng = np.random.default_rng(seed)
    first = rng.permutation(np.arange(x.size) < x.size // 2)
    shuffle = rng.permutation(x.size)
    mirrored = {"two-sided": "two-sided", "greater": "less", "less": "greater"}[alternative]
    for test in (
        lambda v, order, a: sig.sign_flip_test(v[order], alternative=a),
        lambda v, order, a: sig.mean_difference_test(v[order], first[order], alternative=a),
    ):
        identity = np.arange(x.size)
        p = test(x, identity, alternative).p_value
        assert 0.0 < p <= 1.0
        assert test(-x, identity, mirrored).p_value == pytest.approx(p)
        # 9 clusters are always enumerated: the order of clusters changes nothing.
        assert test(x, shuffle, alternative).p_value == pytest.approx(p)
    assert sig.sign_flip_test(x, n_permutations=3, seed=seed).p_value <= 1.0


def test_sign_flip_is_scipys_exact_paired_test() -> None:
    x = np.array([0.3, -0.1, 0.4, 0.2, 0.25, -0.05, 0.6])
    for alternative in ("greater", "less"):
        expected = stats.permutation_test(
            (x, np.zeros_like(x)),
            lambda a, b: np.mean(a - b),
            permutation_type="samples",
            alternative=alternative,
        )
        found = sig.sign_flip_test(np.append(x, math.nan), alternative=alternative)
        assert found.p_value == pytest.approx(expected.pvalue)
        assert (found.n, found.test) == (7, "exact sign flip")
    # All of one sign: both ends of 2^n arrangements.
    assert sig.sign_flip_test(np.arange(1.0, 9.0)).p_value == pytest.approx(2 / 2**8)
    big = np.random.default_rng(0).normal(0.2, 1, 50)
    assert sig.sign_flip_test(big).p_value == pytest.approx(
        stats.ttest_1samp(big, 0).pvalue, abs=0.015
    )
    assert math.isnan(sig.sign_flip_test([math.nan]).p_value)


# --- counts --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(b=st.integers(0, 60), c=st.integers(0, 60))
def test_mcnemar_is_statsmodels(b: int, c: int) -> None:
    found = sig.mcnemar_exact(b, c)
    expected = mcnemar([[3, b], [c, 4]], exact=True).pvalue if b + c else 1.0
    assert found.p_value == pytest.approx(expected)
    assert 0 < found.p_value <= 1
    assert (found.statistic, found.n) == (b - c, b + c)
    assert sig.mcnemar_exact(c, b).p_value == pytest.approx(found.p_value)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 200), level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_proportion_intervals_are_statsmodels(data: st.DataObject, n: int, level: float) -> None:
    k = data.draw(st.integers(0, n))
    for ours, method in ((sig.wilson_interval, "wilson"), (sig.exact_interval, "beta")):
        found = ours(k, n, level)
        expected = proportion_confint(k, n, 1 - level, method=method)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
        assert found.low - 1e-12 <= k / n <= found.high + 1e-12


def test_wilson_closed_form_and_empty() -> None:
    z = stats.norm.ppf(0.975)
    assert sig.wilson_interval(0, 10).high == pytest.approx(z**2 / (10 + z**2))
    assert sig.exact_interval(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert math.isnan(sig.wilson_interval(0, 0).low)
    with pytest.raises(ValueError, match="successes"):
        sig.exact_interval(3, 2)
    with pytest.raises(ValueError, match="negative"):
        sig.mcnemar_exact(-1, 2)


@given(p1=st.floats(0, 1), p2=st.floats(0, 1))
def test_cohens_h_is_statsmodels(p1: float, p2: float) -> None:
    assert sig.cohens_h(p1, p2) == pytest.approx(proportion_effectsize(p1, p2), abs=1e-12)


def test_cohens_h_extremes() -> None:
    assert sig.cohens_h(1, 0) == pytest.approx(math.pi)
    assert math.isnan(sig.cohens_h(math.nan, 0.5))
    with pytest.raises(ValueError, match="proportions"):
        sig.cohens_h(1.2, 0.5)


@pytest.mark.parametrize("table", [(12, 5, 3, 9), (40, 2, 31, 8), (7, 0, 3, 4), (0, 6, 5, 2)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_odds_ratio_is_statsmodels(table: tuple[int, int, int, int], level: float) -> None:
    ratio, interval = sig.odds_ratio(*table, level=level)
    half = 0.5 if 0 in table else 0.0
    expected = Table2x2(np.reshape(table, (2, 2)) + half)
    assert ratio == pytest.approx(expected.oddsratio)
    bounds = expected.oddsratio_confint(1 - level)
    assert (interval.low, interval.high) == pytest.approx(bounds)
    assert ("Haldane" in interval.method) == (0 in table)
    swapped, _ = sig.odds_ratio(table[1], table[0], table[3], table[2])
    assert swapped == pytest.approx(1 / ratio)


def test_odds_ratio_of_an_empty_margin_is_undefined() -> None:
    ratio, interval = sig.odds_ratio(0, 0, 3, 4)
    assert math.isnan(ratio)
    assert math.isnan(interval.low)
    with pytest.raises(ValueError, match="negative"):
        sig.odds_ratio(-1, 1, 1, 1)


# --- families ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(p=st.lists(st.floats(0, 1) | st.just(math.nan), max_size=12))
def test_holm_and_bh(p: list[float]) -> None:
    raw = np.array(p)
    defined = ~np.isnan(raw)
    for ours in (sig.holm, sig.benjamini_hochberg):
        adjusted = ours(raw)
        assert (np.isnan(adjusted) == ~defined).all()
        kept, was = adjusted[defined], raw[defined]
        assert (kept >= was - 1e-15).all()
        assert (kept <= 1).all()
        assert (np.diff(kept[np.argsort(was, kind="stable")]) >= -1e-15).all()
    assert (sig.holm(raw)[defined] >= sig.benjamini_hochberg(raw)[defined] - 1e-15).all()


@pytest.mark.parametrize("seed", range(4))
def test_families_are_statsmodels(seed: int) -> None:
    raw = np.random.default_rng(seed).beta(0.4, 2, 15).round(2)  # with ties
    assert sig.holm(raw) == pytest.approx(multipletests(raw, method="holm")[1])
    assert sig.benjamini_hochberg(raw) == pytest.approx(multipletests(raw, method="fdr_bh")[1])


def test_families_by_hand() -> None:
    raw = [0.01, math.nan, 0.04, 0.03]
    assert sig.holm(raw) == pytest.approx([0.03, math.nan, 0.06, 0.06], nan_ok=True)
    assert sig.benjamini_hochberg(raw) == pytest.approx([0.03, math.nan, 0.04, 0.04], nan_ok=True)
    with pytest.raises(ValueError, match="p-values"):
        sig.holm([1.5])


# --- equivalence and power -----------------------------------------------------------------------


def test_tost_approaches_statsmodels() -> None:
    x = np.random.default_rng(3).normal(0.05, 1, 150)
    result = sig.cluster_bootstrap(sig.weighted_mean(x), 150, method="percentile")
    expected = DescrStatsW(x).ttost_mean(-0.25, 0.25)[0]
    assert sig.tost(result, 0.25).p_value == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("method", ["t", "percentile", "bca"])
@pytest.mark.parametrize("n", [6, 25])
@pytest.mark.parametrize(("level", "alpha"), [(0.9, 0.05), (0.95, 0.025)])
def test_tost_decides_as_its_interval_does(method: str, n: int, level: float, alpha: float) -> None:
    x = np.random.default_rng(n).exponential(size=n) - 1
    result = sig.cluster_bootstrap(sig.weighted_mean(x), n, method=method, level=level)  # type: ignore[arg-type]
    edge = max(-result.interval.low, result.interval.high)
    assert sig.tost(result, edge * 1.02).p_value < alpha
    assert sig.tost(result, edge * 0.98).p_value > alpha


def test_tost_without_spread_or_interval() -> None:
    flat = sig.cluster_bootstrap(sig.weighted_mean(np.full(8, 0.02)), 8, n_resamples=999)
    assert sig.tost(flat, 0.1).p_value == 1.0
    assert sig.tost(flat, 0.02).p_value == 1.0
    none = sig.cluster_bootstrap(sig.weighted_mean([0.0]), 1)
    assert math.isnan(sig.tost(none, 0.1).p_value)
    assert math.isnan(sig.bootstrap_p_value(none).p_value)
    with pytest.raises(ValueError, match="margin"):
        sig.tost(flat, 0.0)


def test_smallest_detectable_effect_solves_the_power_equation() -> None:
    effect = sig.smallest_detectable_effect(1.0, alpha=0.05, power=0.8)
    assert effect == pytest.approx(2.8016, abs=1e-4)
    # statsmodels: two samples of 2 with effect in units of sigma have SE 1.
    power = NormalIndPower().power(effect, nobs1=2, alpha=0.05, ratio=1)
    assert power == pytest.approx(0.8, abs=1e-4)
    expected = stats.t.ppf(0.975, 9) + stats.t.ppf(0.8, 9)
    assert sig.smallest_detectable_effect(0.5, df=9) == pytest.approx(0.5 * expected)
    with pytest.raises(ValueError, match="negative"):
        sig.smallest_detectable_effect(-1.0)


@given(error=st.floats(0.001, 10), n=st.integers(2, 500), target=st.floats(0.01, 10))
def test_clusters_needed_is_the_smallest_that_suffices(error: float, n: int, target: float) -> None:
    needed = sig.clusters_needed(error, n, target)

    def detectable(count: int) -> float:
        return sig.smallest_detectable_effect(error * math.sqrt(n / count))

    assert detectable(needed) <= target * (1 + 1e-9)
    assert needed == 2 or detectable(needed - 1) > target * (1 - 1e-9)


def test_clusters_for_equivalence() -> None:
    z = stats.norm.ppf
    expected = 40 * (0.05 * (z(0.95) + z(0.9)) / 0.1) ** 2
    assert sig.clusters_for_equivalence(0.05, 40, 0.1) == math.ceil(expected)
    nearer = sig.clusters_for_equivalence(0.05, 40, 0.1, effect=-0.06)
    assert nearer == math.ceil(40 * (0.05 * (z(0.95) + z(0.8)) / 0.04) ** 2)
    assert sig.clusters_for_equivalence(0.05, 40, 0.1, effect=0.1) is None
    with pytest.raises(ValueError, match="target"):
        sig.clusters_needed(0.1, 10, 0.0)
    with pytest.raises(ValueError, match="finite"):
        sig.clusters_needed(math.nan, 10, 0.1)
