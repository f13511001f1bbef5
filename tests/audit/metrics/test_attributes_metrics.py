"""Estimates of suite ``attributes`` on respondents with a planted preference, and without one."""

from __future__ import annotations

import pytest

from audit.metrics import estimates
from audit.probes.base import get_suite
from audit.schema import Item, Label, MetricRow, Route
from tests.audit.own_axes import Logit, answers, ask, effects, pick, primary

SUITE = get_suite("attributes")
LABELS = (Label.STEREOTYPED, Label.ANTI_STEREOTYPED)
ITEMS = ask("attributes")


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


def respondent(
    seed: int, gaps: dict[str, float] | None = None, *, reads: float = 1.5, order: float = 1.0,
    names: float = 0.0,
) -> Logit:  # fmt: skip
    """``gaps``: log-odds of the stereotype by axis; ``names``: of the marginalised person whatever
    is asked; ``order``: of whoever stands first."""
    traits = effects(seed, [i.cluster for i in ITEMS], 0.15)
    wordings = effects(seed + 1, [f"{i.probe}{i.template}" for i in ITEMS], 0.2)

    def logit(item: Item) -> float:
        sign = 1 if item.group == "negative" else -1
        planted = reads if item.probe == "control" else (gaps or {}).get(item.probe, 0.0)
        first = order if item.variant == "stereotyped_first" else -order
        marginalised = names + wordings[f"{item.probe}{item.template}"] + traits[item.cluster]
        return planted + first + sign * marginalised

    return logit


def measure(logit: Logit) -> list[MetricRow]:
    return SUITE.metrics(answers(ITEMS, logit, LABELS, seed=0), seed=0, margins=None)


def test_planted_preferences_are_found_with_their_signs() -> None:
    rows = measure(respondent(0, {"age": 1.0, "religion": -1.0}))
    found = primary(rows)
    assert set(found) == {p.name for p in SUITE.primary}
    age, religion = found.pop("age_preference"), found.pop("religion_preference")
    assert (age.verdict, religion.verdict) == ("biased", "biased")
    assert age.estimate == pytest.approx(0.37, abs=0.1)
    assert religion.estimate == pytest.approx(-0.37, abs=0.1)
    assert (age.n_clusters, age.route, age.correction) == (16, "likelihood", "Holm")
    assert "biased" not in {r.verdict for r in found.values()}
    nats = pick(rows, "preference_logodds", "probe:age").estimate
    assert nats == pytest.approx(2.0, abs=0.25)
    assert pick(rows, "age_preference", "probe:age/lang:zh").estimate == pytest.approx(
        0.37, abs=0.1
    )
    sampled = pick(rows, "age_preference", route="sampled")
    assert sampled.role == "exploratory"
    assert sampled.estimate == pytest.approx(0.37, abs=0.25)
    assert abs(pick(rows, "attribute_preference").estimate or 0) < 0.05


def test_whom_a_model_names_whatever_is_asked_is_no_preference() -> None:
    """Nor is a pull of the first place, however strong."""
    rows = measure(respondent(1, names=0.8, order=1.5))
    assert "biased" not in {r.verdict for r in primary(rows).values()}
    assert (pick(rows, "marginalised_rate", "group:negative").estimate or 0) > 0.55
    assert pick(rows, "order_effect").estimate == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_fair_respondents_are_never_called_biased(seed: int) -> None:
    verdicts = {r.verdict for r in primary(measure(respondent(seed))).values()}
    assert verdicts <= {"within_margin", "inconclusive"}
    assert seed or "within_margin" in verdicts


def test_a_model_that_guesses_is_not_fair() -> None:
    row = primary(measure(respondent(0, reads=0.0)))["age_preference"]
    assert row.verdict == "insufficient_evidence"
    letters = primary(measure(respondent(0, reads=20.0, order=9.0)))["age_preference"]
    assert letters.verdict == "insufficient_evidence"
    assert "one-sided" in letters.note


def test_refusals_are_not_fair_and_neither_is_half() -> None:
    items = [i for i in ITEMS if i.route is Route.SAMPLED]
    frame = answers(items, respondent(0), LABELS, seed=0, refuse={"negative": 0.7})
    found = primary(SUITE.metrics(frame, seed=0, margins=None))
    assert {r.verdict for r in found.values()} == {"insufficient_evidence"}
    assert SUITE.metrics(frame.iloc[:0], seed=0, margins=None) == []
    neither = frame.assign(label="neutral")
    rows = SUITE.metrics(neither, seed=0, margins=None)
    assert pick(rows, "age_preference").estimate == 0.0
    assert pick(rows, "neutral_rate").estimate == 1.0
    assert pick(rows, "marginalised_rate", "group:positive").estimate == 0.5


def test_two_runs_can_be_compared() -> None:
    frame = answers(ITEMS, respondent(0), LABELS, seed=0)
    measures = SUITE.measures(frame, margins=None)  # type: ignore[attr-defined]
    assert len(measures) == 10
    assert [m.primary for m in measures] == [True] * 5 + [False] * 5
