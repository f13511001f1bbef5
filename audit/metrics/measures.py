"""A metric as a function of how often each cluster and wording counts, with its own test.

One object serves an audit (its interval, its test) and a comparison of two (the same resampled
clusters and wordings on both sides). The metric families build measures; nothing here knows a
probe.

A cluster's answers are held as *blocks*: (S, R), one mean for every stratum (probe, language) and
cluster. Means, contrasts and slopes are taken stratum by stratum and averaged, so strata weigh the
same even where some clusters lack one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from audit.metrics.cells import Cells
from audit.metrics.significance import (
    BootstrapResult,
    Room,
    TestResult,
    TwoWayStatistic,
    bootstrap_p_value,
    cluster_bootstrap,
    is_degenerate,
    permutation_test,
    pigeonhole_bootstrap,
    row_mean,
    row_slope,
    sign_flip_test,
)
from audit.metrics.stats_types import BoolArray, FloatArray, IntArray
from audit.metrics.stats_unequal import working_df

#: (b, C) column weights → (b, S, R) block values, NaN where a cluster has none.
Blocks = Callable[[FloatArray], FloatArray]
#: (b, R) weights and (b, R) values → (b,): one stratum's statistic.
RowStatistic = Callable[[FloatArray, FloatArray], FloatArray]
#: (S, R) blocks (or changes of them) and a seed → the test that their statistic is 0.
BlockTest = Callable[[FloatArray, int], TestResult]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One metric of one route, ready to be resampled.

    ``statistic``: (b, R), (b, C) multiplicities → (b,). ``blocks``: what ``change_test`` works on,
    one (S, R) array; for two runs it is given the difference of theirs. ``own_test`` overrides the
    test of the metric itself where that is another (a rank correlation). ``row_strata`` and
    ``col_strata`` as in ``pigeonhole_bootstrap``; no ``col_strata``: one factor.
    ``thinnest``: clusters in the stratum that has fewest, and ``sides`` the same for the smaller
    compared group (None where nothing is compared). ``rooms``: what ``constant_equivalence``
    needs; empty where the scale has no ends. ``missing``: share of answers without a value in
    the group that has most of them. ``bound``: the metric cannot leave ±bound (a rank
    correlation, a share's distance from ½), and its t limits are taken so that they do not either.
    ``linear``: a mean or contrast of clusters' values, as skewed as these make it; of a slope or a
    rank correlation their influences do not tell. ``sizes``: (S, R) observations by stratum and
    cluster, where each counts for itself; with one factor they limit the degrees of freedom.
    """

    metric: str
    route: str
    primary: bool
    margin: float | None
    clusters: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    statistic: TwoWayStatistic
    blocks: FloatArray
    change_test: BlockTest
    n_clusters: int
    thinnest: int
    missing: float
    sides: int | None = None
    own_test: Callable[[int], TestResult] | None = None
    row_strata: IntArray | None = None
    col_strata: IntArray | None = None
    rooms: tuple[Room, ...] = ()
    note: str = ""
    bound: float | None = None
    linear: bool = True
    sizes: FloatArray | None = None

    @property
    def wordings_sampled(self) -> bool:
        """Whether the interval speaks of other wordings too, not of other clusters alone."""
        strata = self.col_strata
        return strata is not None and np.unique(strata).size < strata.size

    def bootstrap(
        self,
        statistic: TwoWayStatistic,
        *,
        n_resamples: int,
        level: float,
        seed: int,
        by_t: bool = True,
    ) -> BootstrapResult:
        """Interval of ``statistic`` (this measure's, or one built on it) in this design.

        ``by_t`` as in ``pigeonhole_bootstrap``: not for what is skewed by its making.
        """
        n_rows, n_cols = len(self.clusters), len(self.columns)
        bound = self.bound if statistic is self.statistic else None
        if self.col_strata is None:
            return cluster_bootstrap(
                lambda w: statistic(w, np.ones((len(w), n_cols))),
                n_rows,
                strata=self._strata(),
                method="t" if by_t else "bca",
                bound=bound,
                skewed=self.linear,
                most_df=math.inf if self.sizes is None else working_df(self.sizes),
                n_resamples=n_resamples,
                level=level,
                seed=seed,
            )
        return pigeonhole_bootstrap(
            statistic,
            n_rows,
            n_cols,
            row_strata=self._strata(),
            col_strata=self.col_strata,
            n_resamples=n_resamples,
            level=level,
            by_t=by_t,
            bound=bound,
            skewed=self.linear,
            seed=seed,
        )

    def _strata(self) -> IntArray | None:
        """``row_strata``, with every cluster that has no value in one of its own.

        There it never varies: it is no observation, and gives no degree of freedom.
        """
        absent = np.isnan(self.blocks).all(axis=0)
        if not absent.any() or absent.all():  # some measures have no blocks at all
            return self.row_strata
        strata = np.zeros(absent.size, dtype=np.int64)
        if self.row_strata is not None:
            strata = np.unique(self.row_strata, return_inverse=True)[1].astype(np.int64)
        strata[absent] = strata.max() + 1 + np.arange(absent.sum())
        return strata

    def test(self, result: BootstrapResult, seed: int) -> TestResult:
        """The test of metric = 0: see ``tested``."""
        own = self.own_test or (lambda seed: self.change_test(self.blocks, seed))
        return self.tested(lambda: own(seed), result)

    def tested(self, by_clusters: Callable[[], TestResult], result: BootstrapResult) -> TestResult:
        """The interval, inverted, so that test and interval never disagree.

        Rearranging clusters is exact for the wordings asked, but wordings that tilt a contrast at
        random make it reject a true null of other wordings far too often; and of few answers it
        has few values, so that it rejects less often than it may (docs/calibration.md). Where
        nothing varies, or there is no interval, the clusters' test remains.
        """
        if math.isnan(result.interval.low) or is_degenerate(result.distribution, result.estimate):
            return by_clusters()
        factors = "over both factors" if self.wordings_sampled else "over clusters"
        return replace(bootstrap_p_value(result), test=f"t {factors}")


