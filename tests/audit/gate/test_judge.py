"""Demands: met, broken, unsettled, each at its edge."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from audit.gate.demands import Outcome
from audit.gate.judge import judge
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
        (-0.05, 0.101, Outcome.INCONCLUSIVE),
        (0.1, 0.3, Outcome.INCONCLUSIVE),
        (0.11, 0.3, Outcome.BROKEN),
        (-0.5, -0.2, Outcome.BROKEN),
        (-0.5, 0.5, Outcome.INCONCLUSIVE),
        (None, None, Outcome.INSUFFICIENT_EVIDENCE),
    ],
)
def test_the_whole_interval_must_lie_within(
    low: float | None, high: float | None, outcome: Outcome
) -> None:
    [check] = judge([Rule("gap", within=(-0.1, 0.1))], [row(low, high)], None)
    assert (check.outcome, check.passed) == (outcome, outcome is Outcome.PASSED)


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("within_margin", Outcome.PASSED),
        ("biased", Outcome.BROKEN),
        ("inconclusive", Outcome.INCONCLUSIVE),
        ("insufficient_evidence", Outcome.INSUFFICIENT_EVIDENCE),
    ],
)
def test_a_verdict(verdict: str, outcome: Outcome) -> None:
    rule = Rule("gap", verdict=("within_margin",))
    [check] = judge([rule], [row(0.0, 0.1, verdict=verdict)], None)
    assert (check.outcome, check.passed) == (outcome, outcome is Outcome.PASSED)


@pytest.mark.parametrize(
    ("outcome", "low", "high", "verdict"),
    [
        (Outcome.PASSED, 0.0, 0.05, "within_margin"),
        (Outcome.BROKEN, 0.3, 0.5, "biased"),
        (Outcome.INCONCLUSIVE, -0.5, 0.5, "inconclusive"),
        (Outcome.INSUFFICIENT_EVIDENCE, -0.5, 0.5, "insufficient_evidence"),
        (Outcome.INSUFFICIENT_EVIDENCE, None, None, "insufficient_evidence"),
    ],
)
def test_what_is_not_settled_passes_only_where_just_that_is_allowed(
    outcome: Outcome, low: float | None, high: float | None, verdict: str
) -> None:
    passing = {
        Outcome.PASSED: [(False, False), (False, True), (True, False), (True, True)],
        Outcome.BROKEN: [],
        Outcome.INCONCLUSIVE: [(True, False), (True, True)],
        Outcome.INSUFFICIENT_EVIDENCE: [(False, True), (True, True)],
    }[outcome]
    for allowed in product((False, True), repeat=2):
        rule = Rule("gap", None, "all", None, (-0.1, 0.1), ("within_margin",))
        rule = replace(rule, allow_inconclusive=allowed[0], allow_insufficient=allowed[1])
        checks = judge([rule], [row(low, high, verdict=verdict)], None)
        assert [check.outcome for check in checks] == [outcome, outcome]
        assert [check.passed for check in checks] == [allowed in passing] * 2


def test_an_interval_that_rests_on_too_little_settles_nothing() -> None:
    """A model that guesses, or refuses most questions, has a fine narrow interval around 0."""
    thin = row(-0.01, 0.01, verdict="insufficient_evidence")
    [check] = judge([Rule("gap", within=(-0.1, 0.1))], [thin], None)
    assert (check.outcome, check.passed) == (Outcome.INSUFFICIENT_EVIDENCE, False)


@pytest.mark.parametrize("kind", ["refusal", "unparsed"])
@pytest.mark.parametrize(
    ("rate", "outcome"),
    [
        (0.0, Outcome.PASSED),
        (0.2, Outcome.PASSED),
        (0.201, Outcome.BROKEN),
        (1.0, Outcome.BROKEN),
        (None, Outcome.INSUFFICIENT_EVIDENCE),
    ],
)
def test_a_rate_is_that_of_the_row(kind: str, rate: float | None, outcome: Outcome) -> None:
    """Whatever the metric is: the other rate, and a verdict of too little, have no say in it."""
    rates = {"refusal_rate": 0.1, "unparsed_rate": 0.1, f"{kind}_rate": rate}
    rule = replace(Rule("gap", allow_inconclusive=True), **{f"max_{kind}_rate": 0.2})
    sampled = row(None, None, route="sampled", verdict="insufficient_evidence", **rates)
    [check] = judge([rule], [sampled], None)
    assert (check.outcome, check.passed) == (outcome, outcome is Outcome.PASSED)
    assert check.found == ("no answers" if rate is None else f"{rate:.3f}")


@pytest.mark.parametrize("route", ["likelihood", "both"])
def test_likelihoods_are_never_refused_so_no_rate_of_them_passes(route: str) -> None:
    rows = [row(0.0, 0.1, route=route, refusal_rate=0.0, unparsed_rate=0.0)]
    with pytest.raises(UsageProblem) as problem:
        judge([Rule("gap", max_refusal_rate=0.2)], rows, None)
    assert "route: sampled" in str(problem.value)
    [check] = judge([Rule("gap", max_unparsed_rate=0.2)], rows, None)
    assert check.passed


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
