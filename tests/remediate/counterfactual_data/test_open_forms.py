"""A "her" that the rules leave open is decided by the likelier text."""

from __future__ import annotations

import math

from audit.schema import Label
from core.models.base import Score
from remediate.counterfactual_data import build, twins
from remediate.counterfactual_data.open_forms import OpenForms, choice_payload
from remediate.counterfactual_data.pairs import Pair
from remediate.counterfactual_data.splits import split_occupations
from remediate.counterfactual_data.swap import swap_gender

OPEN = "The manager might bring her machine books."
SPLITS = split_occupations(0)
OPTIONS = build.DataOptions(n_train=64)


def answers() -> dict[str, str]:
    """Every continuation leaves its word open, whichever pronoun it follows."""
    return {
        request.key: " might bring her machine books."
        for request in build.requests(SPLITS, OPTIONS)
        if request.key.startswith("twin/sentence/")
    }


def sentences(found: dict[str, str]) -> list[Pair]:
    made = twins.build(SPLITS, OPTIONS.seed, OPTIONS.langs, found)
    return [pair for pair in made if pair.probe == "sentence"]


def swapped(pairs: list[Pair]) -> set[str]:
    """What "her" became on the men's side."""
    return {
        word
        for pair in pairs
        for word in ("him", "his", "her")
        if f" {word} " in f" {pair.rejected[0]['content']} "
    }


def test_the_rules_guess_stands_until_the_model_is_asked() -> None:
    forms = OpenForms({})
    text = swap_gender(OPEN, "en", to=Label.MAN, disambiguate=forms).text
    assert text == "The manager might bring him machine books."
    (request,) = forms.unasked.values()
    assert request.messages == ()
    assert request.continuations == (
        "The manager might bring him machine books.", "The manager might bring his machine books.",
    )  # fmt: skip


def test_the_likelier_text_wins() -> None:
    forms = OpenForms({})
    swap_gender(OPEN, "en", to=Label.MAN, disambiguate=forms)
    (key,) = forms.unasked
    chosen = choice_payload(Score(key, ((-9.0, -1.0), (-9.0, -0.5))))
    assert chosen == {"text": "1", "totals": (-10.0, -9.5)}
    told = OpenForms({key: str(chosen["text"])})
    text = swap_gender(OPEN, "en", to=Label.MAN, disambiguate=told).text
    assert text == "The manager might bring his machine books."
    assert not told.unasked


def test_a_missing_likelihood_leaves_the_rules_guess() -> None:
    assert choice_payload(Score("k", ((math.nan,), (-1.0,))))["text"] == "0"
    assert choice_payload(Score("k", ((-math.inf,), (-1.0,))))["text"] == "0"


def test_pairs_follow_what_the_model_decided() -> None:
    texts = answers()
    forms = build.open_forms(SPLITS, OPTIONS, texts)
    assert forms
    assert "his" not in swapped(sentences(texts))
    decided = texts | {form.key: "1" for form in forms}
    assert "his" in swapped(sentences(decided))
    assert "him" not in swapped(sentences(decided))
