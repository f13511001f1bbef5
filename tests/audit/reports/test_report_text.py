"""Both languages say the same things, and every sentence the code asks for exists."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from audit.reports.text import LANGUAGES, Bilingual, join, name_of, pair, say, strings
from audit.schema import Label, Route, Verdict


def _gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_languages_have_the_same_keys_and_gaps() -> None:
    english, chinese = strings("en"), strings("zh")
    assert english.keys() == chinese.keys()
    for key, sentence in english.items():
        assert _gaps(sentence) == _gaps(chinese[key]), key


def test_chinese_is_chinese() -> None:
    same = {k for k in strings("en") if strings("en")[k] == strings("zh")[k]}
    allowed = {
        "page.brand", "metric.generic.label", "metric.generic.about", "route.none", "unit.number",
    }  # fmt: skip
    empty = {k for k in same if not strings("en")[k]}
    assert same - allowed - empty == set()
    for key, sentence in strings("zh").items():
        if key not in allowed and key not in empty and not key.startswith(("unit.",)):
            assert re.search(r"[\u4e00-\u9fff]|Equipoise", sentence), key


@pytest.mark.parametrize("kind", [Label, Route, Verdict])
def test_every_value_of_the_schema_has_a_name(kind: type[Label | Route | Verdict]) -> None:
    prefix = kind.__name__.lower()
    for value in kind:
        for lang in LANGUAGES:
            assert f"{prefix}.{value}" in strings(lang)
    for value in Verdict:
        assert f"verdict.explain.{value}" in strings("en")


def test_a_missing_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("no.such.sentence")


def test_gaps_keep_their_language() -> None:
    made = say("chart.routes.missing", route=Bilingual("x", "甲"))
    assert "(x)" in made.en
    assert "甲" in made.zh


def test_html_escapes_both_languages_and_folds_equal_ones() -> None:
    assert Bilingual("<b>", "<b>").__html__() == "&lt;b&gt;"
    both = Bilingual("<i>", "&").__html__()
    assert "<i>" not in both
    assert 'lang="en">&lt;i&gt;<' in both
    assert 'lang="zh">&amp;<' in both


def test_names_fall_back_to_themselves() -> None:
    assert name_of("probe", "my_probe") == Bilingual("my probe", "my probe")
    assert pair(None, "nurse") == Bilingual("nurse", "nurse")
    assert pair({"en": "nurse"}) == Bilingual("nurse", "nurse")
    assert pair({"zh": "护士"}) == Bilingual("护士", "护士")
    assert join([Bilingual("a", "甲"), Bilingual("b", "乙")]) == Bilingual("a, b", "甲、乙")
