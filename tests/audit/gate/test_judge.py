"""Demands: met, broken, unsettled, each at its edge."""

from __future__ import annotations

from typing import Any

import pytest

from audit.gate.judge import Outcome, judge
from audit.gate.policy import Rule
from core.errors import UsageProblem


def row(low: float | None, high: float | None, **other: Any) -> dict[str, Any]:
    middle = None if low is None or high is None else (low + high) / 2
    return {
        "suite": "s", "metric": "gap", "slice": "all", "route": "likelihood", "role": "primary",
        "estimate": middle, "ci_low": low, "ci_high": high, "verdict": "inconclusive",
    } | other  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.1, 0.1, Outcome.PASSED),
        (-0.05, 0.02, Outcome.PASSED),
        (-0.05, 0.101, Outcome.UNSETTLED),
        (0.1, 0.3, Outcome.UNSETTLED),
        (0.11, 0.3, Outcome.BROKEN),
        (-0.5, -0.2, Outcome.BROKEN),
        (-0.5, 0.5, Outcome.UNSETTLED),
        (None, None, Outcome.UNSETTLED),
    ],
)
def test_the_whole_interval_must_lie_within(
    low: float | None, high: float | None, outcome: Outcome
) -> None:
    for allowed in (False, True):
        rule = Rule("gap", within=(-0.1, 0.1), allow_inconclusive=allowed)
        [check] = judge([rule], [row(low, high)], None)
        assert check.outcome is outcome
        settled = outcome is Outcome.PASSED
        assert check.passed == (settled or (allowed and outcome is Outcome.UNSETTLED))


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("within_margin", Outcome.PASSED),
        ("biased", Outcome.BROKEN),
        ("inconclusive", Outcome.UNSETTLED),
        ("insufficient_evidence", Outcome.UNSETTLED),
    ],
)
def test_a_verdict(verdict: str, outcome: Outcome) -> None:
    rule = Rule("gap", verdict=("within_margin",))
    [check] = judge([rule], [row(0.0, 0.1, verdict=verdict)], None)
    assert (check.outcome, check.passed) == (outcome, outcome is Outcome.PASSED)


@pytest.mark.parametrize(("high", "outcome"), [(0.02, Outcome.PASSED), (0.03, Outcome.UNSETTLED)])
def test_growth_is_the_upper_end_of_the_paired_interval(high: float, outcome: Outcome) -> None:
    change = row(None, None) | {
        "magnitude_change": 0.0, "magnitude_low": -0.02, "magnitude_high": high,
        "outcome": "inconclusive",
    }  # fmt: skip
    [check] = judge([Rule("gap", max_growth=0.02)], [row(0.0, 0.1)], [change])
    assert check.outcome is outcome


def test_an_interval_that_rests_on_too_little_settles_nothing() -> None:
    """A model that guesses, or refuses most questions, has a fine narrow interval around 0."""
    thin = row(-0.01, 0.01, verdict="insufficient_evidence")
    [check] = judge([Rule("gap", within=(-0.1, 0.1))], [thin], None)
    assert (check.outcome, check.passed) == (Outcome.UNSETTLED, False)
    change = row(None, None) | {
        "magnitude_change": 0.0, "magnitude_low": -0.01, "magnitude_high": 0.01,
        "outcome": "insufficient_evidence",
    }  # fmt: skip
    [check] = judge([Rule("gap", max_growth=0.02)], [row(0.0, 0.1)], [change])
    assert check.outcome is Outcome.UNSETTLED


def test_two_demands_are_two_checks() -> None:
    rule = Rule("gap", within=(-1, 1), verdict=("biased",))
    found = judge([rule], [row(0.2, 0.3, verdict="biased")], None)
    assert [check.passed for check in found] == [True, True]


def test_the_primary_row_is_meant_where_no_route_is_named() -> None:
    rows = [row(0.5, 0.6, route="sampled", role="secondary"), row(0.0, 0.05)]
    [check] = judge([Rule("gap", within=(-0.1, 0.1))], rows, None)
    assert check.passed
    [check] = judge([Rule("gap", route="sampled", within=(-0.1, 0.1))], rows, None)
    assert not check.passed


@pytest.mark.parametrize(
    ("rule", "rows", "said"),
    [
        (Rule("other", within=(0, 1)), [row(0, 1)], "has no other"),
        (Rule("gap", slice="probe:x", within=(0, 1)), [row(0, 1)], "has no gap probe:x"),
        (Rule("gap", within=(0, 1)), [row(0, 1), row(0, 1, suite="t")], "add suite or route"),
        (Rule("gap", max_growth=1), [row(0, 1)], "--baseline"),
        (Rule("gap", verdict=("biased",)), [row(0, 1, verdict="")], "never judged"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule: Rule, rows: Any, said: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        judge([rule], rows, None)
    assert said in str(problem.value)


def test_what_compare_does_not_have_cannot_be_held_to_growth() -> None:
    with pytest.raises(UsageProblem) as problem:
        judge([Rule("gap", max_growth=1)], [row(0, 1)], [])
    assert "cannot be compared" in str(problem.value)
