"""Student's limits of a skewed estimate: Hall's transformation, where it reaches further out.

Of clusters whose values have a long tail Student's limit is short on the side of the tail: the
clusters at hand seldom show it. With γ the skewness of the estimate (for a mean of n: that of one
cluster over √n) the studentised estimate t is nearly normal after

    H(t) = t + γt²/3 + γ²t³/27 + γ/6        (Hall 1992, JRSS B 54:221-228, eq. 1.3)

which rises everywhere, so that limits are H⁻¹ of quantiles. It moves both limits towards the tail.
Only the one that moves outwards is taken: of few clusters γ is known badly, and an interval that
is short on both sides by chance would be the price of moving the other. Beyond |γ| = 0.7 the
transformation turns back (more skewness, less correction); γ is cut there.
"""

from __future__ import annotations

import math

from audit.metrics.stats_student import Student

#: A corrected limit is at most so many times as far out as Student's.
FURTHEST = 3.0
#: Below this skewness the transformation is the identity to all digits that matter.
_NONE = 1e-6
#: Largest skewness that is corrected for.
_MOST = 0.7


def transformed(t: float, skew: float) -> float:
    """H(t)."""
    skew = _cut(skew)
    return t + skew * t**2 / 3.0 + skew**2 * t**3 / 27.0 + skew / 6.0


def restored(h: float, skew: float) -> float:
    """H⁻¹(h) = (3/γ)·(∛(1 + γ(h − γ/6)) − 1)."""
    if abs(skew) < _NONE:
        return h
    skew = _cut(skew)
    return 3.0 / skew * (math.cbrt(1.0 + skew * (h - skew / 6.0)) - 1.0)


def _cut(skew: float) -> float:
    return max(-_MOST, min(_MOST, skew))


def arms(reach: float, skew: float) -> tuple[float, float]:
    """How far the lower and the upper limit lie from the estimate, in standard errors.

    ``reach`` is Student's quantile, positive: neither arm is shorter, nor longer than
    :data:`FURTHEST` times that.
    """
    below, above = restored(reach, skew), -restored(-reach, skew)
    most = FURTHEST * reach
    return min(max(below, reach), most), min(max(above, reach), most)


def p_above(t: float, student: Student, skew: float) -> float:
    """p of θ <= null: the lower limit of :func:`arms`, inverted. ``t`` is (estimate − null)/SE."""
    if math.isinf(t):  # the null is an end of the scale
        return student.cdf(-t)
    corrected = min(student.cdf(-transformed(t, skew)), student.cdf(-t / FURTHEST))
    return max(student.cdf(-t), corrected)


def p_below(t: float, student: Student, skew: float) -> float:
    """p of θ >= null by the upper limit."""
    return p_above(-t, student, -skew)


def skew_on_scale(skew: float, share: float, error: float, bound: float) -> float:
    """γ of H for the studentised h(θ) = bound·atanh(θ/bound) where θ has ``skew`` and ``error``.

    With SE(h) = h′(θ̂)·SE the studentised h(θ̂) is t − (σh″/2h′)t² to second order, so that H's
    coefficient of t² becomes γ/3 + σh″/2h′: γ grows by 3σh″/2h′, with h″/h′ = 2s/(bound(1 − s²))
    and ``share`` s = θ/bound.
    """
    return skew + 3.0 * error * share / (bound * (1.0 - share**2))
