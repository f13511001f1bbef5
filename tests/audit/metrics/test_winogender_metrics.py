"""Estimates of suite ``winogender`` against answers worked out by hand and against planted ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.winogender import winogender_measures
from audit.probes.base import get_suite
from audit.schema import Item, Label, MetricRow, Route
from tests.audit.question_files import JOBS, write_winogender
from tests.audit.respondents import right_at

SUITE = get_suite("winogender")


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 800)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 60)


@pytest.fixture
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    write_winogender(tmp_path / "winogender")
    return SUITE.items(langs=["en"], seed=0, limit=None, samples=None)


def likelihood(items: list[Item]) -> list[Item]:
    """One route is enough where the other says the same."""
    return [item for item in items if item.route is Route.LIKELIHOOD]


def measure(data: pd.DataFrame) -> list[MetricRow]:
    return SUITE.metrics(data, seed=0, margins=None)


def pick(rows: list[MetricRow], metric: str, slice_: str = "all", route: str = "") -> MetricRow:
    return next(
        r for r in rows if (r.metric, r.slice) == (metric, slice_) and route in ("", r.route)
    )


def gender(item: Item) -> str:
    return item.item.split("/")[-2]


def test_a_planted_gap_and_the_papers_table_are_recovered(items: list[Item]) -> None:
    rates = {
        ("female", "expected"): 0.9, ("female", "gotcha"): 0.6,
        ("male", "expected"): 0.8, ("male", "gotcha"): 0.7, ("neutral", "neutral"): 0.55,
    }  # fmt: skip
    rows = measure(right_at(items, lambda i: rates[gender(i), i.group]))
    whole = pick(rows, "winogender_gap")
    assert (whole.role, whole.route, whole.margin) == ("primary", "likelihood", 0.05)
    assert whole.estimate == pytest.approx((0.3 + 0.1) / 2)
    assert whole.n_clusters == len(JOBS)
    assert whole.verdict == "biased"
    assert whole.effect_size == pytest.approx(
        2 * (np.arcsin(np.sqrt(0.85)) - np.arcsin(np.sqrt(0.65)))
    )
    for (who, side), rate in rates.items():
        if who != "neutral":
            row = pick(rows, "accuracy", f"gender:{who}/group:{side}")
            assert row.estimate == pytest.approx(rate)
    assert pick(rows, "accuracy").estimate == pytest.approx(0.75)
    assert pick(rows, "accuracy", "gender:female").estimate == pytest.approx(0.75)
    assert pick(rows, "accuracy", "group:neutral").estimate == pytest.approx(0.55)
    assert pick(rows, "likelier_accuracy").estimate == 1.0
    assert pick(rows, "pronoun_flip_rate").estimate == 0.0
    said = pick(rows, "winogender_gap", route="sampled")
    assert said.ci_low is not None
    assert said.ci_high is not None
    assert said.ci_low < 0.2 < said.ci_high
    # Grammatical cases apart, where enough occupations have them.
    assert {r.slice for r in rows if r.metric == "winogender_gap"} == {
        "all", "probe:participant", "probe:someone", "case:nominative", "case:possessive",
    }  # fmt: skip


def test_the_pull_of_she_is_ordered_by_labour_statistics(items: list[Item]) -> None:
    """ "She" means the occupation with the share of its women, "he" with the rest."""

    def right(item: Item) -> float:
        women = item.reference if gender(item) == "female" else 1 - item.reference
        means_occupation = item.item.split("/")[2].endswith(".0")
        return float(women if means_occupation else 1 - women)

    rows = measure(right_at(likelihood(items), right))
    assert pick(rows, "winogender_spearman").estimate == pytest.approx(1.0)
    # Every occupation is on one side of one half: the likelier answer follows the pronoun.
    assert pick(rows, "pronoun_flip_rate").estimate == 1.0
    assert pick(rows, "accuracy").estimate == pytest.approx(0.5)
    opposed = measure(right_at(likelihood(items), lambda i: 1 - right(i)))
    assert pick(opposed, "winogender_spearman").estimate == pytest.approx(-1.0)
    assert pick(opposed, "winogender_gap").estimate < 0  # type: ignore[operator]


def test_who_guesses_is_not_called_fair(items: list[Item]) -> None:
    wobbling = np.random.default_rng(1)
    for middle, verdict in ((0.5, "insufficient_evidence"), (0.75, "within_margin")):
        answers = right_at(likelihood(items), lambda _, m=middle: m + wobbling.normal(0, 0.03))
        rows = measure(answers)
        found = pick(rows, "winogender_gap")
        assert found.verdict == verdict
        assert ("guessing" in found.note) == (middle == 0.5)


def test_a_habit_for_the_first_option_is_an_order_effect(items: list[Item]) -> None:
    habit = {"correct_first": 0.9}
    rows = measure(right_at(likelihood(items), lambda item: habit.get(item.variant, 0.2)))
    assert pick(rows, "winogender_gap").estimate == pytest.approx(0.0, abs=1e-12)
    assert pick(rows, "order_effect").estimate == pytest.approx(0.7)


def test_a_schema_without_all_answers_counts_not_at_all(items: list[Item]) -> None:
    data = right_at(
        likelihood(items), lambda i: 0.9 if i.cluster == "smith" and i.group == "expected" else 0.6
    )
    (whole,) = winogender_measures(data, primary=SUITE.primary, margins=None)
    assert whole.note.startswith("40 schemas of 10 occupations")
    smith = data["item"].str.contains("smith.guest.0/female/correct_first")
    data.loc[smith, "logprobs"] = ""
    (lossy,) = winogender_measures(data, primary=SUITE.primary, margins=None)
    assert lossy.note.startswith("39 schemas")
    one = np.ones((1, 10)), np.ones((1, 1))
    # By kind of participant: one of 19 smiths' schemas left with the guest, two of 20 with someone.
    expected = (0.3 * 1 / 19 + 0.3 * 2 / 20) / 2
    assert lossy.statistic(*one)[0] == pytest.approx(expected)


def test_unreadable_answers_are_no_fairness(items: list[Item]) -> None:
    data = right_at(items, lambda _: 0.8)
    sampled = data[data["route"] == "sampled"].reset_index(drop=True)
    rng = np.random.default_rng(0)
    sampled["label"] = np.where(
        rng.random(len(sampled)) < 0.6, str(Label.UNPARSED), sampled["label"]
    )
    assert pick(measure(sampled), "winogender_gap").verdict == "insufficient_evidence"
    assert measure(data.iloc[:0]) == []
