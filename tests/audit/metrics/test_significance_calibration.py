"""Do the intervals cover and the tests reject as often as they claim? Fixed-seed simulations.

With 400 simulations a nominal 95 % has a Monte Carlo standard error of 1.1 points, a nominal 5 %
the same; bounds allow about three of them. "none" marks the uncorrected forms, which must fail
where theory says they fail: so these tests can.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from audit.metrics import significance as sig

SIMULATIONS = 400


def rate(outcome: Callable[[np.random.Generator, int], bool], simulations: int = 400) -> float:
    rng = np.random.default_rng(20)
    return float(np.mean([outcome(rng, k) for k in range(simulations)]))


def crossed(
    rng: np.random.Generator, shape: tuple[int, int], sizes: tuple[float, float, float]
) -> np.ndarray:
    """Rows, columns and cells as independent normal effects of the given standard deviations."""
    rows, cols = shape
    return (
        rng.normal(0, sizes[0], (rows, 1))
        + rng.normal(0, sizes[1], (1, cols))
        + rng.normal(0, sizes[2], shape)
    )


def pigeonhole_coverage(
    shape: tuple[int, int], sizes: tuple[float, float, float], small_sample: str = "auto"
) -> float:
    def covers(rng: np.random.Generator, k: int) -> bool:
        result = sig.pigeonhole_bootstrap(
            sig.two_way_mean(crossed(rng, shape, sizes)),
            *shape,
            n_resamples=599,
            small_sample=small_sample,
            seed=k,
        )
        return 0.0 in result.interval

    return rate(covers)


@pytest.mark.parametrize("shape", [(60, 6), (20, 6), (20, 20)])
@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (1.0, 0.3, 1.0), (0.2, 1.0, 0.2)])
def test_pigeonhole_covers_crossed_random_effects(
    shape: tuple[int, int], sizes: tuple[float, float, float]
) -> None:
    assert 0.92 <= pigeonhole_coverage(shape, sizes) <= 0.985


def test_pigeonhole_is_conservative_for_cell_noise_alone() -> None:
    # Uncorrected, the variance is three times too large: 1.96·√3 standard errors, 99.9 %.
    assert 0.95 <= pigeonhole_coverage((20, 20), (0.0, 0.0, 1.0)) <= 0.99
    assert pigeonhole_coverage((20, 20), (0.0, 0.0, 1.0), "none") > 0.99


def test_uncorrected_pigeonhole_undercovers_with_six_columns() -> None:
    assert pigeonhole_coverage((60, 6), (0.2, 1.0, 0.2), "none") < 0.91


def contrast_interval(
    rng: np.random.Generator, k: int, effect: float, n_resamples: int = 599
) -> sig.BootstrapResult:
    """Two groups of occupations x templates nested in probes, as the suites are built."""
    first = np.arange(30) < 16
    cells = crossed(rng, (30, 12), (0.5, 0.7, 0.5)) + effect * first[:, None]
    cells += first[:, None] * rng.normal(0, 0.3, (1, 12))  # templates also tilt the contrast
    cells[rng.random((30, 12)) < 0.1] = np.nan
    return sig.pigeonhole_bootstrap(
        sig.two_way_contrast(cells, first, ~first),
        30,
        12,
        row_strata=first,
        col_strata=np.arange(12) % 3,
        n_resamples=n_resamples,
        seed=k,
    )


def test_two_way_contrast_covers_and_its_test_keeps_its_level() -> None:
    results = []
    rng = np.random.default_rng(1)
    for k in range(SIMULATIONS):
        results.append(contrast_interval(rng, k, effect=0.4))
    coverage = np.mean([0.4 in result.interval for result in results])
    rejected = np.mean([sig.bootstrap_p_value(r, null=0.4).p_value <= 0.05 for r in results])
    # Templates nested in probes: a stratum's size must be kept in the jackknife too.
    assert 0.925 <= coverage <= 0.985
    assert 0.015 <= rejected <= 0.08
    # Just at the margin "fair" may be said of at most 5 % of models.
    fair = np.mean([sig.tost(result, 0.4).p_value <= 0.05 for result in results])
    assert fair <= 0.08


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("n", [6, 12, 40])
def test_cluster_bootstrap_covers_a_mean(method: str, n: int) -> None:
    def covers(rng: np.random.Generator, k: int, small_sample: str = "auto") -> bool:
        statistic = sig.weighted_mean(rng.normal(size=n))
        result = sig.cluster_bootstrap(
            statistic, n, method=method, n_resamples=999, small_sample=small_sample, seed=k
        )
        return 0.0 in result.interval

    assert 0.92 <= rate(covers) <= 0.98
    if n == 6:
        assert rate(lambda rng, k: covers(rng, k, "none")) < 0.9


def test_bca_covers_spearman() -> None:
    r = 0.6
    truth = 6 / math.pi * math.asin(r / 2)

    def covers(rng: np.random.Generator, k: int) -> bool:
        x = rng.normal(size=40)
        y = r * x + math.sqrt(1 - r * r) * rng.normal(size=40)
        result = sig.cluster_bootstrap(sig.weighted_spearman(x, y), 40, n_resamples=399, seed=k)
        return truth in result.interval

    assert 0.92 <= rate(covers) <= 0.985


def test_stratified_contrast_of_unequal_groups_covers() -> None:
    first = np.arange(30) < 8

    def covers(rng: np.random.Generator, k: int) -> bool:
        y = rng.normal(0, np.where(first, 3.0, 1.0))
        result = sig.cluster_bootstrap(
            sig.weighted_contrast(y, first, ~first), 30, strata=first, n_resamples=999, seed=k
        )
        return 0.0 in result.interval

    assert 0.92 <= rate(covers) <= 0.98


TESTS: dict[str, Callable[[np.random.Generator, int], sig.TestResult]] = {
    "mean difference": lambda rng, k: sig.mean_difference_test(
        rng.exponential(size=24), np.arange(24) < 9, n_permutations=299, seed=k
    ),
    "stratified": lambda rng, k: sig.mean_difference_test(
        rng.normal(np.repeat([0.0, 5.0], 12)),
        np.tile([True, True, False], 8),
        strata=np.repeat([0, 1], 12),
        n_permutations=299,
        seed=k,
    ),
    "spearman": lambda rng, k: sig.spearman_test(
        rng.integers(0, 6, 25), rng.integers(0, 6, 25), n_permutations=299, seed=k
    ),
    "slope": lambda rng, k: sig.slope_test(
        rng.normal(size=20), rng.standard_t(3, size=20), n_permutations=299, seed=k
    ),
    "sign flip": lambda rng, k: sig.sign_flip_test(
        rng.laplace(size=20), n_permutations=299, seed=k
    ),
    "exact sign flip": lambda rng, k: sig.sign_flip_test(rng.normal(size=8)),
}


@pytest.mark.parametrize("name", TESTS)
def test_type_one_error_is_nominal(name: str) -> None:
    found = rate(lambda rng, k: TESTS[name](rng, k).p_value <= 0.05, 800)
    # 800 simulations: standard error 0.8 points; the exact sign flip of 8 can reach 12/256.
    assert 0.027 <= found <= 0.073


def test_mcnemar_never_exceeds_its_level() -> None:
    # In closed form: the chance under b ~ Binomial(n, 1/2) of a count that is rejected.
    for n in (5, 6, 25, 40):
        rejected = [b for b in range(n + 1) if sig.mcnemar_exact(b, n - b).p_value <= 0.05]
        level = sum(math.comb(n, b) for b in rejected) / 2**n
        assert level <= 0.05
        assert (level > 0.02) == (n != 5)


def test_unstratified_labels_would_be_wrong() -> None:
    """Where strata differ and carry the labels, ignoring them must show as false positives."""
    strata = np.repeat([0, 1], 12)
    first = np.concatenate([np.arange(12) < 9, np.arange(12) < 3])

    def rejects(rng: np.random.Generator, k: int, within: np.ndarray | None) -> bool:
        y = rng.normal(np.where(strata == 0, 0.0, 2.0))
        result = sig.mean_difference_test(y, first, strata=within, n_permutations=199, seed=k)
        return result.p_value <= 0.05

    assert rate(lambda rng, k: rejects(rng, k, None)) > 0.3


def test_power_rises_to_what_the_smallest_detectable_effect_promises() -> None:
    n, error = 40, 1 / math.sqrt(40)
    effect = sig.smallest_detectable_effect(error, power=0.8, df=n - 1)

    def rejects(rng: np.random.Generator, k: int) -> bool:
        values = rng.normal(effect, 1.0, n)
        return sig.sign_flip_test(values, n_permutations=399, seed=k).p_value <= 0.05

    assert 0.74 <= rate(rejects) <= 0.86


def test_equivalence_is_proved_at_the_promised_number_of_clusters() -> None:
    margin = 0.25
    n = sig.clusters_for_equivalence(1 / math.sqrt(50), 50, margin)
    assert n is not None

    def proves(rng: np.random.Generator, k: int) -> bool:
        statistic = sig.weighted_mean(rng.normal(size=n))
        result = sig.cluster_bootstrap(statistic, n, method="percentile", n_resamples=499, seed=k)
        return sig.tost(result, margin).p_value <= 0.05

    assert 0.73 <= rate(proves) <= 0.87
