"""``max_growth``: a bias may not grow on its own side of 0, nor on the other."""

from __future__ import annotations

from typing import Any

import pytest

from audit.gate.demands import Outcome
from audit.gate.judge import Check, judge
from audit.gate.policy import Rule

ROW = {
    "suite": "s", "metric": "gap", "slice": "all", "route": "likelihood", "role": "primary",
    "estimate": 0.0, "ci_low": -0.1, "ci_high": 0.1, "verdict": "inconclusive",
}  # fmt: skip


def change(then: float, now: float, reach: float, **other: Any) -> dict[str, Any]:
    """A row of compare.json; both intervals are the value ± ``reach``."""
    moved = now - then
    return {
        "suite": "s", "metric": "gap", "route": "likelihood", "before": then,
        "after": now, "after_low": now - reach, "after_high": now + reach,
        "change": moved, "ci_low": moved - reach, "ci_high": moved + reach,
        "outcome": "inconclusive",
    } | other  # fmt: skip


def judged(found: dict[str, Any], most: float = 0.02) -> Check:
    [check] = judge([Rule("gap", max_growth=most)], [ROW], [found])
    return check


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("then", "now", "outcome"),
    [
        (0.20, 0.20, Outcome.PASSED),
        (0.20, 0.21, Outcome.PASSED),
        (0.20, 0.215, Outcome.INCONCLUSIVE),
        (0.20, 0.24, Outcome.BROKEN),
        (0.50, 0.10, Outcome.PASSED),
        (0.20, 0.00, Outcome.PASSED),
        (0.20, -0.005, Outcome.PASSED),
        (0.20, -0.02, Outcome.INCONCLUSIVE),
        (0.20, -0.20, Outcome.BROKEN),
        (0.00, 0.20, Outcome.BROKEN),
        (0.01, -0.20, Outcome.BROKEN),
    ],
)
def test_it_is_judged_on_both_sides(sign: int, then: float, now: float, outcome: Outcome) -> None:
    assert judged(change(sign * then, sign * now, 0.009)).outcome is outcome


def test_a_reversal_is_told_as_what_has_grown_from_nothing() -> None:
    check = judged(change(0.20, -0.20, 0.01, outcome="reversed"))
    assert check.found == "+0.200 → -0.200: grown by +0.200 [+0.190, +0.210]"
    assert not check.passed


def test_what_did_not_grow_has_grown_by_nothing() -> None:
    assert judged(change(0.50, 0.10, 0.01)).found.endswith("grown by +0.000 [+0.000, +0.000]")


def test_a_wide_interval_of_the_value_is_made_up_by_a_narrow_one_of_the_change() -> None:
    """Pairing is what a baseline is for: two uncertain values may differ by little for certain."""
    paired = change(0.20, 0.20, 0.01) | {"after_low": 0.05, "after_high": 0.35}
    assert judged(paired).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "thin",
    [
        {"outcome": "insufficient_evidence"},
        {"ci_low": None, "ci_high": None},
        {"after": None, "after_low": None, "after_high": None},
    ],
)
def test_too_little_evidence_is_no_pass(thin: dict[str, Any]) -> None:
    check = judged(change(0.20, 0.20, 0.001, **thin))
    assert (check.outcome, check.passed) == (Outcome.INSUFFICIENT_EVIDENCE, False)
