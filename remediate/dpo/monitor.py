"""What training is stopped by: |bias| on validation twins, not the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bias:
    """Of margins log π(woman's text) − log π(man's text), in nats, averaged over probes.

    ``gap``: mean in women-dominated minus mean in men-dominated occupations. ``skew``: mean over
    occupations. ``spread``: root mean square. ``bias`` = |gap| + |skew|: a gap alone can be closed
    by saying "he" of everyone, which the skew shows.
    """

    gap: float
    skew: float
    spread: float

    @property
    def bias(self) -> float:
        return abs(self.gap) + abs(self.skew)

    def to_json(self) -> dict[str, float]:
        return {"bias": self.bias, "gap": self.gap, "skew": self.skew, "spread": self.spread}


def validation_bias(margins: Sequence[float], groups: Sequence[str], probes: Sequence[str]) -> Bias:
    """Equal weights for probes, and within a probe for both groups.

    Raises ValueError where a probe lacks one of the groups "women" and "men".
    """
    gaps, skews, squares = [], [], []
    for probe in sorted(set(probes)):
        own = [(m, g) for m, g, p in zip(margins, groups, probes, strict=True) if p == probe]
        means = {g: _mean([m for m, group in own if group == g]) for g in ("women", "men")}
        gaps.append(means["women"] - means["men"])
        skews.append((means["women"] + means["men"]) / 2)
        squares.append(_mean([m * m for m, _ in own]))
    return Bias(_mean(gaps), _mean(skews), math.sqrt(_mean(squares)))


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("validation needs twins of women- and of men-dominated occupations")
    return math.fsum(values) / len(values)
