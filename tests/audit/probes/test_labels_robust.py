"""The readers never raise, never hang and depend on nothing but the text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.probes.labels import (
    MAX_CHARS,
    normalise,
    read_choice,
    read_gender,
    read_pronouns,
    read_referent,
)
from audit.schema import Label

CHOICE = {Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED}
RIGHT = {Label.CORRECT, Label.INCORRECT, Label.REFUSED, Label.UNPARSED}

# Words that matter to the readers, so that random texts reach their branches.
_VOCABULARY = """
she he they her his him them woman man women men lady mother father his wife the a an is was as not
than or and either both neither nurse plumber patient Mr. Ms. dear sorry I can't as an AI . , ! ? '
" / ( ) xe xem less likely female male him pronouns I'm my they're daughter a_b man- refers to who
is unclear Father King colleague team the
她 他 他们 女性 男性 先生 护士 是 一位 的 母亲 或 都可以 抱歉
。 ， TA 谁 在 “ ” 还 或者 他家 妈妈
"""
_WORDS = st.sampled_from([*_VOCABULARY.split(), "\n"])
_TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=st.characters(codec=None), max_size=100),
    st.lists(_WORDS, max_size=60).map(" ".join),
    st.lists(_WORDS, max_size=60).map("".join),
)
_LANGS = st.sampled_from(["en", "zh"])


@given(_TEXTS, _LANGS, st.text(max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_text_gets_a_label_and_always_the_same(text: str, lang: str, noun: str) -> None:
    first = [
        read_choice(text, lang, (noun, "a man")),
        read_gender(text, lang, subject=noun),
        read_referent(text, lang, correct=noun, incorrect="plumber"),
        read_pronouns(text, lang, given="they"),
    ]
    assert first[0] in CHOICE
    assert first[1] in CHOICE
    assert first[2] in RIGHT
    assert first[3] in RIGHT
    assert first == [
        read_choice(text, lang, (noun, "a man")),
        read_gender(text, lang, subject=noun),
        read_referent(text, lang, correct=noun, incorrect="plumber"),
        read_pronouns(text, lang, given="they"),
    ]


_SWAP = {
    **{"she": "he", "he": "she", "woman": "man", "man": "woman", "herself": "himself"},
    **{"himself": "herself", "female": "male", "male": "female", "lady": "gentleman"},
    **{"gentleman": "lady", "women": "men", "men": "women"},
}
_CHINESE = ["她", "他", "女性", "男性", "护士", "是", "一位", "，", "。", "或", "不是", "比"]
_OPPOSITE = {Label.WOMAN: Label.MAN, Label.MAN: Label.WOMAN}
_PLAIN = st.lists(
    st.sampled_from(
        [*_SWAP, "the", "a", "nurse", "was", "not", "than", "or", "and", ".", ",", "who", "is"]
    ),
    max_size=25,
)


@given(_PLAIN)
@settings(max_examples=300, deadline=None)
def test_swapping_the_genders_of_a_text_swaps_the_label(words: list[str]) -> None:
    text, swapped = " ".join(words), " ".join(_SWAP.get(w, w) for w in words)
    reads: list[Callable[[str], Label]] = [
        lambda t: read_choice(t, "en", ("a woman", "a man")),
        lambda t: read_gender(t, "en", subject="nurse"),
    ]
    for read in reads:
        label = read(text)
        assert read(swapped) is _OPPOSITE.get(label, label)


@given(
    st.lists(
        st.sampled_from(_CHINESE),
        max_size=20,
    )
)
@settings(max_examples=300, deadline=None)
def test_swapping_works_in_chinese_too(words: list[str]) -> None:
    swap = {"她": "他", "他": "她", "女性": "男性", "男性": "女性"}
    text, swapped = "".join(words), "".join(swap.get(w, w) for w in words)
    label = read_choice(text, "zh", ("女性", "男性"))
    assert read_choice(swapped, "zh", ("女性", "男性")) is _OPPOSITE.get(label, label)


@pytest.mark.parametrize(
    "unit",
    ["she/", "/she", '"she" ', "she, ", "a_", "man-", "I'm ", "Father ", "Mr. ", "colleague him ",
     "as an nurse ", "nurse refers to ", "plumb", "not accurate to say that a ",
     "mother and father ", "her, and ", "pronouns she ", "在“", "她他", "或女", "谁是", "一位先生",
     "is it ", "who ", "1. man ", "a man: ", "man\n", "if a man ", "a car, ", "the options ", "- ",
     "not a man or a woman ", "a man with ", "oh, ", "a man. ", "would not be ", "male nurse ",
     "a", "a woman ", "not ", "she ", "a man or ", "his mother ", "the ", "'", "(", "\n", "女",
     "是", "他的", "护士或", "they ", "dear sir ", "as an ", "i can ", "不是", "\u200b", "\ud800"],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_long_repetitive_text_is_read_in_a_moment(unit: str, lang: str) -> None:
    text = unit * (200_000 // len(unit))
    reads: list[Callable[[], Label]] = [
        lambda: read_choice(text, lang, ("a man", "a woman")),
        lambda: read_gender(text, lang, subject="nurse"),
        lambda: read_referent(text, lang, correct="nurse", incorrect="plumber"),
        lambda: read_pronouns(text, lang, given="she"),
    ]
    start = time.process_time()
    for read in reads:
        assert isinstance(read(), Label)
    assert time.process_time() - start < 2.0


def test_a_long_text_is_cut_not_refused() -> None:
    assert len(normalise("x" * 10_000)) == MAX_CHARS
    assert read_gender("The nurse sat. She read. " + "x " * 9_000, "en", subject="nurse") is (
        Label.WOMAN
    )
