"""The word lists themselves: one counterpart each, nothing shadowed, articles kept right."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.schema import Label
from remediate.counterfactual_data import swap_en, swap_zh
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.names import counterparts
from remediate.counterfactual_data.swap import swap_gender
from remediate.counterfactual_data.swap_types import split_pairs
from tests.remediate.counterfactual_data.swap_cases import paired


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_word_stands_in_one_pair_only(lang: str) -> None:
    one_way = read_data(f"swap_{lang}.yaml")["one_way"].values()
    words = paired(lang) + [word for group in one_way for word, _ in split_pairs(group)]
    assert [word for word, count in Counter(words).items() if count > 1] == []


@pytest.mark.parametrize(("lang", "least"), [("en", 60), ("zh", 40)])
def test_names_have_one_counterpart_of_the_other_gender(lang: str, least: int) -> None:
    table = counterparts(lang)
    assert len(table) >= 2 * least
    for name, (gender, other) in table.items():
        assert table[other][1] == name
        assert {gender, table[other][0]} == {Label.WOMAN, Label.MAN}


def test_each_name_stands_once_in_the_file() -> None:
    for lang in ("en", "zh"):
        rows = len(counterparts(lang)) / 2
        assert rows == len({frozenset((n, o)) for n, (_, o) in counterparts(lang).items()})


def test_no_name_is_a_word_or_of_either_gender() -> None:
    unsafe = "Will Mark Grace Hope Rose Bill May Frank Taylor Jordan Alex Kelly Sue Jack Drew Dawn"
    assert not set(unsafe.split()) & set(counterparts("en"))
    lowered = {name.lower() for name in counterparts("en")}
    assert not lowered & set(swap_en.words())


def test_the_article_before_a_word_stays_right() -> None:
    vowels = "aeiou"
    silent = {"heir", "heirs", "heiress", "heiresses"}
    for word, (_, options) in swap_en.words().items():
        for other in options:
            sounds = [w[0] in vowels or w in silent for w in (word, other)]
            assert sounds[0] == sounds[1], (word, other)


@pytest.mark.parametrize("word", [w for w in paired("en") if w not in ("she", "he")])
def test_english_words_swap_in_every_case_and_back(word: str) -> None:
    for form in (word, word.capitalize(), word.upper()):
        text = f"That was the {form}, I think."
        once = swap_gender(text, "en")
        assert len(once.changes) == 1
        assert swap_gender(once.text, "en").text == text


@pytest.mark.parametrize("word", paired("zh"))
def test_chinese_words_swap_and_back(word: str) -> None:
    text = f"这是{word}。"
    once = swap_gender(text, "zh")
    assert len(once.changes) == 1
    assert swap_gender(once.text, "zh").text == text


def test_every_phrase_of_the_english_list_stays() -> None:
    changed = []
    for phrase in read_data("swap_en.yaml")["unchanged"].split(","):
        text = f"It is {phrase.strip()} indeed."
        changed += [text] if swap_gender(text, "en").changes else []
    assert changed == []


def test_every_word_of_the_chinese_list_stays() -> None:
    words = read_data("swap_zh.yaml")["unchanged"].split()
    assert [word for word in words if swap_gender(f"这是{word}。", "zh").changes] == []
    assert not set(words) & set(swap_zh.words())
