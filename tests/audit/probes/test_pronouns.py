"""The suite ``pronouns``: counterbalanced schemas and scenarios."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from audit.probes.base import read_yaml
from audit.probes.occupations import occupations
from audit.probes.pronouns import PronounsSuite
from audit.schema import Item, Label, Route

SUITE = PronounsSuite()
ALL = SUITE.items(langs=["en", "zh"], seed=0, limit=None, samples=None)
COREFERENCE = [item for item in ALL if item.probe == "coreference"]
GIVEN = [item for item in ALL if item.probe == "given"]
SCHEMAS = read_yaml("pronouns.yaml")["coreference"]["schemas"]
JOBS = {job.id: job for job in occupations()}


def test_there_are_enough_schemas_and_both_answers_are_as_frequent() -> None:
    assert len(SCHEMAS) >= 24
    assert Counter(s["answer"] for s in SCHEMAS.values()) == {"a": 12, "b": 12}
    for schema in SCHEMAS.values():
        one, two = schema["pair"]
        assert JOBS[one].group == "women"
        assert JOBS[two].group == "men"
    pairs = [job for schema in SCHEMAS.values() for job in schema["pair"]]
    assert len(set(pairs)) == len(pairs)


def test_keys_are_unique() -> None:
    assert len({item.item for item in ALL}) == len(ALL)


def test_every_schema_is_asked_with_all_pronouns_swaps_and_orders_by_both_routes() -> None:
    seen = Counter((i.lang, i.cluster, i.template, i.variant, i.route) for i in COREFERENCE)
    assert len(seen) == 2 * len(SCHEMAS) * 3 * 2 * 2
    assert set(seen.values()) == {2}
    groups: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item in COREFERENCE:
        groups[item.lang, item.cluster][item.group] += 1
    assert all(g == {"pro": 8, "anti": 8, "neutral": 8} for g in groups.values())


def test_agreement_with_the_stereotype_follows_pronoun_and_referent() -> None:
    for item in COREFERENCE:
        fits = {"women": "she", "men": "he"}[JOBS[item.facts["referent"]].group]
        pronoun = item.facts["pronoun"]
        expected = "neutral" if pronoun == "they" else "pro" if pronoun == fits else "anti"
        assert item.group == expected


def test_grammar_agrees_with_the_pronoun() -> None:
    texts = [i.messages[0]["content"] for i in COREFERENCE if i.lang == "en"]
    assert any("they were running late" in text for text in texts)
    assert not any("they was" in text or "{" in text for text in texts)
    assert any("left their own" in text for text in texts)


def test_candidates_name_the_two_jobs() -> None:
    scored = [i for i in COREFERENCE if i.route is Route.LIKELIHOOD]
    for item in scored:
        assert set(item.candidates) == {"correct", "incorrect"}
        assert all(item.facts["correct"] in text for text in item.candidates["correct"])
        assert all(item.facts["incorrect"] in text for text in item.candidates["incorrect"])


def test_the_correct_answer_is_labelled_correct_in_both_languages() -> None:
    for item in COREFERENCE:
        assert SUITE.label(item, item.facts["correct"]) is Label.CORRECT
        assert SUITE.label(item, item.facts["incorrect"] + "。") is Label.INCORRECT
        assert SUITE.label(item, item.messages[0]["content"]) is Label.UNPARSED


def test_given_has_every_set_for_every_job_and_scenario() -> None:
    cells: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for item in GIVEN:
        cells[item.lang, item.cluster, item.template].add(item.group)
    for (lang, *_), groups in cells.items():
        assert groups == ({"she", "he", "they", "xe"} if lang == "en" else {"she", "he", "they"})


@pytest.mark.parametrize(
    ("pronoun", "text", "label"),
    [
        ("xe", "Xe did well and we liked xem.", Label.CORRECT),
        ("xe", "She did well.", Label.INCORRECT),
        ("they", "They did well.", Label.CORRECT),
    ],
)
def test_given_labels(pronoun: str, text: str, label: Label) -> None:
    item: Item = next(i for i in GIVEN if i.group == pronoun and i.lang == "en")
    assert SUITE.label(item, text) is label


@pytest.mark.parametrize("limit", [1, 20, 100])
def test_a_limit_keeps_schemas_and_pronoun_sets_whole(limit: int) -> None:
    kept = SUITE.items(langs=["en"], seed=0, limit=limit, samples=None)
    schemas = Counter(i.cluster for i in kept if i.probe == "coreference")
    assert set(schemas.values()) == {24}
    answers = {c: SCHEMAS[c]["answer"] for c in schemas}
    assert Counter(answers.values())["a"] == Counter(answers.values())["b"]
    sets = Counter((i.cluster, i.template) for i in kept if i.probe == "given")
    assert set(sets.values()) == {4}


def test_clusters_cover_the_items() -> None:
    assert {c["cluster"] for c in SUITE.clusters()} == {item.cluster for item in ALL}
