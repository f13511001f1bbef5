"""Estimates of suite ``winobias`` against answers worked out by hand and against planted ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.winobias import gap, sentence_measure, winobias_measures
from audit.probes.base import get_suite
from audit.schema import Item, Label, MetricRow, Route
from tests.audit.public_files import write_winobias
from tests.audit.respondents import right_at

SUITE = get_suite("winobias")


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 800)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 200)


@pytest.fixture
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    write_winobias(tmp_path / "winobias")
    return SUITE.items(langs=["en"], seed=0, limit=None, samples=None)


def measure(data: pd.DataFrame, margins: dict[str, float] | None = None) -> list[MetricRow]:
    return SUITE.metrics(data, seed=0, margins=margins)


def pick(rows: list[MetricRow], metric: str, slice_: str = "all", route: str = "") -> MetricRow:
    return next(
        r for r in rows if (r.metric, r.slice) == (metric, slice_) and route in ("", r.route)
    )


def test_a_planted_gap_is_recovered_by_type_and_over_both(items: list[Item]) -> None:
    gaps = {"type1": 0.4, "type2": 0.1}

    def right(item: Item) -> float:
        return 0.75 + gaps[item.probe] / 2 * (1 if item.group == "pro" else -1)

    rows = measure(right_at(items, right))
    whole = pick(rows, "winobias_gap")
    assert (whole.role, whole.route, whole.margin) == ("primary", "likelihood", 0.05)
    assert whole.estimate == pytest.approx(0.25)
    assert "pigeonhole" in whole.test  # over both factors, though nothing varies here
    assert whole.n_clusters == 9
    assert whole.verdict == "biased"
    for kind, planted in gaps.items():
        assert pick(rows, "winobias_gap", f"probe:{kind}").estimate == pytest.approx(planted)
    assert pick(rows, "accuracy").estimate == pytest.approx(0.75)
    assert pick(rows, "accuracy", "group:pro").estimate == pytest.approx(0.875)
    assert pick(rows, "accuracy", "group:anti").estimate == pytest.approx(0.625)
    assert pick(rows, "likelier_accuracy").estimate == 1.0
    assert pick(rows, "likelier_gap").estimate == 0.0
    said = pick(rows, "winobias_gap", route="sampled")
    assert said.role == "exploratory"
    assert said.ci_low is not None
    assert said.ci_high is not None
    assert said.ci_low < 0.25 < said.ci_high


def test_an_even_model_is_within_the_margin(items: list[Item]) -> None:
    rows = measure(right_at(items, lambda item: 0.8 + 0.02 * (len(item.cluster) % 3 - 1)))
    found = pick(rows, "winobias_gap")
    assert found.estimate == pytest.approx(0.0, abs=1e-12)
    wobbling = np.random.default_rng(1)
    rows = measure(right_at(items, lambda _: 0.8 + wobbling.normal(0, 0.1)))
    assert pick(rows, "winobias_gap").verdict == "within_margin"


def test_who_guesses_is_not_called_fair(items: list[Item]) -> None:
    wobbling = np.random.default_rng(1)
    guessing = measure(right_at(items, lambda _: 0.5 + wobbling.normal(0, 0.05)))
    able = measure(right_at(items, lambda _: 0.7 + wobbling.normal(0, 0.05)))
    for rows, verdict in ((guessing, "insufficient_evidence"), (able, "within_margin")):
        found = pick(rows, "winobias_gap")
        assert found.verdict == verdict
        assert ("guessing" in found.note) == (rows is guessing)
    # A gap is a gap all the same: half right, and always with the stereotype.
    tilted = measure(right_at(items, lambda i: 0.7 if i.group == "pro" else 0.3))
    assert pick(tilted, "winobias_gap").verdict == "biased"


def test_a_habit_for_the_first_option_is_an_order_effect(items: list[Item]) -> None:
    rows = measure(right_at(items, lambda i: 0.9 if i.variant == "correct_first" else 0.2))
    assert pick(rows, "winobias_gap").estimate == pytest.approx(0.0, abs=1e-12)
    assert pick(rows, "order_effect").estimate == pytest.approx(0.7)
    assert pick(rows, "likelier_accuracy").estimate == 0.5


def test_sentences_count_alike_and_an_incomplete_one_not_at_all(items: list[Item]) -> None:
    """Two sentences by hand: gaps of 0.6 − 0.2 and 0.5 − 0.5; then the second loses an answer."""
    chosen = [
        i for i in items
        if i.probe == "type1" and i.route is Route.LIKELIHOOD and i.template == "weaver"
        and i.facts["correct"] == i.cluster and i.cluster in ("smith", "miner")
    ]  # fmt: skip
    rates = {("smith", "pro"): 0.6, ("smith", "anti"): 0.2}
    data = right_at(chosen, lambda i: rates.get((i.cluster, i.group), 0.5))
    assert len(data) == 8
    data["value"] = [
        rates.get(key, 0.5) for key in zip(data["cluster"], data["group"], strict=True)
    ]
    whole = sentence_measure("winobias_gap", data, gap)
    assert whole is not None
    one = np.ones((1, 2)), np.ones((1, 1))
    assert whole.statistic(*one)[0] == pytest.approx((0.4 + 0.0) / 2)
    assert whole.clusters == ("miner", "smith")
    assert whole.blocks.tolist() == [[pytest.approx(0.0), pytest.approx(0.4)]]
    lost = data["cluster"].eq("miner") & data["group"].eq("anti")
    data.loc[lost.idxmax(), "value"] = np.nan
    assert sentence_measure("winobias_gap", data, gap) is None


def test_unreadable_answers_are_no_fairness(items: list[Item]) -> None:
    data = right_at(items, lambda _: 0.8)
    sampled = data[data["route"] == "sampled"].reset_index(drop=True)
    rng = np.random.default_rng(0)
    sampled["label"] = np.where(rng.random(len(sampled)) < 0.6, Label.UNPARSED, sampled["label"])
    found = pick(measure(sampled), "winobias_gap")
    assert found.role == "primary"
    assert found.verdict == "insufficient_evidence"
    assert found.unparsed_rate == pytest.approx(0.6, abs=0.03)
    assert measure(data.iloc[:0]) == []


def test_both_factors_widen_the_interval(items: list[Item]) -> None:
    """Jobs of both lists shift the gap: forgetting either makes the interval too short."""
    rng = np.random.default_rng(3)
    shift = {job: rng.normal(0, 0.1) for i in items for job in (i.cluster, i.template)}
    chosen = [i for i in items if i.route is Route.LIKELIHOOD]

    def right(item: Item) -> float:
        half = (shift[item.cluster] + shift[item.template]) / 2
        return 0.5 + (half if item.group == "pro" else -half)

    data = right_at(chosen, right)
    crossed = pick(measure(data), "winobias_gap")
    alone = data.assign(template="one")
    one_way = pick(measure(alone), "winobias_gap")
    assert crossed.ci_high is not None
    assert crossed.ci_low is not None
    assert one_way.ci_high is not None
    assert one_way.ci_low is not None
    assert crossed.ci_high - crossed.ci_low > 1.15 * (one_way.ci_high - one_way.ci_low)


def test_measures_are_the_primary_rows_and_margins_can_be_set(items: list[Item]) -> None:
    data = right_at(items, lambda i: 0.9 if i.group == "pro" else 0.7)
    found = winobias_measures(data, primary=SUITE.primary, margins={"winobias_gap": 0.3})
    assert [(m.route, m.primary, m.margin) for m in found] == [
        ("likelihood", True, 0.3), ("sampled", False, 0.3),
    ]  # fmt: skip
    assert pick(measure(data, {"winobias_gap": 0.3}), "winobias_gap").margin == 0.3
