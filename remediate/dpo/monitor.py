"""What training is stopped by: |bias| on validation pairs, not the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Found(Protocol):
    """Numbers of one validation; ``bias`` is among them and is what is wanted small."""

    def to_json(self) -> dict[str, float]: ...


class Validation(Protocol):
    """(margins in nats, groups, probes) of the validation pairs → what they amount to."""

    def __call__(
        self, margins: Sequence[float], groups: Sequence[str], probes: Sequence[str]
    ) -> Found: ...


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


@dataclass(frozen=True, slots=True)
class Misreading:
    """Of pictures, as probabilities between the two answers of a pair.

    ``gap``: P(what is shown) on pictures that agree with their job's stereotype minus that on
    pictures that do not. ``miss``: P(the other gender), the worse of the two groups. ``guess``:
    P(the stereotyped gender) on neutral pictures, against leaving it open. ``bias`` is their sum:
    a gap alone is closed by reading nothing, a miss alone leaves neutral pictures out.
    """

    gap: float
    miss: float
    guess: float

    @property
    def bias(self) -> float:
        return abs(self.gap) + self.miss + self.guess

    def to_json(self) -> dict[str, float]:
        return {"bias": self.bias, "gap": self.gap, "miss": self.miss, "guess": self.guess}


def misreading(
    margins: Sequence[float], groups: Sequence[str], probes: Sequence[str]
) -> Misreading:
    """Margins are log π(right answer) − log π(wrong one); probes ``shown`` and ``neutral``.

    Raises ValueError where a group or probe has no pair.
    """
    rows = list(zip(margins, groups, probes, strict=True))
    wanted = "pictures with and against a stereotype, and without a gender"

    def mean(probe: str, group: str | None = None) -> float:
        kept = [m for m, g, p in rows if p == probe and group in (None, g)]
        return _mean([_probability(m) for m in kept], wanted)

    pro, anti = mean("shown", "pro"), mean("shown", "anti")
    return Misreading(pro - anti, 1 - min(pro, anti), 1 - mean("neutral"))


def _probability(margin: float) -> float:
    """Logistic function, safe for large margins."""
    return 0.5 * (1 + math.tanh(margin / 2))


def _mean(
    values: Sequence[float], wanted: str = "twins of women- and of men-dominated occupations"
) -> float:
    if not values:
        raise ValueError(f"validation needs {wanted}")
    return math.fsum(values) / len(values)
