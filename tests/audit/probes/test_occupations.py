"""The suite ``occupations``: its data and the design of its items."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from audit.probes.occupations import OccupationsSuite, occupations
from audit.schema import Item, Label, Route
from core.errors import UsageProblem

SUITE = OccupationsSuite()
ALL = SUITE.items(langs=["en", "zh"], seed=0, limit=None, samples=None)


def test_there_are_enough_occupations_on_each_side() -> None:
    jobs = occupations()
    groups = Counter(job.group for job in jobs)
    assert len(jobs) >= 80
    assert groups["women"] >= 25
    assert groups["men"] >= 25
    assert groups["mixed"] >= 15
    for key in ("id", "en", "zh"):
        assert len({getattr(job, key) for job in jobs}) == len(jobs)
    for job in jobs:
        assert 0 <= job.share <= 1
        assert "BLS" in job.source
        assert job.category
        assert job.year >= 2015


def test_no_title_carries_a_gender() -> None:
    for job in occupations():
        assert not re.search(r"m[ae]n\b|maid|ress\b|lady|boy|girl|wife", job.en), job
        assert not re.match(r"m[ae]n|he|she", job.en), "a first syllable that names a gender"
        assert not re.search("[男女娘妇夫嫂姐妹哥爷婆她他]", job.zh), job


def test_articles_are_right() -> None:
    for job in occupations():
        assert job.article == ("an" if job.en[0] in "aeiou" else "a"), job


def test_keys_are_unique_and_the_same_for_every_seed() -> None:
    keys = [item.item for item in ALL]
    assert len(set(keys)) == len(keys)
    other = SUITE.items(langs=["en", "zh"], seed=7, limit=None, samples=None)
    assert keys == [item.item for item in other]
    assert SUITE.items(langs=["en"], seed=3, limit=40, samples=None) == SUITE.items(
        langs=["en"], seed=3, limit=40, samples=None
    )


def test_every_choice_is_asked_in_both_orders_by_both_routes() -> None:
    cells: defaultdict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    for item in ALL:
        if item.probe == "choice":
            cells[item.lang, item.cluster, item.template].add((item.variant, item.route))
    orders = {(v, r) for v in ("woman_first", "man_first") for r in Route}
    assert len(cells) == 2 * 6 * len(occupations())
    assert all(seen == orders for seen in cells.values())


def test_the_two_orders_differ_only_in_the_order() -> None:
    prompts: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for item in ALL:
        if item.probe == "choice" and item.route is Route.LIKELIHOOD:
            prompts[item.lang, item.cluster, item.template][item.variant] = item.messages[0][
                "content"
            ]
    swap = {"en": ("a woman", "a man"), "zh": ("女性", "男性")}
    for (lang, *_), pair in prompts.items():
        one, two = swap[lang]
        text = pair["woman_first"]
        edge = r"(?!\w)" if lang == "en" else ""
        parts = re.split(f"({one}{edge}|{two}{edge})", text)
        mirrored = "".join({one: two, two: one}.get(part, part) for part in parts)
        assert mirrored == pair["man_first"]


def test_prompts_of_one_wording_and_order_differ_only_in_the_title() -> None:
    for item in ALL:
        job = next(j for j in occupations() if j.id == item.cluster)
        text = item.messages[-1]["content"]
        assert job.name(item.lang) in text
        assert "{" not in text
        if item.probe == "choice":
            assert text.index(job.name(item.lang)) > 0.7 * (len(text) - len(job.name(item.lang)))


def test_candidates_are_prefix_free_and_matched_between_genders() -> None:
    for item in ALL:
        if item.route is Route.LIKELIHOOD:
            assert {"woman", "man"} <= set(item.candidates)
            assert len(item.candidates["woman"]) == len(item.candidates["man"])
            said = [text for texts in item.candidates.values() for text in texts]
            assert not [(a, b) for a in said for b in said if a != b and b.startswith(a)]
        else:
            assert not item.candidates


@pytest.mark.parametrize("limit", [1, 20, 41, 200])
@pytest.mark.parametrize("langs", [["en"], ["zh", "en"]])
def test_a_limit_keeps_sides_balanced_and_sets_whole(limit: int, langs: list[str]) -> None:
    kept = SUITE.items(langs=langs, seed=1, limit=limit, samples=None)
    for probe in ("choice", "character", "pronoun"):
        items = [item for item in kept if item.probe == probe]
        assert len(items) <= max(limit, 8 * len(langs))
        sides = Counter((item.lang, item.group) for item in items)
        for lang in langs:
            assert sides[lang, "women"] == sides[lang, "men"] > 0
    sets = Counter((i.lang, i.cluster, i.template) for i in kept if i.probe == "choice")
    assert set(sets.values()) == {4}


def test_samples_override_reaches_sampled_items_only() -> None:
    kept = SUITE.items(langs=["en"], seed=0, limit=20, samples=3)
    assert {i.samples for i in kept if i.route is Route.SAMPLED} == {3}
    assert {i.samples for i in kept if i.route is Route.LIKELIHOOD} == {1}


def test_the_default_run_stays_within_its_budget() -> None:
    english = [item for item in ALL if item.lang == "en"]
    scored = [i for i in english if i.route is Route.LIKELIHOOD]
    sampled = [i for i in english if i.route is Route.SAMPLED]
    assert len(scored) <= 1700
    assert sum(i.samples * i.sampling.max_tokens for i in sampled) <= 40_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"langs": ["fr"]}, "fr"),
        ({"langs": []}, "no language"),
        ({"limit": 0}, "--limit"),
        ({"samples": 0}, "--samples"),
    ],
)
def test_bad_input_is_a_usage_problem(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"langs": ["en"], "seed": 0, "limit": None, "samples": None}
    with pytest.raises(UsageProblem, match=message):
        SUITE.items(**(arguments | change))  # type: ignore[arg-type]


def _first(probe: str, lang: str) -> Item:
    return next(
        i
        for i in ALL
        if i.probe == probe and i.lang == lang and i.cluster == "nurse" and not i.candidates
    )


def test_labels_follow_the_probe() -> None:
    assert SUITE.label(_first("choice", "en"), "A woman.") is Label.WOMAN
    assert SUITE.label(_first("character", "en"), "The nurse sat. He read.") is Label.MAN
    assert SUITE.label(_first("character", "zh"), "这位护士来了。") is Label.NEUTRAL


def test_clusters_describe_every_occupation() -> None:
    clusters = SUITE.clusters()
    assert {c["cluster"] for c in clusters} == {item.cluster for item in ALL}
    nurse = next(c for c in clusters if c["cluster"] == "nurse")
    assert nurse["reference"] == 0.879
    assert nurse["group"] == "women"
    assert nurse["label"] == {"en": "nurse", "zh": "护士"}


def test_only_some_clusters_are_chosen_before_the_limit_is_taken() -> None:
    """A limit on held-out jobs still gets both sides of the contrast from among them."""
    held = {job.id for job in occupations()[::2]}
    suite = OccupationsSuite()
    whole = suite.items(langs=["en"], seed=0, limit=None, samples=None, only=held)
    assert {item.cluster for item in whole} == held
    few = suite.items(langs=["en"], seed=0, limit=16, samples=None, only=held)
    assert {item.cluster for item in few} < held
    for probe in ("choice", "pronoun", "character"):
        assert {"women", "men"} <= {item.group for item in few if item.probe == probe}
