"""Estimates of suite ``tone`` on respondents that treat people differently, and alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, Item, MetricRow
from tests.audit.own_axes import ask, pick, primary, row

SUITE = get_suite("tone")
ITEMS = ask("tone")
WARM, COOL = "Great idea, you will love it.", "Put the rice into a pan."
NO = {"en": "I'm sorry, but I can't help with that.", "zh": "抱歉，我无法提供建议。"}
SAID = {"en": (WARM, COOL), "zh": ("好主意，你一定会喜欢的。", "把米饭放进锅里。")}


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


def measure(
    seed: int = 0,
    *,
    warm: dict[str, float] | None = None,
    refuse: dict[str, float] | None = None,
    usual: float = 0.5,
    declined: float = 0.0,
    empty: float = 0.0,
) -> list[MetricRow]:
    """Shares of warm answers and of refusals by side; ``usual`` and ``declined`` for the others."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in ITEMS:
        warmth = (warm or {}).get(item.group, usual)
        text = SAID[item.lang][int(rng.random() > warmth)]
        if rng.random() < (refuse or {}).get(item.group, declined):
            text = NO[item.lang]
        if rng.random() < empty:
            text = ""
        rows.append(row(item, response=text, label=str(SUITE.label(item, text))))
    frame = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
    return SUITE.metrics(frame, seed=0, margins=None)


def test_planted_gaps_are_found_with_their_signs() -> None:
    rows = measure(warm={"woman": 1.0, "man": 0.0}, refuse={"older": 0.5})
    found = primary(rows)
    assert set(found) == {p.name for p in SUITE.primary}
    gender, age = found["sentiment_gap_gender"], found["refusal_gap_age"]
    assert (gender.verdict, age.verdict) == ("biased", "biased")
    assert (gender.estimate or 0) > 0.5
    assert age.estimate == pytest.approx(0.5, abs=0.12)
    assert age.refusal_rate == pytest.approx(0.25, abs=0.07)
    assert (gender.n_clusters, gender.route, age.n_clusters) == (30, "sampled", 30)
    assert "woman − man" in gender.note
    swapped = primary(measure(warm={"woman": 0.0, "man": 1.0}))["sentiment_gap_gender"]
    assert (swapped.estimate, swapped.verdict) == (-(gender.estimate or 0), "biased")
    levels = [pick(rows, "sentiment", f"probe:gender/group:{s}").estimate for s in ("woman", "man")]
    assert levels[0] > levels[1] == 0.0  # type: ignore[operator]


def test_the_same_answer_to_everybody_is_shown_to_be_fair() -> None:
    found = primary(measure(usual=1.0))
    refusals = {name: r.verdict for name, r in found.items() if name.startswith("refusal")}
    assert set(refusals.values()) == {"within_margin"}
    assert "biased" not in {r.verdict for r in found.values()}


def test_fair_respondents_are_seldom_called_biased() -> None:
    """By any of six metrics one in twenty may be."""
    called = 0
    for seed in range(12):
        verdicts = {r.verdict for r in primary(measure(seed, declined=0.1)).values()}
        assert verdicts <= {"within_margin", "inconclusive", "biased"}
        called += "biased" in verdicts
    assert called <= 2


def test_refusals_and_silence_are_not_fair() -> None:
    found = primary(measure(declined=0.7))
    for axis in ("gender", "ethnicity", "age"):
        assert found[f"sentiment_gap_{axis}"].verdict == "insufficient_evidence"
        # How often is refused is known all the same.
        assert found[f"refusal_gap_{axis}"].verdict == "inconclusive"
    silent = primary(measure(empty=0.7))
    assert {r.verdict for r in silent.values()} == {"insufficient_evidence"}


def of_texts(said: Callable[[Item], str], items: Sequence[Item] = ITEMS) -> list[MetricRow]:
    texts = [(item, said(item)) for item in items]
    rows = [row(item, response=t, label=str(SUITE.label(item, t))) for item, t in texts]
    return SUITE.metrics(pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS)), seed=0, margins=None)


@pytest.mark.parametrize("warm", ["older", "younger"])
def test_a_planted_gap_in_chinese_alone_is_found_with_its_sign(warm: str) -> None:
    def said(item: Item) -> str:
        return SAID[item.lang][int(item.lang == "en" or item.group != warm)]

    rows = of_texts(said)
    sign = 1 if warm == "older" else -1
    full = score("zh", SAID["zh"][0])
    assert full > 0.3
    chinese, english, both = (
        pick(rows, "sentiment_gap_age", slice_).estimate
        for slice_ in ("probe:age/lang:zh", "probe:age/lang:en", "all")
    )
    assert chinese == pytest.approx(sign * full)
    assert english == 0.0
    # Languages weigh the same, however many texts each has.
    assert both == pytest.approx(sign * full / 2)
    assert primary(rows)["sentiment_gap_age"].verdict == "biased"
    level = pick(rows, "sentiment", f"probe:age/group:{warm}")
    assert 0 < (level.estimate or 0) < full
    alone = of_texts(said, [i for i in ITEMS if i.lang == "zh"])
    assert primary(alone)["sentiment_gap_age"].estimate == pytest.approx(sign * full)
    assert primary(alone)["sentiment_gap_ethnicity"].verdict == "insufficient_evidence"


def test_the_same_scale_in_both_languages() -> None:
    assert [score(lang, SAID[lang][1]) for lang in ("en", "zh")] == [0.0, 0.0]
    assert score("zh", "好") == pytest.approx(score("en", "good"), abs=0.05)
    assert score("zh", "很糟糕") == pytest.approx(score("en", "awful"), abs=0.1)


def score(lang: str, text: str) -> float:
    return float(SUITE._scorers[lang](text))  # type: ignore[attr-defined]


def test_chinese_answers_have_a_length() -> None:
    items = [i for i in ITEMS if i.lang == "zh"]
    found = of_texts(lambda i: "好" * (40 if i.group == "older" else 20), items)
    assert primary(found)["sentiment_gap_gender"].estimate == 0.0
    assert primary(found)["refusal_gap_gender"].estimate == 0.0
    length = pick(found, "length_gap", "probe:age")
    assert length.estimate == pytest.approx(np.log(2))
    assert pick(found, "length_gap", "probe:gender").estimate == 0.0
    assert SUITE.metrics(pd.DataFrame(columns=list(RESPONSE_COLUMNS)), seed=0, margins=None) == []


def test_two_runs_can_be_compared() -> None:
    rows = [row(i, response=WARM, label="positive") for i in ITEMS]
    frame = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
    measures = SUITE.measures(frame, margins=None)  # type: ignore[attr-defined]
    assert [m.metric for m in measures] == [p.name for p in SUITE.primary]
    assert all(m.primary for m in measures)
