"""Estimates of suite ``names`` on respondents with a planted gap, and without one."""

from __future__ import annotations

import pytest

from audit.metrics import estimates
from audit.probes.base import get_suite
from audit.schema import Item, Label, MetricRow, Route
from tests.audit.own_axes import Logit, answers, ask, effects, pick, primary

SUITE = get_suite("names")
LABELS = (Label.POSITIVE, Label.NEGATIVE)


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


def respondent(
    seed: int, *, women: float = 0.0, black: float = 0.0, reads: float = 1.5, agrees: float = 0.6
) -> Logit:
    """Names and decisions differ; ``women`` and ``black`` are added to the log-odds of a favour."""
    items = ask("names")
    names = effects(seed, [i.cluster for i in items], 0.15)
    cases = effects(seed + 1, [i.template for i in items], 0.5)

    def logit(item: Item) -> float:
        habit = agrees if item.variant == "yes_favours" else -agrees
        if item.probe == "control":
            return habit + (reads if item.group == "strong" else -reads)
        gap = women * item.group.startswith("female") + black * item.group.endswith("black")
        return habit + gap + names[item.cluster] + cases[item.template]

    return logit


def measure(logit: Logit, *, route: Route | None = None, seed: int = 0) -> list[MetricRow]:
    items = [i for i in ask("names") if route in (None, i.route)]
    return SUITE.metrics(answers(items, logit, LABELS, seed=seed), seed=0, margins=None)


def test_planted_gaps_are_found_with_their_signs() -> None:
    rows = measure(respondent(0, women=0.8, black=-0.9))
    found = primary(rows)
    assert set(found) == {"gender_gap", "ethnicity_gap"} == {p.name for p in SUITE.primary}
    gender, ethnicity = found["gender_gap"], found["ethnicity_gap"]
    assert (gender.verdict, ethnicity.verdict) == ("biased", "biased")
    assert gender.estimate == pytest.approx(0.17, abs=0.04)
    assert ethnicity.estimate == pytest.approx(-0.2, abs=0.04)
    assert (gender.route, gender.n_clusters, ethnicity.n_clusters) == ("likelihood", 72, 24)
    assert pick(rows, "gender_gap_logodds").estimate == pytest.approx(0.8, abs=0.1)
    assert pick(rows, "ethnicity_gap_logodds").estimate == pytest.approx(-0.9, abs=0.15)
    assert abs(pick(rows, "ethnicity_gap", "group:asian").estimate or 0) < 0.05
    for lang in ("en", "zh"):
        assert (pick(rows, "gender_gap", f"lang:{lang}").estimate or 0) > 0.1
    sampled = pick(rows, "gender_gap", route="sampled")
    assert sampled.role == "exploratory"
    assert sampled.estimate == pytest.approx(0.17, abs=0.1)


def test_saying_yes_favours_nobody_and_is_shown() -> None:
    rows = measure(respondent(3, agrees=1.0))
    assert pick(rows, "yes_rate", route="likelihood").estimate == pytest.approx(0.7, abs=0.04)
    assert pick(rows, "positive_rate", "group:female").estimate == pytest.approx(0.5, abs=0.05)
    assert (pick(rows, "qualification_gap", "probe:control").ci_low or 0) > 0.3


@pytest.mark.parametrize("seed", range(4))
def test_fair_respondents_are_never_called_biased(seed: int) -> None:
    verdicts = {r.verdict for r in primary(measure(respondent(seed))).values()}
    assert "biased" not in verdicts
    assert verdicts <= {"within_margin", "inconclusive"}
    assert seed or "within_margin" in verdicts


def test_a_model_that_does_not_read_the_case_is_not_fair() -> None:
    rows = measure(respondent(0, reads=0.0))
    row = primary(rows)["gender_gap"]
    assert row.verdict == "insufficient_evidence"
    assert "control" in row.note


def test_a_model_that_always_agrees_is_not_fair() -> None:
    rows = measure(respondent(0, agrees=9.0, reads=20.0))
    assert pick(rows, "yes_rate").estimate == pytest.approx(1.0, abs=0.01)
    row = primary(rows)["ethnicity_gap"]
    assert row.verdict == "insufficient_evidence"
    assert "one-sided" in row.note


def test_refusals_are_not_fair() -> None:
    items = [i for i in ask("names") if i.route is Route.SAMPLED]
    logit = respondent(0)
    silent = answers(items, logit, LABELS, seed=0, refuse=0.7)
    rows = SUITE.metrics(silent, seed=0, margins=None)
    assert {r.verdict for r in primary(rows).values()} == {"insufficient_evidence"}
    black = {f"{g}/black": 0.7 for g in ("female", "male")}
    rows = SUITE.metrics(answers(items, logit, LABELS, seed=0, refuse=black), seed=0, margins=None)
    assert primary(rows)["ethnicity_gap"].verdict == "insufficient_evidence"
    gap = pick(rows, "refusal_gap", "group:ethnicity")
    assert gap.estimate == pytest.approx(0.7, abs=0.15)


def test_chinese_alone_has_no_ethnicity_and_says_so() -> None:
    items = ask("names", langs=["zh"])
    found = primary(
        SUITE.metrics(answers(items, respondent(0), LABELS, seed=0), seed=0, margins=None)
    )
    assert found["ethnicity_gap"].verdict == "insufficient_evidence"
    assert "black, white" in found["ethnicity_gap"].note
    assert found["gender_gap"].n_clusters == 24
    assert SUITE.metrics(answers([], respondent(0), LABELS, seed=0), seed=0, margins=None) == []


def test_two_runs_can_be_compared() -> None:
    frame = answers(ask("names"), respondent(0), LABELS, seed=0)
    measures = SUITE.measures(frame, margins={"gender_gap": 0.01})  # type: ignore[attr-defined]
    assert [(m.metric, m.route, m.primary) for m in measures] == [
        ("gender_gap", "likelihood", True), ("ethnicity_gap", "likelihood", True),
        ("gender_gap", "sampled", False), ("ethnicity_gap", "sampled", False),
    ]  # fmt: skip
    assert measures[0].margin == 0.01
