"""What clusters that are all the same can prove: an exact bound where a bootstrap sees no error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.metrics.stats_types import TestResult


@dataclass(frozen=True, slots=True)
class Room:
    """One compared group whose ``n`` clusters all gave one value.

    ``up`` and ``down``: how far the whole estimate could rise or fall if every unseen cluster of
    the group were as different as the scale allows (a share that is ½ everywhere: ½ each way).
    """

    n: int
    up: float
    down: float


def constant_equivalence(estimate: float, groups: Sequence[Room], margin: float) -> TestResult:
    """Exact test of |θ| >= ``margin`` when the clusters of every group are all equal.

    If a share q_g of group g's population differs, the chance of n_g equal clusters is at most
    (1 - q_g)^n_g, and θ moves by at most Σ q_g·reach_g. p is the largest chance, Π (1 - q_g)^n_g,
    over all q that carry θ to the margin on either side: the "rule of three" (Hanley &
    Lippman-Hand 1983, JAMA 249:1743-1745) for one or two groups. Raises ValueError for a margin
    that is not positive or more than two groups.
    """
    if not margin > 0.0:
        raise ValueError(f"the margin must be positive, not {margin}")
    if not 1 <= len(groups) <= 2:
        raise ValueError(f"one or two groups are compared, not {len(groups)}")
    above = _largest_chance([(g.n, g.up) for g in groups], margin - estimate)
    below = _largest_chance([(g.n, g.down) for g in groups], margin + estimate)
    n = sum(g.n for g in groups)
    return TestResult(estimate, max(above, below), "exact bound on unseen clusters", n)


def _largest_chance(groups: list[tuple[int, float]], distance: float) -> float:
    """max Π (1 - q)^n subject to Σ q·reach = distance and 0 <= q <= 1."""
    if distance <= 0.0:
        return 1.0
    candidates = [0.0]
    for n, reach in groups:
        if reach > 0.0 and distance <= reach:
            candidates.append((1.0 - distance / reach) ** n)
    total, clusters = sum(reach for _, reach in groups), sum(n for n, _ in groups)
    if distance < total and all(reach > 0.0 for _, reach in groups):
        # Lagrange: 1 - q_g = n_g·(Σ reach - distance)/(Σ n·reach_g), where that is a share.
        kept = [n * (total - distance) / (clusters * reach) for n, reach in groups]
        if all(share <= 1.0 for share in kept):
            powers = zip(groups, kept, strict=True)
            candidates.append(math.prod(share**n for (n, _), share in powers))
    return max(candidates)
