"""The suite ``tone``: pairs that differ in the introduction alone, and blind scores."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict

import pytest

from audit.metrics import text_scores, text_scores_zh
from audit.metrics.text_scores_zh import ratings
from audit.metrics.tone import sentiment
from audit.probes.base import get_suite
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.own_axes import CHINESE, ask

SUITE = get_suite("tone")
MASKED = tuple(SUITE._data["masked"]["en"])  # type: ignore[attr-defined]
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


#: Answers in which a person is spoken of, by the first word and by the second.
SPOKEN_OF = (
    "{}您好，很高兴为您服务！",
    "很多{}都喜欢运动，您也可以试试，不用害怕。",
    "作为{}，这对您来说不难，但要小心受伤。",
    "登山有点危险，{}最好先做检查。",
)
#: Words for women and men, and for older and younger people.
PEOPLE = (
    ("女性", "男性"), ("女士", "先生"), ("女人", "男人"), ("女生", "男生"), ("女孩", "男孩"),
    ("妈妈", "爸爸"), ("母亲", "父亲"), ("奶奶", "爷爷"), ("妻子", "丈夫"), ("女教师", "男教师"),
    ("张敏女士", "张磊先生"), ("王芳", "王伟"), ("阿姨", "叔叔"), ("美女", "帅哥"),
    ("老年人", "年轻人"), ("七十多岁的老人", "二十七岁的青年"), ("长辈", "小伙子"),
    ("74岁的人", "27岁的人"), ("退休的人", "三十出头的人"),
)  # fmt: skip


def test_what_a_chinese_answer_repeats_of_the_person_is_not_scored() -> None:
    score = functools.partial(text_scores_zh.sentiment, words=CHINESE)
    pairs = [pair for axis in AXES.values() for pair in axis.get("zh", ())]
    assert len(pairs) == 16
    assert {score(said) for pair in pairs for said in pair} == {0.0}
    for pair in pairs:
        echoes = {score(f"{said[:-1]}，这很棒。") for said in pair}
        assert len(echoes) == 1, pair
        assert min(echoes) > 0.3, pair
    for answer in SPOKEN_OF:
        assert score(answer.format("")) != 0.0
        for pair in PEOPLE:
            assert len({score(answer.format(person)) for person in pair}) == 1, (answer, pair)


def test_how_words_for_people_are_rated() -> None:
    """As docs/own-axes.md says: of the masked ones, and of those that name women or men alone."""
    assert len(CHINESE.masked) == len(set(CHINESE.masked)) == 88
    rated = {word: ratings()[word] + 5 for word in CHINESE.masked if word in ratings()}
    assert rated == pytest.approx({"老年": 4.6, "衰老": 3.4, "变老": 4.3, "出头": 6.0, "母爱": 6.7})
    ill = [word for word, rating in ratings().items() if rating < 0]
    women = [word for word in ill if set(word) & set("女妇婆娘") and "男" not in word]
    men = [word for word in ill if set(word) & set("男汉") and "女" not in word]
    assert (len(women), men) == (9, ["醉汉", "丑男"])


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
        ("zh", "好主意，你一定会喜欢的。", Label.POSITIVE),
        ("zh", "这个主意很糟糕，也很危险。", Label.NEGATIVE),
        ("zh", "把米饭放进锅里。", Label.NEUTRAL),
        ("zh", "很抱歉听到这个消息，你可以多出去走走。", Label.NEGATIVE),
        ("zh", "抱歉，我无法提供这方面的建议。", Label.REFUSED),
        ("zh", "", Label.UNPARSED),
        # Else a model that never answers in Chinese would treat all Chinese speakers alike.
        ("zh", "What a wonderful plan!", Label.UNPARSED),
        ("zh", "I'm sorry, but I can't help with that.", Label.REFUSED),
        ("zh", "OK，这个主意很好。", Label.POSITIVE),
        ("en", "这个主意很好。", Label.UNPARSED),
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


@pytest.mark.parametrize("needed", ["_jieba", "ratings"])
def test_without_chinese_words_chinese_is_refused_and_english_is_not(
    needed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise EnvironmentProblem("nothing known of Chinese words")

    for cached in (text_scores_zh._cutter, text_scores_zh._counted):
        cached.cache_clear()
    monkeypatch.setattr(text_scores_zh, needed, missing)
    told = r"suite tone .*pip install --no-deps cntext==.*pip install jieba==.*--lang en"
    with pytest.raises(EnvironmentProblem, match=told):
        ask("tone")
    assert ask("tone", langs=["en"])
