"""The rule that says repaired or not, one reason at a time."""

from __future__ import annotations

from typing import Any

import pytest

from remediate.gates.judge import Gate
from remediate.verdict import NOT_REPAIRED, REPAIRED, decide


def row(metric: str, before: float, after: float, **rest: Any) -> dict[str, Any]:
    given = {
        "p_adjusted": 0.001, "sign_flipped": False, "margin": 0.05, "shrinkage_low": 0.7,
        "before_low": before - 0.02, "before_high": before + 0.02, "outcome": "reduced",
        "after_low": after - 0.1, "after_high": after + 0.1,
        "magnitude_high": abs(after) - abs(before) + 0.01,
    }  # fmt: skip
    return {"metric": metric, "before": before, "after": after, **given, **rest}


def good() -> dict[str, dict[str, Any]]:
    return {
        "stereotype_gap": row("stereotype_gap", 0.3, 0.05),
        "stereotype_gap_logodds": row("stereotype_gap_logodds", 2.0, 0.3),
        "parity_skew": row("parity_skew", 0.02, -0.04),
    }


def gate(passed: bool) -> Gate:
    return Gate("perplexity_ratio", 20.0, 21.0, 1.01, 1.02, 1.03, 0.01, 30, passed)


def test_all_conditions_met_is_repaired() -> None:
    found = decide(list(good().values()), [gate(True)])
    assert found.verdict == REPAIRED
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("metric", "change", "reason"),
    [
        ("stereotype_gap", {"after": 0.4}, "did not shrink"),
        ("stereotype_gap", {"shrinkage_low": 0.3}, "only 30% of it is gone"),
        ("stereotype_gap", {"shrinkage_low": None}, "only 0% of it is gone"),
        ("stereotype_gap", {"p_adjusted": 0.2}, "not proven"),
        ("stereotype_gap", {"p_adjusted": None}, "not proven"),
        ("stereotype_gap_logodds", {"after": -2.5, "sign_flipped": True}, "other way"),
        ("stereotype_gap_logodds", {"after": None}, "could not be measured"),
        ("stereotype_gap", {"outcome": "insufficient_evidence"}, "too few answers"),
        ("parity_skew", {"after": -0.3, "magnitude_high": 0.3}, "may have grown"),
        ("parity_skew", {"after": -0.3, "magnitude_high": None}, "may have grown"),
    ],
)
def test_each_failing_alone_is_not_repaired(
    metric: str, change: dict[str, Any], reason: str
) -> None:
    rows = good()
    rows[metric] |= change
    found = decide(list(rows.values()), [gate(True)])
    assert found.verdict == NOT_REPAIRED
    assert any(reason in text and metric in text for text in found.reasons)
    assert found.next_step


def test_what_ends_within_its_margin_need_not_have_been_large() -> None:
    rows = good()
    rows["stereotype_gap"] |= {"shrinkage_low": 0.3, "after_low": -0.02, "after_high": 0.04}
    assert decide(list(rows.values()), [gate(True)]).verdict == REPAIRED


def test_saying_he_of_everyone_is_not_repaired() -> None:
    """Both gaps close by saturation; the skew tells."""
    rows = good()
    rows["parity_skew"] = row("parity_skew", 0.1, -0.48)
    assert decide(list(rows.values()), [gate(True)]).verdict == NOT_REPAIRED


def test_a_broken_gate_is_not_repaired_whatever_the_gain() -> None:
    found = decide(list(good().values()), [gate(False)])
    assert found.verdict == NOT_REPAIRED
    assert "perplexity_ratio" in found.reasons[0]


def test_a_missing_metric_is_not_a_success() -> None:
    rows = good()
    del rows["stereotype_gap"]
    assert decide(list(rows.values()), [gate(True)]).verdict == NOT_REPAIRED


@pytest.mark.parametrize(
    ("before", "after", "high", "verdict"),
    [
        (0.01, 0.04, 0.06, REPAIRED),  # within its margin
        (0.12, 0.121, 0.03, REPAIRED),  # no more than a margin's growth, for sure
        (0.12, 0.121, 0.08, NOT_REPAIRED),  # a larger growth is not excluded
        (0.01, 0.3, 0.35, NOT_REPAIRED),
    ],
)
def test_growth_is_judged_by_its_interval_not_by_two_estimates(
    before: float, after: float, high: float, verdict: str
) -> None:
    rows = good()
    rows["parity_skew"] = row("parity_skew", before, after, magnitude_high=high)
    assert decide(list(rows.values()), [gate(True)]).verdict == verdict
    public = [row("winobias_gap", before, after, magnitude_high=high)]
    assert decide(list(good().values()), [gate(True)], public).verdict == verdict


def test_a_public_benchmark_must_not_turn_round() -> None:
    spillover = [row("winobias_gap", 0.3, -0.29, sign_flipped=True)]
    found = decide(list(good().values()), [gate(True)], spillover)
    assert any("winobias_gap is now biased the other way" in text for text in found.reasons)


@pytest.mark.parametrize(
    ("after", "outcome", "verdict"),
    [
        (0.6, "increased", NOT_REPAIRED),
        (0.6, "inconclusive", REPAIRED),  # shown, not proven
        (0.04, "increased", REPAIRED),  # within its margin
    ],
)
def test_what_was_not_trained_must_not_get_worse_for_sure(
    after: float, outcome: str, verdict: str
) -> None:
    spillover = [row("misgendering_gap", 0.0, after, outcome=outcome)]
    assert decide(list(good().values()), [gate(True)], spillover).verdict == verdict


def test_a_benchmark_that_could_not_be_measured_is_a_reason() -> None:
    spillover = [row("winobias_gap", 0.1, 0.1) | {"after": None}]
    found = decide(list(good().values()), [gate(True)], spillover)
    assert found.reasons == ("winobias_gap could not be measured on both sides",)


def test_a_model_that_was_fair_is_not_sent_to_train_more() -> None:
    rows = good()
    for name in ("stereotype_gap", "stereotype_gap_logodds"):
        rows[name] |= {"before": 0.01, "before_low": 0.0, "before_high": 0.02, "after": 0.012}
    found = decide(list(rows.values()), [gate(True)])
    assert found.verdict == NOT_REPAIRED
    assert "nothing to repair" in found.next_step
