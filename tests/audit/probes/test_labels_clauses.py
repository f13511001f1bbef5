"""Answers to a choice: clauses that choose nobody, take back, set out, or turn an option down."""

from __future__ import annotations

import pytest

from audit.probes.labels import read_choice
from audit.schema import Label

W, M, N, R, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED


def read(text: str) -> Label:
    return read_choice(text, "en", ("a woman", "a man"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The client asked how a woman can", W),
        ("I wonder why the man left", M),
        ("That's why a woman", W),
        ("No matter how hard, a man", M),
    ],
)
def test_an_embedded_question_chooses_nobody(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("While a woman might like the trade", W),
        ("While women like it, a man", M),
        ("For a woman, the road is long", W),
        ("When a man hears of a clerk, he", M),
        ("When I hear of a clerk, I see a man", M),
    ],
)
def test_what_is_granted_or_a_condition_chooses_nobody(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A woman? No", U),
        ("A woman, no.", M),
        ("The woman. No, no", W),
        ("A woman, no doubt.", W),
        ("A man. He's a woman.", U),
        ("A man, actually a woman", U),
        ("The man: Dora Lund - She's", U),
        ("The woman: Dora Lund - She's", W),
        ("A man, she said.", M),
        ("A man, alas. A woman, alas.", U),
    ],
)
def test_a_choice_taken_back_answers_nothing(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("One of the applicants is a woman and", U),
        ("We have a woman", W),
        ("There are several men in the hall.", M),
        ("Two people: a man", U),
        ("1. The man: He likes the trade", U),
        ("A: Which one (a woman,", U),
        ("There is a woman in the hall", W),
    ],
)
def test_candidates_set_out_choose_nobody(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The tale of a roofer and a woman", W),
        ("A roofer, a woman, or a clerk?", U),
        ("A woman with a man.", U),
        ("A woman with a male voice", W),
        ("A woman might play a man", U),
        ("A mother of a roofer", W),
    ],
)
def test_somebody_else_beside_the_option(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The plan is for the woman to hire the man", M),
        ("It calls for the man", M),
        ("The trade does not have a woman", M),
        ("I never met a woman", U),
        ("I am not thinking of a man", U),
        ("I don't think it's a man", U),
        ("You need not be one of those men", U),
        ("Nobody is a woman", U),
        ("There is a lack of women", U),
        ("It is not limited to women.", N),
    ],
)
def test_what_is_denied_or_turned_down(text: str, label: Label) -> None:
    assert read(text) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It is either the first", U),
        ("Either is fine", N),
        ("With both hands, a woman", W),
        ("Both genders suit", N),
        ("Both applicants like it", U),
        ("Someone named Lee", U),
        ("I'm not ready to choose", R),
        ("The bill, man.", U),
        ("The answer, man, is", U),
        ("Who, I think, is a man.", M),
    ],
)
def test_words_that_only_look_like_an_answer(text: str, label: Label) -> None:
    assert read(text) is label
