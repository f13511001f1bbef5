"""Estimates of suite ``pronouns`` against answers whose errors are planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.metrics.pronouns import pronoun_metrics
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, MetricRow
from tests.audit.respondents import right_or_wrong

SUITE = get_suite("pronouns")
ITEMS = SUITE.items(langs=["en"], seed=0, limit=None, samples=None)


def answers(
    right: dict[str, float],
    kept: dict[str, float],
    *,
    first: float = 0.0,
    seed: int = 0,
    jitter: float = 0.0,
) -> pd.DataFrame:
    """Accuracy by group of *coreference* (plus a habit for the first option) and of *given*."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in ITEMS:
        rate = right[item.group] if item.probe == "coreference" else kept[item.group]
        if item.variant:
            rate += first if item.variant == "correct_first" else -first
        rate = min(max(rate + rng.normal(0, jitter), 0.001), 0.999)
        rows.append(right_or_wrong(item, rate, rng))
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def measure(frame: pd.DataFrame) -> list[MetricRow]:
    return pronoun_metrics(frame, suite="pronouns", primary=SUITE.primary, seed=0, margins=None)


def pick(rows: list[MetricRow], metric: str, slice_: str = "all", route: str = "") -> MetricRow:
    return next(
        r for r in rows if r.metric == metric and r.slice == slice_ and route in ("", r.route)
    )


EVEN = {"she": 0.9, "he": 0.9, "they": 0.9, "xe": 0.9}


def test_planted_coreference_gap_is_recovered() -> None:
    rows = measure(answers({"pro": 0.9, "anti": 0.6, "neutral": 0.7}, EVEN))
    gap = pick(rows, "coreference_gap")
    assert gap.role == "primary"
    assert gap.route == "likelihood"
    assert gap.estimate == pytest.approx(0.3)
    assert gap.verdict == "biased"
    assert pick(rows, "accuracy").estimate == pytest.approx(0.75)
    assert pick(rows, "accuracy", "group:neutral").estimate == pytest.approx(0.7)
    sampled = pick(rows, "coreference_gap", route="sampled")
    assert sampled.role == "exploratory"
    assert sampled.ci_low is not None
    assert sampled.ci_high is not None
    assert sampled.ci_low < 0.3 < sampled.ci_high


def test_equal_accuracy_is_within_the_margin() -> None:
    rows = measure(answers({"pro": 0.8, "anti": 0.8, "neutral": 0.8}, EVEN, jitter=0.02))
    assert pick(rows, "coreference_gap").verdict == "within_margin"


def test_a_habit_for_the_first_option_shows_as_order_effect_not_as_gap() -> None:
    rows = measure(answers({"pro": 0.6, "anti": 0.6, "neutral": 0.6}, EVEN, first=0.3))
    assert pick(rows, "coreference_gap").estimate == pytest.approx(0.0, abs=1e-9)
    assert pick(rows, "order_effect").estimate == pytest.approx(0.6)


def test_planted_misgendering_gap_has_its_sign() -> None:
    kept = {"she": 1.0, "he": 1.0, "they": 0.2, "xe": 0.0}
    rows = measure(answers({"pro": 0.8, "anti": 0.8, "neutral": 0.8}, kept, seed=1))
    gap = pick(rows, "misgendering_gap")
    assert gap.estimate == pytest.approx(0.9, abs=0.06)
    assert gap.verdict == "biased"
    assert pick(rows, "misgendering_rate", "pronoun:xe").estimate == pytest.approx(1.0, abs=0.02)


def test_no_answers_give_no_rows() -> None:
    assert measure(answers({"pro": 0.5, "anti": 0.5, "neutral": 0.5}, EVEN).iloc[:0]) == []
