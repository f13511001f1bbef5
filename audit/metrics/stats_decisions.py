"""Decisions from estimates: equivalence, families of tests, what a study could have seen."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit
from scipy.stats import false_discovery_control

from audit.metrics.stats_calibration import is_degenerate, one_sided_p
from audit.metrics.stats_types import BootstrapResult, FloatArray, TestResult


def tost(result: BootstrapResult, margin: float) -> TestResult:
    """Two one-sided tests of |θ| >= ``margin`` (Schuirmann 1987); p is the larger of the two.

    Each inverts the result's own interval, so p < alpha when the (1 - 2·alpha) interval lies within
    ±margin, and never without; NaN without an interval. Where every resample equals the estimate
    no error is known and nothing proved: p = 1 (``constant_equivalence`` may prove it).
    """
    _check_margin(margin)
    name = "TOST"
    if result.distribution.size and is_degenerate(result.distribution, result.estimate):
        return TestResult(result.estimate, 1.0, f"{name}, degenerate", result.n_clusters)
    above = one_sided_p(result, margin, above=False)
    below = one_sided_p(result, -margin, above=True)
    p = math.nan if math.isnan(above) or math.isnan(below) else max(above, below)
    return TestResult(result.estimate, p, name, result.n_clusters)


def _check_margin(margin: float) -> None:
    if not margin > 0.0:
        raise ValueError(f"the margin must be positive, not {margin}")


def holm(p: ArrayLike) -> FloatArray:
    """Holm's (1979) step-down adjusted p-values; NaN stay NaN and do not count as tests.

    max over j <= i of (m - j + 1)·p_(j), at most 1. ValueError outside [0, 1].
    """

    # Not statsmodels' multipletests, its equal in value: it runs the garbage collector each call.
    def adjust(raw: FloatArray) -> FloatArray:
        order = np.argsort(raw, kind="stable")
        adjusted = np.empty_like(raw)
        factors = np.arange(raw.size, 0, -1)
        adjusted[order] = np.minimum(np.maximum.accumulate(factors * raw[order]), 1.0)
        return adjusted

    return _within_defined(p, adjust)


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Benjamini & Hochberg's (1995) adjusted p-values; NaN stay NaN and do not count.

    ValueError outside [0, 1].
    """
    return _within_defined(p, false_discovery_control)


def _within_defined(p: ArrayLike, adjust: Callable[[FloatArray], FloatArray]) -> FloatArray:
    raw = np.asarray(p, dtype=np.float64)
    defined = ~np.isnan(raw)
    if np.any((raw[defined] < 0.0) | (raw[defined] > 1.0)):
        raise ValueError("p-values must lie in [0, 1]")
    adjusted = np.full(raw.shape, np.nan)
    if defined.any():
        adjusted[defined] = adjust(raw[defined])
    return adjusted


def smallest_detectable_effect(
    standard_error: float, *, alpha: float = 0.05, power: float = 0.8, df: float | None = None
) -> float:
    """The true effect a two-sided test at ``alpha`` finds with probability ``power``.

    (z(1 - alpha/2) + z(power))·SE, in the units of the estimate (Cohen 1988); with ``df`` Student's
    quantiles in both places (Bloom 1995, Evaluation Review 19:547-556). NaN for a NaN error.
    """
    if standard_error < 0.0:
        raise ValueError(f"the standard error must not be negative: {standard_error}")
    return _multiplier(alpha, power, df) * standard_error


def clusters_needed(
    standard_error: float,
    n_clusters: int,
    target: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Clusters in all (not more of them) with which an effect of size ``target`` is detectable.

    SE falls as 1/√n: ceil(n·(SE·(z(1 - alpha/2) + z(power))/target)²), at least 2. Where
    templates are a random factor too, their share of the SE does not fall with more clusters and
    this is a lower bound. Raises ValueError for NaN or a target that is not positive.
    """
    if not target > 0.0:
        raise ValueError(f"the target must be positive, not {target}")
    ratio = _multiplier(alpha, power, None) * standard_error / target
    return _rounded_up(n_clusters * ratio**2)


def clusters_for_equivalence(
    standard_error: float,
    n_clusters: int,
    margin: float,
    *,
    effect: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int | None:
    """Clusters in all with which TOST proves |θ| < ``margin`` when θ truly is ``effect``.

    n·(SE·(z(1 - alpha) + z(power'))/(margin - |effect|))² with power' = 1 - (1 - power)/2 at effect
    0, where both tests can fail, else power (Chow, Shao & Wang 2008, §3.2.3). None when |effect|
    is not inside the margin: no number of clusters would prove it. Lower bound as above.
    """
    _check_margin(margin)
    room = margin - abs(effect)
    if room <= 0.0:
        return None
    needed_power = 1.0 - (1.0 - power) / 2.0 if effect == 0.0 else power
    ratio = float(ndtri(1.0 - alpha) + ndtri(needed_power)) * standard_error / room
    return _rounded_up(n_clusters * ratio**2)


def _multiplier(alpha: float, power: float, df: float | None) -> float:
    if not (0.0 < alpha < 1.0 and 0.0 < power < 1.0):
        raise ValueError(f"alpha and power must lie in (0, 1): {alpha}, {power}")
    if df is None or math.isinf(df):
        return float(ndtri(1.0 - alpha / 2.0) + ndtri(power))
    return float(stdtrit(df, 1.0 - alpha / 2.0) + stdtrit(df, power))


def _rounded_up(count: float) -> int:
    if math.isnan(count) or math.isinf(count):
        raise ValueError("the standard error is not a finite number")
    # 30.000000000004 clusters are 30: the surplus is rounding.
    return max(2, math.ceil(count * (1.0 - 1e-12)))
