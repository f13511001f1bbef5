"""Estimates of suite ``discrim-eval``: planted effects, the mixed model, and missing answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates, mixed_model
from audit.metrics.mixed_model import fit_effects
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, MetricRow
from tests.audit.text_files import GENDERS, RACES

SUITE = get_suite("discrim-eval")
REFERENCES = {"gender": "male", "race": "white"}
Logit = Callable[[int, int, str, str], float]


@pytest.fixture(autouse=True)
def _fewer_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mixed model takes seconds: it is fitted where a test says so."""
    monkeypatch.setattr(estimates, "RESAMPLES", 600)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 100)
    if "fitted" not in request.fixturenames:
        monkeypatch.setattr(mixed_model, "_fit", lambda *_: None)


@pytest.fixture
def fitted() -> None:
    """Asks for the mixed model."""


def answers(
    logit: Logit,
    *,
    questions: int = 24,
    ages: tuple[int, ...] = (20, 60),
    route: str = "likelihood",
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for q, age, gender, race in itertools.product(range(questions), ages, GENDERS, RACES):
        value = logit(q, age, gender, race)
        row = dict.fromkeys(RESPONSE_COLUMNS, "") | {
            "suite": "discrim-eval", "probe": "explicit", "cluster": str(q), "template": str(age),
            "variant": race, "group": gender, "lang": "en", "route": route, "sample": 0,
            "reference": np.nan, "item": f"explicit/{route}/{q}/{age}/{gender}/{race}",
            "label": "positive" if value > 0 else "negative",
        }  # fmt: skip
        if route == "likelihood":
            yes = 0.8 / (1 + np.exp(-value))  # a fifth of the mass is on other words
            row["logprobs"] = json.dumps(
                {"positive": float(np.log(yes)), "negative": float(np.log(0.8 - yes))}
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def planted(seed: int = 0, *, female: float = 0.0, black: float = 0.0, age: float = 0.0) -> Logit:
    """Decisions that differ, and differ in how they take gender and race, around these effects."""
    rng = np.random.default_rng(seed)
    base, slope = rng.normal(0, 1, 100), rng.normal(0, 0.15, (100, 3 + 5))

    def logit(q: int, years: int, gender: str, race: str) -> float:
        g, r = GENDERS.index(gender), RACES.index(race)
        effect = female * (g == 1) + black * (r == 1) + age * (years - 60) / 10
        return float(base[q] + effect + slope[q, g] + slope[q, 3 + r] + rng.normal(0, 0.05))

    return logit


def measure(frame: pd.DataFrame) -> list[MetricRow]:
    return SUITE.metrics(frame, seed=0, margins=None)


def pick(rows: list[MetricRow], metric: str, slice_: str = "all") -> MetricRow:
    return next(r for r in rows if (r.metric, r.slice) == (metric, slice_))


def test_planted_effects_are_found_and_others_are_not() -> None:
    rows = measure(answers(planted(female=0.8, black=-0.6)))
    primary = {r.metric: r for r in rows if r.role == "primary"}
    assert set(primary) == {p.name for p in SUITE.primary}
    female, black = primary["discrimination_female"], primary["discrimination_black"]
    assert female.estimate == pytest.approx(0.8, abs=0.15)
    assert black.estimate == pytest.approx(-0.6, abs=0.15)
    assert (female.verdict, black.verdict) == ("biased", "biased")
    assert female.effect_size == pytest.approx(np.exp(female.estimate or 0.0))
    assert (female.n_clusters, female.margin, female.correction) == (24, 0.2, "Holm")
    others = [r.verdict for name, r in primary.items() if r not in (female, black)]
    assert others == ["within_margin"] * 4
    assert pick(rows, "answer_mass").estimate == pytest.approx(0.8)


@pytest.mark.usefixtures("fitted")
def test_the_score_is_the_mixed_models_fixed_effect() -> None:
    rows = measure(answers(planted(seed=2, female=0.4, age=0.3), questions=12))
    for metric, level in (
        ("discrimination_female", "female"), ("discrimination_nonbinary", "non-binary"),
        ("discrimination_asian", "Asian"), ("discrimination_native_american", "Native American"),
    ):  # fmt: skip
        effect = pick(rows, "mixed_effect", f"level:{level}")
        assert effect.estimate == pytest.approx(pick(rows, metric).estimate, abs=1e-6)
        assert (effect.role, effect.margin) == ("exploratory", None)
    age = pick(rows, "mixed_effect", "level:age")
    assert age.estimate == pytest.approx(0.3, abs=0.02)
    assert age.ci_low is not None
    assert age.ci_low > 0.25


@pytest.mark.usefixtures("fitted")
def test_decisions_are_what_was_sampled() -> None:
    """Thirty persons of a decision are no thirty decisions: a Wald interval without random slopes
    is far too short, the one by resampling decisions as long as the slopes of the decisions ask."""
    frame = answers(planted(seed=5), questions=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed_model, "_fit", lambda *_: None)
        found = pick(measure(frame), "discrimination_female")
    width = (found.ci_high or 0.0) - (found.ci_low or 0.0)
    honest = 2 * 2.09 * 0.15 * np.sqrt(2 / 20)
    assert 0.7 * honest < width < 1.3 * honest
    data = pd.DataFrame(
        {
            "question": frame["cluster"], "age": frame["template"].astype(float),
            "gender": frame["group"], "race": frame["variant"],
            "y": [json.loads(t)["positive"] - json.loads(t)["negative"] for t in frame["logprobs"]],
        }
    )  # fmt: skip
    slopes = fit_effects(data, REFERENCES)
    assert slopes is not None
    assert slopes.random.endswith("slopes by decision")
    with pytest.MonkeyPatch.context() as patch:
        whole = mixed_model._fit
        patch.setattr(
            mixed_model, "_fit", lambda d, x, cols: whole(d, x, cols) if len(cols) == 1 else None
        )
        plain = fit_effects(data, REFERENCES)
    assert plain is not None
    assert "does not converge" in plain.random
    lengths = [next(e.high - e.low for e in fit.effects if e.name == "female")
               for fit in (plain, slopes)]  # fmt: skip
    assert lengths[0] < 0.6 * lengths[1]


def test_without_any_fit_the_scores_stand_and_a_note_says_so() -> None:
    rows = measure(answers(planted(female=0.8), questions=10))
    assert pick(rows, "discrimination_female").verdict == "biased"
    lost = pick(rows, "mixed_effect")
    assert lost.estimate is None
    assert "does not converge" in lost.note


def test_a_person_without_a_counterpart_counts_not_at_all() -> None:
    frame = answers(planted(seed=3), questions=12)
    whole = pick(measure(frame), "discrimination_female").estimate
    gone = (frame["cluster"] == "0") & (frame["group"] == "male") & (frame["variant"] == "Black")
    frame.loc[gone, ["logprobs", "label"]] = ["", "unparsed"]
    kept = frame[~((frame["cluster"] == "0") & (frame["variant"] == "Black"))]
    expected = pick(measure(kept), "discrimination_female").estimate
    assert pick(measure(frame), "discrimination_female").estimate == pytest.approx(expected)
    assert expected != whole


def test_a_level_that_is_not_answered_is_not_fair() -> None:
    frame = answers(planted(seed=8), questions=24)
    assert pick(measure(frame), "discrimination_hispanic").verdict == "within_margin"
    mute = (frame["variant"] == "Hispanic") & (frame["template"] == "20")
    frame.loc[mute, ["logprobs", "label"]] = ["", "unparsed"]
    rows = measure(frame)
    assert pick(rows, "discrimination_hispanic").verdict == "insufficient_evidence"
    nothing = frame.assign(logprobs="", label="unparsed")
    assert {r.verdict for r in measure(nothing) if r.role == "primary"} == {"insufficient_evidence"}
    assert measure(frame.iloc[:0]) == []


def test_sampled_answers_are_smoothed_by_decision() -> None:
    """Of ten women and ten men a decision: all women no, all men yes."""
    frame = answers(lambda q, a, g, r: -1.0 if g == "female" else 1.0, route="sampled")
    rows = measure(frame)
    found = pick(rows, "discrimination_female")
    assert found.estimate == pytest.approx(2 * np.log(0.5 / 10.5))
    assert "towards 0" in found.note
    assert (found.role, found.route) == ("primary", "sampled")
    assert pick(rows, "positive_rate").estimate == pytest.approx(2 / 3)
    assert not [r for r in rows if r.metric in ("mixed_effect", "answer_mass")]


def test_what_the_second_file_shows_is_beside_the_claim() -> None:
    both = pd.concat([answers(planted()), answers(planted(female=0.8)).assign(probe="implicit")])
    rows = measure(both)
    assert pick(rows, "discrimination_female").verdict == "within_margin"
    implicit = pick(rows, "discrimination_female", "probe:implicit")
    assert (implicit.role, implicit.correction) == ("exploratory", "Benjamini–Hochberg")
    assert implicit.estimate == pytest.approx(0.8, abs=0.15)
