"""``to``, ``keep``, the model's hook, and what the swapper refuses."""

from __future__ import annotations

import pytest

from audit.schema import Label
from core.errors import UsageProblem
from remediate.counterfactual_data.swap import gendered_words, swap_gender
from remediate.counterfactual_data.swap_types import CONTEXT


@pytest.mark.parametrize(
    ("lang", "source", "to", "expected"),
    [
        (
            "en",
            "She told him that his mother called.",
            Label.MAN,
            "He told him that his father called.",
        ),
        (
            "en",
            "She told him that his mother called.",
            Label.WOMAN,
            "She told her that her mother called.",
        ),
        ("en", "Men and women told him.", Label.WOMAN, "Men and women told her."),
        (
            "en",
            "Is a nurse a man or a woman? He is kind.",
            Label.WOMAN,
            "Is a nurse a man or a woman? She is kind.",
        ),
        (
            "en",
            "Ladies and gentlemen, Mr. Fox and his son.",
            Label.WOMAN,
            "Ladies and gentlemen, Ms. Fox and her daughter.",
        ),
        ("en", "His mom and dad love him.", Label.WOMAN, "Her mom and dad love her."),
        (
            "en",
            "He or she may bring his or her book.",
            Label.MAN,
            "He or she may bring his or her book.",
        ),
        ("zh", "她的父亲和母亲都爱她。", Label.MAN, "他的父亲和母亲都爱他。"),
        ("zh", "她们认识他们。", Label.MAN, "他们认识他们。"),
        ("zh", "她们认识他们。", Label.WOMAN, "她们认识他们。"),
        ("zh", "是男还是女？他没说。", Label.WOMAN, "是男还是女？她没说。"),
        ("zh", "男人和女人都认识这位女护士。", Label.MAN, "男人和女人都认识这位男护士。"),
    ],
)
def test_one_gender_throughout_but_couples_stay(
    lang: str, source: str, to: Label, expected: str
) -> None:
    assert swap_gender(source, lang, to=to).text == expected


def test_one_gender_throughout_leaves_none_of_the_other() -> None:
    text = "Mrs. Diaz, her son, two actresses and his aunt met Sarah; the choice was hers."
    for to, other in ((Label.WOMAN, Label.MAN), (Label.MAN, Label.WOMAN)):
        words = gendered_words(swap_gender(text, "en", to=to).text, "en")
        assert words
        assert other not in {word.gender for word in words}


@pytest.mark.parametrize(
    ("lang", "source", "keep", "expected"),
    [
        (
            "en",
            "The Women's Hospital hired her.",
            ["women's hospital"],
            "The Women's Hospital hired him.",
        ),
        ("en", "Mary knows Maryland and John.", ["Mary"], "Mary knows Maryland and Mary."),
        ("en", "She is here.", ["", " "], "He is here."),
        ("en", "The man saw her.", ["man", "her"], "The man saw her."),
        ("zh", "她在妇幼医院见到了王女士。", ["王女士"], "他在妇幼医院见到了王女士。"),
    ],
)
def test_kept_words_stay(lang: str, source: str, keep: list[str], expected: str) -> None:
    assert swap_gender(source, lang, keep=keep).text == expected


def test_undo_leads_back_where_swapping_again_does_not() -> None:
    for text, lang in (("Mrs. Day met Miss Fox.", "en"), ("她们认识陈太太。", "zh")):
        once = swap_gender(text, lang)
        assert swap_gender(once.text, lang).text != text
        assert once.undo() == text


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("They said hello to each other.", "en"),
        ("He or she may leave; you miss the manual.", "en"),
        ("", "en"),
        ("其他人在弹吉他。", "zh"),
        ("", "zh"),
    ],
)
def test_a_text_without_gender_is_left_as_it_is(text: str, lang: str) -> None:
    swap = swap_gender(text, lang)
    assert swap.text == text
    assert swap.changes == ()
    assert gendered_words(text, lang) == []


def test_gendered_words_say_where_and_whose() -> None:
    words = gendered_words("The queen and Mr. Ito saw her.", "en")
    assert [(w.start, w.end, w.word, w.gender) for w in words] == [
        (4, 9, "queen", Label.WOMAN),
        (14, 16, "Mr", Label.MAN),
        (26, 29, "her", Label.WOMAN),
    ]


def test_the_hook_is_not_asked_where_the_rule_is_sure() -> None:
    def refuse(left: str, right: str, options: tuple[str, ...]) -> int:
        raise AssertionError((left, right, options))

    text = "She took her car, and they saw her. The bag is his."
    assert swap_gender(text, "en", disambiguate=refuse).text == (
        "He took his car, and they saw him. The bag is hers."
    )


def test_the_hook_sees_the_counterfactual_on_both_sides_and_its_own_earlier_choices() -> None:
    seen: list[tuple[str, str, tuple[str, ...]]] = []

    def second(left: str, right: str, options: tuple[str, ...]) -> int:
        seen.append((left, right, options))
        return 1

    swap = swap_gender("She saw her duck. His aunt saw her duck.", "en", disambiguate=second)
    assert seen == [
        ("He saw ", " duck. Her uncle saw him duck.", ("him", "his")),
        ("He saw his duck. Her uncle saw ", " duck.", ("him", "his")),
    ]
    assert swap.text == "He saw his duck. Her uncle saw his duck."


def test_the_hook_sees_a_bounded_piece_of_a_long_text() -> None:
    lengths: list[tuple[int, int]] = []

    def first(left: str, right: str, options: tuple[str, ...]) -> int:
        lengths.append((len(left), len(right)))
        return 0

    swap_gender(
        "She left. " * 200 + "I saw her duck." + " He left." * 200, "en", disambiguate=first
    )
    assert lengths == [(CONTEXT, CONTEXT)]


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageProblem, match="'fr'"):
        swap_gender("Elle est là.", "fr")
    with pytest.raises(UsageProblem, match="'fr'"):
        gendered_words("Elle est là.", "fr")
    with pytest.raises(TypeError, match="not one string"):
        swap_gender("Mary left.", "en", keep="Mary")
    with pytest.raises(ValueError, match="neutral"):
        swap_gender("Mary left.", "en", to=Label.NEUTRAL)
    with pytest.raises(ValueError, match="returned 2"):
        swap_gender("I saw her duck.", "en", disambiguate=lambda left, right, options: 2)
