"""Small counts: exact McNemar, intervals for a proportion, Cohen's h, odds ratio."""

from __future__ import annotations

import math

from scipy.special import ndtri
from scipy.stats import binomtest

from audit.metrics.stats_types import Interval, TestResult, check_level


def mcnemar_exact(b: int, c: int) -> TestResult:
    """Exact two-sided McNemar test of paired answers that disagree ``b`` one way, ``c`` the other.

    The binomial test of b out of b + c at ½ (McNemar 1947; Agresti 2013, §11.1.2). The statistic
    is b - c, n is b + c; without any disagreement p = 1. Raises ValueError for negative counts.
    """
    if b < 0 or c < 0:
        raise ValueError(f"counts must not be negative: b={b}, c={c}")
    n = b + c
    p = float(binomtest(b, n, 0.5).pvalue) if n else 1.0
    return TestResult(float(b - c), p, "exact McNemar", n)


def wilson_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927); NaN bounds for n = 0."""
    return _proportion(successes, n, level, "wilson", "Wilson")


def exact_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Clopper & Pearson's (1934) interval: coverage never below ``level``; NaN for n = 0."""
    return _proportion(successes, n, level, "exact", "Clopper-Pearson")


def _proportion(successes: int, n: int, level: float, method: str, name: str) -> Interval:
    check_level(level)
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie in 0..n: successes={successes}, n={n}")
    if n == 0:
        return Interval(math.nan, math.nan, level, f"{name} (no observations)")
    found = binomtest(successes, n).proportion_ci(confidence_level=level, method=method)
    return Interval(float(found.low), float(found.high), level, name)


def cohens_h(p1: float, p2: float) -> float:
    """Cohen's (1988, §6.2) h = 2 asin √p1 - 2 asin √p2, in radians.

    0.2 is small, 0.5 medium, 0.8 large. Signed: positive when p1 > p2. NaN in, NaN out;
    ValueError outside [0, 1].
    """
    if math.isnan(p1) or math.isnan(p2):
        return math.nan
    if not (0.0 <= p1 <= 1.0 and 0.0 <= p2 <= 1.0):
        raise ValueError(f"proportions must lie in [0, 1]: {p1}, {p2}")
    return 2.0 * math.asin(math.sqrt(p1)) - 2.0 * math.asin(math.sqrt(p2))


def odds_ratio(
    a: float, b: float, c: float, d: float, level: float = 0.95
) -> tuple[float, Interval]:
    """Odds ratio (a/b)/(c/d) of the table [[a, b], [c, d]] and its interval by Woolf (1955).

    log OR ± z √(1/a + 1/b + 1/c + 1/d). When a cell is empty, ½ is added to all four (Haldane
    1956; Anscombe 1956). NaN when a row or a column is empty: such a table says nothing about
    the odds. Raises ValueError for negative counts.
    """
    check_level(level)
    cells = (float(a), float(b), float(c), float(d))
    if min(cells) < 0:
        raise ValueError(f"counts must not be negative: {cells}")
    if 0.0 in (cells[0] + cells[1], cells[2] + cells[3], cells[0] + cells[2], cells[1] + cells[3]):
        return math.nan, Interval(math.nan, math.nan, level, "Woolf (empty margin)")
    name = "Woolf"
    if min(cells) == 0:
        cells = (cells[0] + 0.5, cells[1] + 0.5, cells[2] + 0.5, cells[3] + 0.5)
        name = "Woolf, Haldane-Anscombe"
    log_ratio = math.log(cells[0]) - math.log(cells[1]) - math.log(cells[2]) + math.log(cells[3])
    half = float(ndtri(0.5 + level / 2.0)) * math.sqrt(sum(1.0 / cell for cell in cells))
    low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
    return math.exp(log_ratio), Interval(low, high, level, name)
