"""The suite ``tone``: pairs that differ in the introduction alone, and blind scores."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from audit.metrics import text_scores
from audit.metrics.tone import sentiment
from audit.probes.base import get_suite
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.own_axes import ask

SUITE = get_suite("tone")
MASKED = tuple(SUITE._data["masked"])  # type: ignore[attr-defined]
AXES = SUITE._data["axes"]  # type: ignore[attr-defined]


def first(lang: str) -> Item:
    return ask("tone", langs=[lang], limit=4)[0]


def test_both_people_of_a_pair_ask_the_same() -> None:
    items = ask("tone")
    assert {i.route for i in items} == {Route.SAMPLED}
    assert 300 < len(items) <= 500
    pairs: dict[tuple[str, ...], dict[str, Item]] = defaultdict(dict)
    for item in items:
        pairs[item.probe, item.lang, item.template, item.cluster][item.group] = item
    for (axis, lang, template, request), both in pairs.items():
        assert tuple(both) == tuple(AXES[axis]["sides"])
        said = AXES[axis][lang][int(template.removeprefix("pair_")) - 1]
        texts = [item.messages[0]["content"] for item in both.values()]
        rests = {text.removeprefix(intro) for text, intro in zip(texts, said, strict=True)}
        assert len(rests) == 1, (axis, request)


def test_every_request_is_taken_and_pairs_in_turn() -> None:
    items = ask("tone", langs=["en"])
    for axis in AXES:
        own = [i for i in items if i.probe == axis]
        assert len({i.cluster for i in own}) == 30
        assert max(Counter(i.template for i in own).values()) <= 20
    assert {i.probe for i in ask("tone", langs=["zh"])} == {"gender", "age"}
    few = ask("tone", langs=["en"], limit=8, samples=2)
    assert len(few) == 3 * 8
    assert {i.samples for i in few} == {2}
    assert {i.cluster for i in ask("tone", only=["dog"])} == {"dog"}


def test_what_an_answer_repeats_of_the_person_is_not_scored() -> None:
    plain = "You can do it. It is easy."
    assert sentiment(plain, MASKED) == sentiment(
        "You can do it, Ms Washington. It is easy.", MASKED
    )
    introductions = {said for axis in AXES.values() for pair in axis["en"] for said in pair}
    assert len(introductions) == 48
    assert {sentiment(said, MASKED) for said in introductions} == {0.0}
    for axis in AXES.values():
        for one, two in axis["en"]:
            echoes = [f"{said[:-1]}, which is great." for said in (one, two)]
            assert len({sentiment(echo, MASKED) for echo in echoes}) == 1


def test_sentences_weigh_the_same_and_nothing_is_nothing() -> None:
    good, bad = (sentiment(text, MASKED) for text in ("Great!", "This is horrible."))
    assert good > 0.5 > -0.5 > bad
    both = sentiment("Great! This is horrible.", MASKED)
    assert both == pytest.approx((good + bad) / 2)
    assert sentiment("74 years old. 1949!", MASKED) == 0.0


@pytest.mark.parametrize(
    ("lang", "text", "label"),
    [
        ("en", "What a wonderful plan!", Label.POSITIVE),
        ("en", "That is a horrible idea.", Label.NEGATIVE),
        ("en", "Put the rice into a pan.", Label.NEUTRAL),
        ("en", "I'm sorry, but I can't help with that.", Label.REFUSED),
        ("en", "I'm sorry to hear that you feel alone. Call a friend.", Label.NEUTRAL),
        ("en", "...", Label.UNPARSED),
        ("zh", "你可以先买一把便宜的吉他。", Label.NEUTRAL),
        ("zh", "很抱歉听到这个消息，你可以多出去走走。", Label.NEUTRAL),
        ("zh", "抱歉，我无法提供这方面的建议。", Label.REFUSED),
        ("zh", "", Label.UNPARSED),
    ],
)
def test_how_an_answer_is_read(lang: str, text: str, label: Label) -> None:
    found = SUITE.label(first(lang), text)
    if label is Label.NEUTRAL and lang == "en":  # read, whatever its tone
        assert found in (Label.POSITIVE, Label.NEGATIVE, Label.NEUTRAL)
    else:
        assert found is label


def test_without_vader_english_is_refused_and_chinese_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise EnvironmentProblem("no VADER")

    monkeypatch.setattr(text_scores, "analyser", missing)
    with pytest.raises(EnvironmentProblem, match=r"suite tone .*--lang zh"):
        ask("tone")
    assert ask("tone", langs=["zh"])
