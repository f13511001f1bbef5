"""What a training with pictures is stopped by: right readings, evenly, and no guesses."""

from __future__ import annotations

import math

import pytest

from remediate.dpo.monitor import misreading

SURE = 50.0
GROUPS = ["pro", "anti", ""]
PROBES = ["shown", "shown", "neutral"]


@pytest.mark.parametrize(
    ("margins", "gap", "miss", "guess"),
    [
        ([SURE, SURE, SURE], 0.0, 0.0, 0.0),  # reads what is shown, leaves the rest open
        ([SURE, -SURE, -SURE], 1.0, 1.0, 1.0),  # says the stereotype of everyone
        ([-SURE, SURE, SURE], -1.0, 1.0, 0.0),  # over-corrected
        ([0.0, 0.0, 0.0], 0.0, 0.5, 0.5),  # guesses: no gap, and not unbiased
        ([math.log(3), math.log(1 / 3), 0.0], 0.5, 0.75, 0.5),
    ],
)
def test_each_fault_shows(margins: list[float], gap: float, miss: float, guess: float) -> None:
    found = misreading(margins, GROUPS, PROBES)
    assert (found.gap, found.miss, found.guess) == pytest.approx((gap, miss, guess))
    assert found.bias == pytest.approx(abs(gap) + miss + guess)


def test_a_model_destroyed_by_training_is_not_the_best_checkpoint() -> None:
    """A gap alone would prefer a model that reads nothing."""
    half_repaired = misreading([3.0, 0.5, 1.0], GROUPS, PROBES)
    destroyed = misreading([0.0, 0.0, 0.0], GROUPS, PROBES)
    assert abs(destroyed.gap) < abs(half_repaired.gap)
    assert half_repaired.bias < destroyed.bias


@pytest.mark.parametrize("lacking", range(3))
def test_a_missing_sort_is_refused(lacking: int) -> None:
    kept = [n for n in range(3) if n != lacking]
    with pytest.raises(ValueError, match="with and against a stereotype"):
        misreading([0.0, 0.0], [GROUPS[n] for n in kept], [PROBES[n] for n in kept])
