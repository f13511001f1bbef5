"""Estimates of suite ``occupations`` against respondents whose bias is planted."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.cells import add_values, make_cells, parse_logprobs
from audit.metrics.estimates import Context
from audit.metrics.occupations import headline, occupation_metrics
from audit.metrics.verdict import Family
from audit.probes.base import get_suite
from audit.schema import MetricRow, Route
from tests.audit.respondents import Respondent, occupation_items

PRIMARY = get_suite("occupations").primary


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 1000)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 100)


def headlines(frame: pd.DataFrame, route: Route, seed: int = 0) -> dict[str, MetricRow]:
    data = add_values(frame, "woman", "man", "neutral")
    data = data[data["route"] == route]
    family = Family()
    for primary in PRIMARY:
        headline(
            family,
            primary.name,
            Context("occupations", "all", route, "primary", seed, data, primary.margin),
        )
    return {row.metric: row for row in family.judged()}


LIKELIHOOD = occupation_items(route=Route.LIKELIHOOD)
SAMPLED = occupation_items(route=Route.SAMPLED)


def test_planted_gap_is_recovered_by_likelihood() -> None:
    person = Respondent(gap=2.0, occupation_sd=0.3, template_sd=0.5, noise_sd=0.3, seed=3)
    rows = headlines(person.answer(LIKELIHOOD), Route.LIKELIHOOD)
    gap = rows["stereotype_gap_logodds"]
    assert gap.ci_low is not None
    assert gap.ci_high is not None
    assert gap.ci_low < 2.0 < gap.ci_high
    assert gap.estimate == pytest.approx(2.0, abs=0.25)
    assert gap.verdict == "biased"
    assert rows["labour_spearman"].verdict == "biased"
    assert gap.effect_size == pytest.approx(math.exp(gap.estimate or 0))


def test_without_any_effect_everything_is_within_its_margin() -> None:
    person = Respondent(occupation_sd=0.02, template_sd=0.02, noise_sd=0.02, seed=1)
    rows = headlines(person.answer(LIKELIHOOD), Route.LIKELIHOOD)
    # A rank correlation ignores how small the differences are: noise alone may leave it open.
    assert {m: r.verdict for m, r in rows.items() if m != "labour_spearman"} == {
        "stereotype_gap": "within_margin",
        "stereotype_gap_logodds": "within_margin",
        "labour_slope": "within_margin",
        "parity_skew": "within_margin",
    }
    assert rows["labour_spearman"].verdict != "biased"


def test_sign_is_kept_for_the_opposite_stereotype() -> None:
    rows = headlines(
        Respondent(gap=-2.0, seed=2, noise_sd=0.1).answer(LIKELIHOOD), Route.LIKELIHOOD
    )
    for metric in ("stereotype_gap", "stereotype_gap_logodds", "labour_slope", "labour_spearman"):
        assert (rows[metric].estimate or 0) < 0
        assert rows[metric].verdict == "biased"


def test_saturation_hides_the_gap_in_probability_but_not_in_logodds() -> None:
    person = Respondent(gap=3.0, base=-8.0, noise_sd=0.01)
    rows = headlines(person.answer(LIKELIHOOD), Route.LIKELIHOOD)
    assert abs(rows["stereotype_gap"].estimate or 1) < 0.01
    assert rows["stereotype_gap"].verdict == "within_margin"
    assert rows["stereotype_gap_logodds"].estimate == pytest.approx(3.0, abs=0.01)
    assert rows["stereotype_gap_logodds"].verdict == "biased"
    assert rows["parity_skew"].verdict == "biased"
    assert (rows["parity_skew"].estimate or 0) < -0.45


def test_an_order_habit_alone_is_no_stereotype(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Respondent(order=3.0, noise_sd=0.05, seed=4).answer(
        occupation_items(limit=120, route=Route.LIKELIHOOD)
    )
    rows = occupation_metrics(frame, suite="occupations", primary=PRIMARY, seed=0, margins=None)
    gap = next(r for r in rows if r.metric == "stereotype_gap" and r.slice == "all")
    assert gap.verdict in ("within_margin", "inconclusive")
    effect = next(r for r in rows if r.metric == "order_effect" and r.slice == "all")
    assert effect.estimate == pytest.approx(3.0, abs=0.1)
    assert "nats" in effect.note


def test_half_of_a_counterbalanced_pair_is_no_measurement() -> None:
    frame = Respondent(order=3.0).answer(LIKELIHOOD)
    lost = (frame["variant"] == "man_first") & (frame["template"] == "likely")
    frame.loc[lost, "logprobs"] = ""
    data = add_values(frame, "woman", "man", "neutral")
    cells = make_cells(data)
    column = [c[2] for c in cells.columns].index("likely")
    assert np.isnan(cells.values[:, column]).all()
    assert not np.isnan(np.delete(cells.values, column, axis=1)).any()


@pytest.mark.parametrize(
    ("refuse", "unparsed", "expected"),
    [(0.6, 0.0, "insufficient_evidence"), (0.0, 0.6, "insufficient_evidence")],
)
def test_mostly_missing_answers_decide_nothing(
    refuse: float, unparsed: float, expected: str
) -> None:
    person = Respondent(gap=4.0, refuse=refuse, unparsed=unparsed, seed=5)
    rows = headlines(person.answer(SAMPLED), Route.SAMPLED)
    assert rows["stereotype_gap"].verdict == expected
    assert (rows["stereotype_gap"].refusal_rate or 0) + (
        rows["stereotype_gap"].unparsed_rate or 0
    ) == pytest.approx(0.6, abs=0.05)


def test_fairness_is_not_claimed_over_many_missing_answers() -> None:
    person = Respondent(neutral=0.7, refuse=0.3, seed=6)
    rows = headlines(person.answer(SAMPLED), Route.SAMPLED)
    assert rows["parity_skew"].verdict == "insufficient_evidence"


def test_always_neutral_answers_are_fair_on_the_probability_scale() -> None:
    rows = headlines(Respondent(neutral=1.0).answer(SAMPLED), Route.SAMPLED)
    assert rows["stereotype_gap"].estimate == 0.0
    assert rows["stereotype_gap"].verdict == "within_margin"


def test_two_occupations_a_side_are_too_few() -> None:
    items = [
        i for i in LIKELIHOOD if i.cluster in {"nurse", "receptionist", "plumber", "electrician"}
    ]
    assert len({i.cluster for i in items}) == 4
    rows = headlines(Respondent(gap=5.0, noise_sd=0.1).answer(items), Route.LIKELIHOOD)
    assert rows["stereotype_gap"].verdict == "insufficient_evidence"


def test_false_alarms_stay_near_the_nominal_level() -> None:
    """Of 60 fair respondents with strong wordings at most 6 may be called (expected: 3)."""
    items = occupation_items(limit=90, route=Route.LIKELIHOOD)
    calls = 0
    for seed in range(60):
        person = Respondent(occupation_sd=0.8, template_sd=1.0, noise_sd=0.8, seed=100 + seed)
        row = headlines(person.answer(items), Route.LIKELIHOOD, seed)["stereotype_gap_logodds"]
        calls += (row.p_value or 1.0) < 0.05
    assert calls <= 7


def test_all_rows_are_adjusted_in_their_family_and_json_ready() -> None:
    frame = Respondent(gap=1.5, noise_sd=0.4, occupation_sd=0.4, seed=7).answer(
        occupation_items(limit=40)
    )
    rows = occupation_metrics(frame, suite="occupations", primary=PRIMARY, seed=0, margins=None)
    primary = [r for r in rows if r.role == "primary"]
    assert [r.metric for r in primary] == [p.name for p in PRIMARY]
    assert {r.route for r in primary} == {"likelihood"}
    assert {r.correction for r in primary} == {"Holm"}
    for row in rows:
        if row.p_value is not None:
            assert row.p_adjusted is not None
            assert row.p_adjusted >= row.p_value - 1e-12
        for value in (row.estimate, row.ci_low, row.ci_high, row.p_value):
            assert value is None or math.isfinite(value)
    assert any(r.metric == "route_agreement" for r in rows)
    json.dumps([r.estimate for r in rows], allow_nan=False)


def test_margins_can_be_overridden() -> None:
    person = Respondent(gap=0.6, occupation_sd=0.05, noise_sd=0.05, seed=8)
    frame = person.answer(occupation_items(limit=60, route=Route.LIKELIHOOD))
    rows = occupation_metrics(
        frame,
        suite="occupations",
        primary=PRIMARY,
        seed=0,
        margins={"stereotype_gap_logodds": 2.0},
    )
    row = next(r for r in rows if r.metric == "stereotype_gap_logodds" and r.slice == "all")
    assert row.margin == 2.0
    assert row.verdict == "within_margin"


def test_same_seed_gives_the_same_rows() -> None:
    frame = Respondent(gap=1.0, noise_sd=0.5, seed=9).answer(occupation_items(limit=20))
    first, second = (
        occupation_metrics(frame, suite="occupations", primary=PRIMARY, seed=11, margins=None)
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"woman": NaN}', '{"woman": -Infinity}'])
def test_unusable_logprobs_are_missing(text: str) -> None:
    assert parse_logprobs(text) == {}


def test_sampled_logodds_survive_shares_of_zero_and_one() -> None:
    rows = headlines(Respondent(gap=60.0).answer(SAMPLED), Route.SAMPLED)
    row = rows["stereotype_gap_logodds"]
    assert row.estimate is not None
    assert math.isfinite(row.estimate)
    assert row.estimate > 3
