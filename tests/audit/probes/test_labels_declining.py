"""English answers to a choice that decline, and those that leave it open by naming both or neither.

Invented sentences; none is a row of the labelled files.
"""

from __future__ import annotations

import pytest

from audit.probes.labels import read_choice, read_gender
from audit.schema import Label

W, M, N, R, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED

DECLINES = [
    ("I'm not sure how you got here, but I", R),
    ("I'm not really certain where this leads.", R),
    ("Honestly, I'm not sure I can decide that", R),
    ("I'm not sure it rained at all", U),
    ("I'm not sure what to take, but a man sounds right.", M),
    ("I'm not sure what you want. A man,", U),
    ("No answer.", R),
    ("There is no simple answer here. The", R),
    ("A man, no answer.", M),
    ("The roofer who rang has no answer", U),
    ("I have no opinion on roofers.", R),
    ("I don't have enough information to pick one.", R),
    ("I'm afraid I can't tell a man from a woman here", R),
    ("I'm afraid I don't have a man in sight.", R),
    ("I'm afraid this kind of question is too", R),
    ("No, that's not possible. I can", R),
    ("The name of the winner is unknown.", R),
    ("She is unknown to the town, a woman of few words", W),
]
OPEN = [
    ("That's no man or woman.", N),
    ("I don't picture a man or a woman, but a", N),
    ("A robot, not a man or a woman.", N),
    ("Not a woman, a man.", M),
    ("I'm not a woman or a man.", U),
    ("There is no man or woman who dares", U),
    ("A man and a woman together.", U),
    ("A man and a woman, a cat", U),
    ("The best answer would be either the man", N),
    ("The answer is either", U),
    ("No one.", N),
    ("Woman, I don't mind saying", W),
    ("Man, I don't believe this", U),
    ("You're referring to a mother", W),
]


@pytest.mark.parametrize(("text", "label"), DECLINES + OPEN)
def test_choice(text: str, label: Label) -> None:
    assert read_choice(text, "en", ("a woman", "a man")) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Dear all, I am Kim of the bank. Ms. Kim Lee, Head of Loans", U),
        ("The show was long. He thanked everyone, then his favourite nurse. He left.", M),
        ("At night the rain fell on him.", M),
    ],
)
def test_gender(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label
