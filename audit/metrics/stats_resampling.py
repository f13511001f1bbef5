"""Cluster bootstrap (t, BCa, percentile) and two-way pigeonhole bootstrap."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from audit.metrics.stats_calibration import (
    JackknifeVariance,
    bias_correction,
    confidence_interval,
    is_degenerate,
    jackknife,
    one_way_calibration,
)
from audit.metrics.stats_student import Student
from audit.metrics.stats_two_way import together, two_way_variance
from audit.metrics.stats_types import (
    BootstrapResult,
    Calibration,
    FloatArray,
    Interval,
    SmallSample,
    Statistic,
    TwoWayStatistic,
    check_level,
)
from audit.metrics.stats_weights import ResamplingWeights, chunk_sizes


def cluster_bootstrap(
    statistic: Statistic,
    n_clusters: int,
    *,
    strata: ArrayLike | None = None,
    n_resamples: int = 10_000,
    level: float = 0.95,
    method: Literal["t", "bca", "percentile"] = "t",
    small_sample: SmallSample = "auto",
    bound: float | None = None,
    skewed: bool = True,
    most_df: float = math.inf,
    seed: int | np.random.SeedSequence = 0,
    chunk: int = 1024,
) -> BootstrapResult:
    """Interval for ``statistic`` when whole clusters are the sampled units.

    ``statistic`` maps (b, n_clusters) multiplicities to (b,) values and must normalise by the
    weights (a mean, a contrast, a slope; not a sum). ``strata`` gives one label a cluster;
    drawing keeps each stratum's size, as when groups were fixed by design.

    ``method``: ``"t"`` is estimate ± t·SE with the jackknife's SE and degrees of freedom (over
    strata: Welch-Satterthwaite), further out on the side of the tail where the clusters are skewed
    (``stats_skewness``); the resamples then say whether anything varies, and where the statistic
    is undefined. ``"bca"`` (Efron 1987) and ``"percentile"`` are kept to compare with: they cover
    less of few or skewed clusters.

    ``bound`` and ``skewed``, for ``"t"``: as in ``pigeonhole_bootstrap``; ``most_df``: no more
    degrees of freedom than these (``stats_unequal``).

    ``small_sample`` concerns BCa and percentile: ``"none"`` is the textbook interval, which covers
    too seldom with few clusters; ``"t"``, and ``"auto"``, expand it as in Hesterberg 2015 (§4.3):
    normal quantiles become √(n/(n - 1))·t quantiles.

    Undefined resamples are dropped and counted in ``n_nan``; above 5 % of them, or with fewer
    than two clusters to draw from, the interval is NaN. When all resamples equal the estimate
    it has zero width, and its ``method`` says so. BCa falls back to percentile where its bias
    correction is infinite. Same seed, same result, whatever the ``chunk``.

    Raises ValueError for a level outside (0, 1), a shape that does not fit or no resamples.
    """
    check_level(level)
    _check_counts(n_resamples, chunk, n_clusters=n_clusters)
    estimate = _single(statistic(np.ones((1, n_clusters))))
    weights = ResamplingWeights(n_clusters, strata, _root(seed))
    if not any(len(members) > 1 for members in weights.members):
        return _without_variation(estimate, level, f"cluster {method}", n_clusters)
    variance = jackknife(statistic, n_clusters, weights.members, chunk)
    values = np.empty(n_resamples)
    done = 0
    for size in chunk_sizes(n_resamples, chunk, n_clusters):
        values[done : done + size] = _checked(statistic(weights.draw(size)), size)
        done += size
    distribution = values[np.isfinite(values)]
    calibration = Calibration()
    name = f"cluster {method}"
    if math.isfinite(estimate) and distribution.size and not is_degenerate(distribution, estimate):
        if method == "t":
            calibration = replace(_by_t(distribution, variance, skewed, most_df), bound=bound)
        elif small_sample != "none":
            calibration = one_way_calibration(variance)
        if method == "bca":
            bias = bias_correction(distribution, estimate)
            if math.isfinite(bias):
                calibration = replace(calibration, bias=bias, acceleration=variance.acceleration)
            else:
                name = "cluster percentile, BCa undefined"
    return _result(estimate, values, distribution, calibration, level, name, n_clusters)


def _by_t(
    distribution: FloatArray, variance: JackknifeVariance, skewed: bool, most_df: float
) -> Calibration:
    """Student's limits with the jackknife's standard error and skewness."""
    calibration = one_way_calibration(variance)
    df = calibration.student.df
    calibration = replace(calibration, student=Student(min(df, most_df)), by_t=True)
    spread = float(np.std(distribution, ddof=1))
    if not (variance.total > 0 and spread > 0):
        return calibration
    scale = math.sqrt(variance.total) / spread
    return replace(calibration, scale=scale, skew=variance.alone.skew if skewed else None)


def pigeonhole_bootstrap(
    statistic: TwoWayStatistic,
    n_rows: int,
    n_cols: int,
    *,
    row_strata: ArrayLike | None = None,
    col_strata: ArrayLike | None = None,
    n_resamples: int = 10_000,
    level: float = 0.95,
    small_sample: SmallSample = "auto",
    by_t: bool = True,
    bound: float | None = None,
    skewed: bool = True,
    seed: int | np.random.SeedSequence = 0,
    chunk: int = 1024,
) -> BootstrapResult:
    """Interval when rows (occupations) and columns (templates) are both samples.

    Rows and columns are drawn with replacement independently, a cell counting as often as its
    row times its column (Owen 2007, Annals of Applied Statistics 1(2):386-411). ``statistic``
    maps (b, n_rows) and (b, n_cols) multiplicities to (b,) values. Strata as in
    ``cluster_bootstrap``; a column alone in its stratum is held fixed.

    The raw percentile interval (``small_sample="none"``) errs in both directions. Its variance is

        V* = V_R·(R - 1)/R + V_C·(C - 1)/C + V_E·(R - 1)(C - 1)/RC,

    with V_R, V_C what rows and columns have, cells' noise V_E included in both: it counts the noise
    three times (Owen 2007, §4), the main effects too little when levels are few. By default the
    limits are Student's instead, estimate ± t·√V with V = V_R + V_C - V_E and its t from
    ``stats_two_way``, further out on the side of the tail (``stats_skewness``); the resamples then
    say whether anything varies, and where the statistic is undefined. Without ``by_t`` (ratios and
    magnitudes, which are skewed) they are quantiles at √(V/V*)·t. ``bound``: the statistic
    cannot leave ±bound, and its limits are taken on the scale atanh(θ/bound), so that they do not
    either (see :class:`Calibration`). ``skewed`` false: the tail is left out, for statistics whose
    skewness is not that of their influences.

    Undefined resamples, degenerate distributions, determinism and errors: as there.
    """
    check_level(level)
    _check_counts(n_resamples, chunk, n_rows=n_rows, n_cols=n_cols)
    one_row, one_col = np.ones((1, n_rows)), np.ones((1, n_cols))
    estimate = _single(statistic(one_row, one_col))
    row_seed, col_seed = _root(seed).spawn(2)
    rows = ResamplingWeights(n_rows, row_strata, row_seed)
    cols = ResamplingWeights(n_cols, col_strata, col_seed)
    n_units = min(n_rows, n_cols)
    if not any(len(members) > 1 for members in rows.members + cols.members):
        return _without_variation(estimate, level, "pigeonhole percentile", n_units)
    values = np.empty(n_resamples)
    done = 0
    for size in chunk_sizes(n_resamples, chunk, max(n_rows, n_cols)):
        drawn = statistic(rows.draw(size), cols.draw(size))
        values[done : done + size] = _checked(drawn, size)
        done += size
    distribution = values[np.isfinite(values)]
    calibration, name = Calibration(), "pigeonhole percentile"
    usable = math.isfinite(estimate) and distribution.size > 1
    if usable and small_sample != "none" and not is_degenerate(distribution, estimate):
        parts = two_way_variance(statistic, rows.members, cols.members, chunk)
        whole = together(parts)
        spread = float(np.std(distribution, ddof=1))
        if whole.total > 0 and spread > 0:
            calibration = Calibration(
                scale=math.sqrt(whole.total) / spread,
                student=whole.student,
                by_t=by_t,
                bound=bound,
                skew=whole.skew if skewed else None,
                parts=parts,
            )
            name = "two-way t" if by_t else name
    return _result(estimate, values, distribution, calibration, level, name, n_units)


def _result(
    estimate: float,
    values: FloatArray,
    distribution: FloatArray,
    calibration: Calibration,
    level: float,
    name: str,
    n_clusters: int,
) -> BootstrapResult:
    n_nan = values.size - distribution.size
    interval = confidence_interval(estimate, distribution, n_nan, calibration, level, name)
    return BootstrapResult(estimate, interval, distribution, n_nan, n_clusters, calibration)


def _without_variation(
    estimate: float, level: float, name: str, n_clusters: int
) -> BootstrapResult:
    interval = Interval(math.nan, math.nan, level, f"{name} (fewer than two clusters to draw)")
    return BootstrapResult(estimate, interval, np.empty(0), 0, n_clusters)


def _root(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    # A fresh sequence each time: spawning counts up inside the caller's object otherwise.
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key)
    return np.random.SeedSequence(seed)


def _single(values: FloatArray) -> float:
    return float(_checked(values, 1)[0])


def _checked(values: FloatArray, size: int) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (size,):
        raise ValueError(
            f"the statistic returned shape {found.shape} for {size} weight rows, expected ({size},)"
        )
    return found


def _check_counts(n_resamples: int, chunk: int, **levels: int) -> None:
    if n_resamples < 1 or chunk < 1:
        raise ValueError(f"n_resamples ({n_resamples}) and chunk ({chunk}) must be at least 1")
    for name, count in levels.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
