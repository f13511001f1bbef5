"""How often do the intervals cover and the tests reject? The primitives of docs/statistics.md.

    python -m benchmarks.calibration [--simulations 1000]

Simulated data, fixed seeds, no model; about 20 s on one core. A share near 5 % out of n
simulations has a Monte Carlo standard error of √(0.05·0.95/n): 0.7 points at 1,000. The tests hold
the same designs to bounds (tests/audit/metrics/test_significance_calibration.py, test_verdicts.py,
test_changes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from audit.metrics import significance as sig
from audit.metrics.stats_paired import change
from audit.metrics.verdict import ALPHA_EQUIVALENCE

RESAMPLES = 599
Row = tuple[str, float]
Draw = Callable[[np.random.Generator, int], np.ndarray]


def crossed(
    rng: np.random.Generator, shape: tuple[int, int], sizes: tuple[float, float, float]
) -> np.ndarray:
    """Row, column and cell effects, normal, of the given standard deviations."""
    rows, cols = shape
    return np.asarray(
        rng.normal(0, sizes[0], (rows, 1))
        + rng.normal(0, sizes[1], (1, cols))
        + rng.normal(0, sizes[2], shape)
    )


def normal(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.normal(size=size)


def exponential(rng: np.random.Generator, size: int) -> np.ndarray:
    """Strongly skewed, centred at 0."""
    return rng.exponential(size=size) - 1.0


def share(n: int, outcome: Callable[[np.random.Generator, int], bool]) -> float:
    rng = np.random.default_rng(20)
    return sum(outcome(rng, k) for k in range(n)) / n


def pigeonhole(n: int) -> Iterator[Row]:
    """Coverage of the 95 % interval of a mean, clusters x wordings."""
    for shape in ((60, 6), (20, 6), (20, 20)):
        for sizes in ((1.0, 1.0, 1.0), (1.0, 0.3, 1.0), (0.2, 1.0, 0.2), (0.0, 0.0, 1.0)):

            def covers(
                rng: np.random.Generator,
                k: int,
                shape: tuple[int, int] = shape,
                sizes: tuple[float, float, float] = sizes,
            ) -> bool:
                statistic = sig.two_way_mean(crossed(rng, shape, sizes))
                found = sig.pigeonhole_bootstrap(statistic, *shape, n_resamples=RESAMPLES, seed=k)
                return 0.0 in found.interval

            yield f"{shape[0]}x{shape[1]}, sd clusters/wordings/cells {sizes}", share(n, covers)


def few_clusters(n: int) -> Iterator[Row]:
    """Coverage of the 95 % t interval of a mean, and of a contrast of as many a side."""
    draws = {"normal": normal, "exponential": exponential}
    for clusters in (5, 8, 12, 40):
        for name, draw in draws.items():

            def mean(
                rng: np.random.Generator,
                k: int,
                clusters: int = clusters,
                draw: Draw = draw,
            ) -> bool:
                statistic = sig.weighted_mean(draw(rng, clusters))
                found = sig.cluster_bootstrap(statistic, clusters, n_resamples=RESAMPLES, seed=k)
                return 0.0 in found.interval

            def contrast(
                rng: np.random.Generator,
                k: int,
                clusters: int = clusters,
                draw: Draw = draw,
            ) -> bool:
                first = np.arange(2 * clusters) < clusters
                statistic = sig.weighted_contrast(draw(rng, 2 * clusters), first, ~first)
                found = sig.cluster_bootstrap(
                    statistic, 2 * clusters, strata=first, n_resamples=RESAMPLES, seed=k
                )
                return 0.0 in found.interval

            yield f"mean of {clusters}, {name}", share(n, mean)
            yield f"contrast of {clusters} a side, {name}", share(n, contrast)


def equivalence(n: int) -> Iterator[Row]:
    """How often a mean exactly at the margin is called within it (at most 5 %), one factor."""
    draws = {"normal": normal, "exponential tail beyond the margin": exponential}
    for clusters in (8, 16, 24, 84):
        for name, draw in draws.items():

            def within(
                rng: np.random.Generator,
                k: int,
                clusters: int = clusters,
                draw: Draw = draw,
            ) -> bool:
                statistic = sig.weighted_mean(3.0 + draw(rng, clusters))
                found = sig.cluster_bootstrap(statistic, clusters, n_resamples=RESAMPLES, seed=k)
                return sig.tost(found, 3.0).p_value < ALPHA_EQUIVALENCE

            yield f"{clusters} clusters, {name}", share(n, within)


def permutations(n: int) -> Iterator[Row]:
    """Type-I error at 5 % of the cluster-level tests."""
    tests: dict[str, Callable[[np.random.Generator, int], sig.TestResult]] = {
        "mean difference, 9 of 24, exponential": lambda rng, k: sig.mean_difference_test(
            rng.exponential(size=24), np.arange(24) < 9, n_permutations=299, seed=k
        ),
        "slope, 20, heavy tails": lambda rng, k: sig.slope_test(
            rng.normal(size=20), rng.standard_t(3, size=20), n_permutations=299, seed=k
        ),
        "Spearman, 25, ties": lambda rng, k: sig.spearman_test(
            rng.integers(0, 6, 25), rng.integers(0, 6, 25), n_permutations=299, seed=k
        ),
        "sign flips, 20": lambda rng, k: sig.sign_flip_test(
            rng.laplace(size=20), n_permutations=299, seed=k
        ),
        "sign flips, 8 (exact)": lambda rng, _: sig.sign_flip_test(rng.normal(size=8)),
    }
    for name, test in tests.items():
        yield name, share(n, lambda rng, k, test=test: test(rng, k).p_value <= 0.05)


def tilted(n: int) -> Iterator[Row]:
    """Type-I error at 5 % for 32 against 32 clusters, 12 wordings that tilt the contrast."""
    first = np.arange(64) < 32
    rng = np.random.default_rng(20)
    rejected = np.zeros(3)
    for k in range(n):
        cells = crossed(rng, (64, 12), (0.5, 0.7, 0.5))
        cells += first[:, None] * rng.normal(0, 0.5, (1, 12))
        clusters = sig.mean_difference_test(cells.mean(axis=1), first, n_permutations=299, seed=k)
        result = sig.pigeonhole_bootstrap(
            sig.two_way_contrast(cells, first, ~first),
            *cells.shape,
            row_strata=first,
            col_strata=np.arange(12) // 6,
            n_resamples=RESAMPLES,
            seed=k,
        )
        p = np.array([clusters.p_value, sig.bootstrap_p_value(result).p_value])
        rejected += np.append(p, p.max()) <= 0.05
    names = ("permutation over clusters alone", "interval inversion (used)", "the larger p")
    yield from zip(names, rejected / n, strict=True)


def paired(n: int) -> Iterator[Row]:
    """Two runs, 64 clusters x 12 wordings, effects shared; gap change 0, then 1.0 to 0.5."""
    first = np.arange(64) < 32
    strata = np.arange(12) // 6
    for gaps, drift in (((1.0, 1.0), 0.3), ((1.0, 1.0), 0.0), ((1.0, 0.5), 0.3)):
        rng = np.random.default_rng(20)
        rejected = covered = 0
        for k in range(n):
            shared = crossed(rng, (64, 12), (0.5, 0.7, 0.0))
            runs = []
            for i, gap in enumerate(gaps):
                cells = shared + gap * first[:, None] + rng.normal(0, 0.5, (64, 12))
                if i:  # the later run drifts by cluster, wording and tilt
                    cells += crossed(rng, (64, 12), (drift, drift, 0.0))
                    cells += first[:, None] * rng.normal(0, drift, (1, 12))
                runs.append(sig.two_way_contrast(cells, first, ~first))
            result = sig.pigeonhole_bootstrap(
                change(runs[0], runs[1]), 64, 12, row_strata=first, col_strata=strata,
                n_resamples=RESAMPLES, seed=k,
            )  # fmt: skip
            rejected += sig.bootstrap_p_value(result).p_value <= 0.05
            covered += gaps[1] - gaps[0] in result.interval
        what = f"gap {gaps[0]} -> {gaps[1]}, drift sd {drift}"
        yield f"{what}: rejected", rejected / n
        yield f"{what}: interval covers", covered / n


SECTIONS: dict[str, Callable[[int], Iterator[Row]]] = {
    "Pigeonhole interval, coverage": pigeonhole,
    "Interval over few clusters, coverage": few_clusters,
    "TOST at the margin, wrongly within": equivalence,
    "Cluster-level tests, type-I error": permutations,
    "Wordings that tilt a contrast, type-I error": tilted,
    "Change between two runs": paired,
}


def show(n: int) -> None:
    for title, rows in SECTIONS.items():
        print(f"{title} ({n} simulations)")
        for name, value in rows(n):
            print(f"  {100 * value:5.1f} %  {name}", flush=True)
