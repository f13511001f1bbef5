"""|bias| that training is stopped by: a gap, a skew, and what hides from one of them."""

from __future__ import annotations

import pytest

from remediate.dpo.monitor import validation_bias


def test_gap_and_skew_by_hand() -> None:
    margins = [2.0, 4.0, -1.0, -3.0]
    found = validation_bias(margins, ["women", "women", "men", "men"], ["choice"] * 4)
    assert found.gap == pytest.approx(5.0)
    assert found.skew == pytest.approx(0.5)
    assert found.bias == pytest.approx(5.5)


def test_saying_he_of_everyone_is_no_repair() -> None:
    found = validation_bias([-5.0, -5.0], ["women", "men"], ["pronoun"] * 2)
    assert found.gap == 0
    assert found.bias == pytest.approx(5.0)


def test_probes_and_groups_weigh_equally() -> None:
    """Nine more rows of one group of one probe do not move the other's weight."""
    margins = [1.0] * 10 + [-1.0] + [3.0, -3.0]
    groups = ["women"] * 10 + ["men"] + ["women", "men"]
    probes = ["choice"] * 11 + ["pronoun"] * 2
    assert validation_bias(margins, groups, probes).gap == pytest.approx((2 + 6) / 2)


def test_a_missing_side_is_refused() -> None:
    with pytest.raises(ValueError, match="women- and of men"):
        validation_bias([1.0], ["women"], ["choice"])
