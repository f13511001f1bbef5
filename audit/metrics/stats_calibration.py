"""From a bootstrap distribution to confidence limits, and back to p-values.

One map serves both, so that an interval and a test on the same resamples never disagree:
a limit at one-sided level q is the quantile Φ(z0 + (z0 + c)/(1 - a(z0 + c))) of the distribution
with c = s·t_df(q) (BCa: Efron 1987, JASA 82:171-185, eq. 3.7; expansion c: Hesterberg 2015, The
American Statistician 69:371-386, §4.3, "expanded percentile"). z0 = a = 0 is the percentile
interval; s = 1 and df = ∞ are the textbook forms without small-sample correction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from audit.metrics.stats_skewness import arms, p_above, p_below, skew_on_scale
from audit.metrics.stats_student import Student
from audit.metrics.stats_types import (
    BootstrapResult,
    Calibration,
    FloatArray,
    IntArray,
    Interval,
    TestResult,
    VariancePart,
    check_level,
)
from audit.metrics.stats_weights import chunk_sizes, jackknife_groups

#: Above this share of undefined resamples there is no interval.
MAX_NAN_SHARE = 0.05
#: Fewer resamples than this beyond a limit do not place it; Student's t does.
MIN_TAIL = 10
#: Differences below this share of the distribution's reach are rounding, not variation.
TIE_TOLERANCE = 1e-10
#: An estimate at the very end of its scale is put this far along it: atanh(1) is infinite.
_AT_END = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class JackknifeVariance:
    """Variance of one factor's sampling, stratum by stratum.

    ``total`` is the jackknife variance; ``plug_in`` what resampling with replacement has in its
    place (each stratum's share times (n_h - 1)/n_h); ``spread`` is Σ V_h²/(n_h - 1), the
    denominator of Welch-Satterthwaite degrees of freedom; ``acceleration`` is BCa's a. ``alone``
    and ``part`` are ``total`` with its third cumulant: without a second factor, and beside one.
    """

    total: float
    plug_in: float
    spread: float
    acceleration: float
    smallest: int
    alone: VariancePart
    part: VariancePart


def jackknife(
    statistic: Callable[[FloatArray], FloatArray], n: int, members: list[IntArray], chunk: int
) -> JackknifeVariance:
    """Delete-one-cluster jackknife, within strata.

    With U_hi = (n_h - 1)(mean_h - θ(-hi)): V = Σ_h Σ_i U²/(n_h(n_h - 1)), and with the third
    cumulant Σ U³/n_h³, a = Σ U³/n_h³ / (6 (Σ U²/n_h²)^(3/2)) (Davison & Hinkley 1997, §5.3.2,
    several samples). ``alone`` has Fisher's k₃ in its place, Σ U³/(n_h(n_h - 1)(n_h - 2)), which is
    right on average; ``part`` has not: beside a second factor that is too unsteady.
    The clusters left in a stratum share the weight of the deleted one: a stratum keeps its size
    here as it does under resampling, so the statistic sees fractional multiplicities.
    Strata of one cluster never vary and are left out, as are deletions that leave the statistic
    undefined.
    """
    total = plug_in = spread = corrected = squares = cubes = third = 0.0
    varying = [stratum for stratum in members if len(stratum) > 1]
    for stratum in varying:
        groups = jackknife_groups(stratum)
        count = len(groups)
        values = np.empty(count)
        done = 0
        for size in chunk_sizes(count, chunk, n):
            weights = np.ones((size, n))
            for row, group in enumerate(groups[done : done + size]):
                weights[row, stratum] = len(stratum) / (len(stratum) - len(group))
                weights[row, group] = 0.0
            values[done : done + size] = statistic(weights)
            done += size
        kept = values[np.isfinite(values)]
        if kept.size < 2:
            continue
        influence = (count - 1) * (kept.mean() - kept)
        # Deletions of a constant statistic differ by rounding alone.
        if np.ptp(kept) <= 1e-13 * np.abs(kept).max():
            influence[:] = 0.0
        variance = float((influence**2).sum()) / (count * (count - 1))
        total += variance
        plug_in += variance * (count - 1) / count
        spread += variance**2 / (count - 1)
        corrected += variance**2 / (count + 1)
        squares += float((influence**2).sum()) / count**2
        cubes += float((influence**3).sum()) / count**3
        third += float((influence**3).sum()) / (count * (count - 1) * max(count - 2, 1))
    bottom = 6.0 * squares**1.5  # may underflow where squares does not
    acceleration = cubes / bottom if bottom > 0 else 0.0
    smallest = min((len(stratum) for stratum in varying), default=1)
    part = VariancePart(total, corrected, cubes)
    alone = VariancePart(total, corrected, third)
    return JackknifeVariance(total, plug_in, spread, acceleration, smallest, alone, part)


def one_way_calibration(variance: JackknifeVariance) -> Calibration:
    """Scale and degrees of freedom for clusters resampled along one factor.

    With one stratum: scale √(n/(n - 1)) and n - 1 degrees of freedom, Hesterberg's expansion
    exactly; with several, Welch-Satterthwaite over the strata.
    """
    if variance.total > 0 and variance.spread > 0:
        return Calibration(
            scale=math.sqrt(variance.total / variance.plug_in),
            student=Student(variance.total**2 / variance.spread),
        )
    df = max(variance.smallest - 1, 1)
    return Calibration(scale=math.sqrt((df + 1) / df), student=Student(df))


def _reach(distribution: FloatArray, estimate: float) -> float:
    return float(np.abs(distribution - estimate).max())


def is_degenerate(distribution: FloatArray, estimate: float) -> bool:
    """Whether every resample equals the estimate up to rounding; so do none at all."""
    return not distribution.size or _reach(distribution, estimate) <= 1e-12 * max(
        abs(estimate), np.finfo(float).tiny
    )


def bias_correction(distribution: FloatArray, estimate: float) -> float:
    """z0 = Φ⁻¹(share below the estimate, ties counted half) (DiCiccio & Efron 1996, §3).

    ±inf when the estimate lies outside its own distribution.
    """
    tolerance = TIE_TOLERANCE * _reach(distribution, estimate)
    below = np.count_nonzero(distribution < estimate - tolerance)
    ties = np.count_nonzero(np.abs(distribution - estimate) <= tolerance)
    return float(ndtri((below + 0.5 * ties) / distribution.size))


def confidence_interval(
    estimate: float,
    distribution: FloatArray,
    n_nan: int,
    calibration: Calibration,
    level: float,
    method: str,
) -> Interval:
    """Limits of one distribution at one level; ``method`` is completed by what had to be done."""
    check_level(level)
    if math.isnan(estimate):
        return Interval(math.nan, math.nan, level, f"{method} (estimate undefined)")
    total = distribution.size + n_nan
    if distribution.size < 2 or n_nan > MAX_NAN_SHARE * total:
        why = f"{n_nan} of {total} resamples undefined"
        return Interval(math.nan, math.nan, level, f"{method} ({why})")
    if is_degenerate(distribution, estimate):
        why = "degenerate: every resample equals the estimate"
        return Interval(estimate, estimate, level, f"{method} ({why})")
    q = (1.0 - level) / 2.0
    student = calibration.student
    reach = -calibration.scale * student.quantile(q)
    if calibration.by_t:
        low, high = _t_limits(estimate, distribution, calibration, q)
        return Interval(low, high, level, f"{method} ({student})")
    if math.isfinite(student.df) and ndtr(-reach) * distribution.size < MIN_TAIL:
        half = reach * float(np.std(distribution, ddof=1))
        why = f"t limits, {student}: too few resamples that far out"
        return Interval(estimate - half, estimate + half, level, f"{method} ({why})")
    low, high = np.quantile(
        distribution, [_bca_probability(-reach, calibration), _bca_probability(reach, calibration)]
    )
    if math.isfinite(student.df):
        method = f"{method} (expanded, {student})"
    return Interval(float(low), float(high), level, method)


def _t_limits(
    estimate: float, distribution: FloatArray, calibration: Calibration, q: float
) -> tuple[float, float]:
    centre, error, skew = _on_scale(estimate, distribution, calibration)
    below, above = arms(-calibration.student.quantile(q), skew)
    low, high = centre - below * error, centre + above * error
    bound = calibration.bound
    if bound is None:
        return low, high
    return bound * math.tanh(low / bound), bound * math.tanh(high / bound)


def _on_scale(
    estimate: float, distribution: FloatArray, calibration: Calibration
) -> tuple[float, float, float]:
    """Estimate, standard error and skewness (0 where none is known), on the scale of the limits.

    That is bound·atanh(θ/bound) under a bound: Fisher's z of a correlation; half the logit of a
    share, seen from ½ (delta method).
    """
    error = calibration.scale * float(np.std(distribution, ddof=1))
    bound, skew = calibration.bound, calibration.skew
    if bound is None:
        return estimate, error, skew or 0.0
    share = max(-_AT_END, min(_AT_END, estimate / bound))
    skew = 0.0 if skew is None else skew_on_scale(skew, share, error, bound)
    return bound * math.atanh(share), error / (1.0 - share**2), skew


def _bca_probability(z: float, calibration: Calibration) -> float:
    shifted = calibration.bias + z
    denominator = 1.0 - calibration.acceleration * shifted
    if denominator <= 0:  # beyond the pole of the transformation: the end of the distribution
        return 1.0 if shifted > 0 else 0.0
    return float(ndtr(calibration.bias + shifted / denominator))


def one_sided_p(result: BootstrapResult, null: float, *, above: bool) -> float:
    """p-value for θ <= null (``above``) or θ >= null (not ``above``): the interval, inverted.

    The count of resamples on the wrong side is taken as (1 + #)/(1 + B), so that p is never 0.
    NaN where there is no interval.
    """
    if math.isnan(result.interval.low):
        return math.nan
    values, calibration = result.distribution, result.calibration
    if calibration.by_t and not is_degenerate(values, result.estimate):
        centre, error, skew = _on_scale(result.estimate, values, calibration)
        t = (centre - _place(null, calibration.bound)) / error
        return (p_above if above else p_below)(t, calibration.student, skew)
    total = values.size
    wrong = int(np.count_nonzero(values <= null if above else values >= null))
    if is_degenerate(values, result.estimate) or math.isinf(calibration.student.df):
        return _invert(wrong, total, calibration, above)
    if wrong >= MIN_TAIL:
        return _invert(wrong, total, calibration, above)
    distance = (result.estimate - null) if above else (null - result.estimate)
    error = calibration.scale * float(np.std(values, ddof=1))
    by_t = calibration.student.cdf(-distance / error)
    # Never more than where the count begins to speak, so that p falls as the null moves away.
    return min(by_t, _invert(MIN_TAIL, total, calibration, above))


def _place(null: float, bound: float | None) -> float:
    if bound is None:
        return null
    share = null / bound
    return math.copysign(math.inf, share) if abs(share) >= 1.0 else bound * math.atanh(share)


def _invert(wrong: int, total: int, calibration: Calibration, above: bool) -> float:
    share = min((1.0 + wrong) / (1.0 + total), 1.0 - 1.0 / (1.0 + total))
    z = float(ndtri(share)) * (1.0 if above else -1.0) - calibration.bias
    denominator = 1.0 + calibration.acceleration * z
    limit = (z / denominator if denominator > 0 else math.copysign(math.inf, z)) - calibration.bias
    return calibration.student.cdf((limit if above else -limit) / calibration.scale)


def bootstrap_p_value(result: BootstrapResult, null: float = 0.0) -> TestResult:
    """Two-sided test of θ = ``null`` by inverting the interval (p < 0.05 iff 95 % excludes it).

    The test of every metric with an interval. ``permutation_test`` and ``sign_flip_test`` are exact
    for one factor, and reject less often than they may where few answers leave them few values.
    """
    p = 2.0 * min(one_sided_p(result, null, above=True), one_sided_p(result, null, above=False))
    return TestResult(
        result.estimate - null, min(p, 1.0), "bootstrap interval inversion", result.n_clusters
    )