def averaged(blocks: Blocks, one: RowStatistic, shares: Blocks | None = None) -> TwoWayStatistic:
    """The mean over strata of ``one``; NaN where a stratum has none.

    ``shares``: what (b, C) column weights leave of each row, by which it counts
    (``Cells.block_shares``); None: every row in full.
    """

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        values = blocks(col_w)
        left = np.ones((1, *values.shape[1:])) if shares is None else shares(col_w)
        found = [one(row_w * left[:, s], values[:, s]) for s in range(values.shape[1])]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)

    return statistic


def over_cells(cells: Cells, one: RowStatistic) -> TwoWayStatistic:
    """The mean over strata of ``one`` of the rows' means, each by what weights leave of it."""
    return averaged(cells.block_means, one, cells.block_shares)


def contrast(first: BoolArray, second: BoolArray) -> RowStatistic:
    """Mean over clusters in ``first`` minus mean over those in ``second``."""

    def one(weights: FloatArray, values: FloatArray) -> FloatArray:
        return row_mean(weights * first, values) - row_mean(weights * second, values)

    return one


def slope_on(x: FloatArray) -> RowStatistic:
    """Slope of the clusters' values on x, (R,)."""
    return lambda weights, values: row_slope(weights, x, values)


def contrast_test(first: BoolArray, second: BoolArray, name: str) -> BlockTest:
    """Permutation of the groups over clusters, every cluster's blocks moving together."""

    def test(blocks: FloatArray, seed: int) -> TestResult:
        kept = (first | second) & ~np.isnan(blocks).all(axis=0)
        held, labels = blocks[:, kept], first[kept].astype(np.float64)
        if not 0 < labels.sum() < labels.size:
            return TestResult(np.nan, np.nan, name, int(labels.size))

        def statistic(rows: FloatArray) -> FloatArray:
            found = [row_mean(rows, v[None]) - row_mean(1.0 - rows, v[None]) for v in held]
            return np.asarray(np.mean(found, axis=0), dtype=np.float64)

        return _named(permutation_test(statistic, labels, seed=seed), name)

    return test


def slope_blocks_test(x: FloatArray, name: str) -> BlockTest:
    """Permutation of x over clusters, every cluster's blocks staying together."""

    def test(blocks: FloatArray, seed: int) -> TestResult:
        kept = ~np.isnan(x) & ~np.isnan(blocks).all(axis=0)
        held, labels = blocks[:, kept], x[kept]
        if labels.size < 3 or np.ptp(labels) == 0.0:
            return TestResult(np.nan, np.nan, name, int(labels.size))

        def statistic(rows: FloatArray) -> FloatArray:
            one = np.ones_like(rows)
            shape = rows.shape
            found = [row_slope(one, rows, np.broadcast_to(v, shape)) for v in held]
            return np.asarray(np.mean(found, axis=0), dtype=np.float64)

        return _named(permutation_test(statistic, labels, seed=seed), name)

    return test


def mean_test(name: str) -> BlockTest:
    """Sign flips over clusters of the mean over strata."""

    def test(blocks: FloatArray, seed: int) -> TestResult:
        size = (~np.isnan(blocks)).sum(axis=1, keepdims=True)
        # A cluster's share of the estimate: strata weigh the same, clusters the same within one.
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.nansum(blocks / size, axis=0) / len(blocks)
        present = ~np.isnan(blocks).all(axis=0)
        found = sign_flip_test(parts[present] * present.sum(), seed=seed)
        return _named(found, name)

    return test


def _named(found: TestResult, name: str) -> TestResult:
    return replace(found, test=name)
