"""Student's t as the reference of an estimate whose variance is one estimated variance, or two.

Of V = V_1 + V_2 with f_1 and f_2 degrees of freedom the ratio estimate/√V has no t distribution.
Welch's one number of degrees of freedom is itself estimated: a V_2 of 3 that happens to be small
makes the error too small and the degrees of freedom too many at once, and too much is claimed.
Cochran & Cox (1950, *Experimental Designs*, §4.14; Cochran 1964, Biometrics 20:191-195) weigh
quantiles instead,

    t′(q) = (V_1·t_f1(q) + V_2·t_f2(q))/V,

which claims too little. The limit here lies halfway between the two: docs/calibration.md has the
error rates of this and of either alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

#: Quantiles of smaller tails are not computed reliably; there the lighter tail stands for both.
_SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class Student:
    """t of ``df`` degrees of freedom (inf: normal), or of two variances.

    ``parts``: (f, share of the variance) of each of the two; ``df`` is then Welch's number.
    """

    df: float
    parts: tuple[tuple[float, float], ...] = ()

    def quantile(self, q: float) -> float:
        """t of the lower tail ``q``, 0 < q < 1; symmetric."""
        welch = _quantile(q, self.df)
        if not self.parts:
            return welch
        mixed = sum(share * _quantile(q, f) for f, share in self.parts)
        return (welch + mixed) / 2.0

    def cdf(self, t: float) -> float:
        """The q of which ``t`` is the quantile; below 0 to as many digits as there are."""
        if t > 0:
            return 1.0 - self.cdf(-t)
        ends = [_cdf(t, f) for f in (self.df, *(f for f, _ in self.parts))]
        low, high = max(min(ends), _SMALLEST), max(ends)
        if high <= low or self.quantile(low) >= t:
            return min(ends)
        if self.quantile(high) <= t:
            return high
        # On the scale of log q, whose ends may lie many powers of ten apart; 1e-9: rounding.
        low, high = math.log(low) - 1e-9, math.log(high) + 1e-9
        return math.exp(brentq(lambda q: self.quantile(math.exp(q)) - t, low, high, xtol=1e-13))

    def __str__(self) -> str:
        between = " and ".join(f"{f:.0f}" for f, _ in self.parts)
        return f"df {self.df:.1f}" + (f", of {between}" if between else "")


NORMAL = Student(math.inf)


def _quantile(q: float, df: float) -> float:
    return float(ndtri(q) if math.isinf(df) else stdtrit(df, q))


def _cdf(t: float, df: float) -> float:
    return float(ndtr(t) if math.isinf(df) else stdtr(df, t))
