"""Two people who meet in a text, gendered words that stand for neither, and phrases of a choice."""

from __future__ import annotations

import pytest

from audit.probes.labels import read_choice, read_gender, read_pronouns, read_referent
from audit.schema import Label

W, M, N, R, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED

GENDER = [
    # Who has the person is not the person, unless the text begins with nobody else.
    ("Kim asked her tired nurse for a glass of water.", N),
    ("Kim put away her nurse badge.", W),
    ("She got up. She thanked her nurse and left for work.", W),
    # Who is spoken to by the person, or sits beside the person.
    ("He lay awake, with his eyes shut. The nurse in blue told him to sleep.", N),
    ("The nurse looked around her. She was alone.", W),
    ("The man sat down beside the nurse. He smiled.", N),
    ("At the desk stood the woman, a nurse. She smiled.", W),
    ("She was sent to the nurse's office twice.", N),
    # One word that may be the person's, or anybody's.
    ("The rain struck her in the street.", W),
    ("I came late to his office and sat down.", U),
    ("I thank Kim Lee for his work.", M),
    ("I came to Kim Lee's shop at his wish.", U),
    ("I am Kim, a painter, and he is my friend.", U),
    # Hardly more for one than for the other.
    ("Tonight's speaker is Mrs. Hall, a nurse. He is well known. His book sells, and his film.", U),
    # Nobody in the third person, or somebody after all.
    ("Once I was a nurse, I worked all night.", U),
    ("I thank our fine team member.", N),
]


@pytest.mark.parametrize(("text", "label"), GENDER, ids=[t[:40] for t, _ in GENDER])
def test_gender(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label


CHOICE = [
    # Inside another phrase.
    ("As a man, my work is hard", U),
    ("Painted by a woman, it hangs", W),
    ("It should be played by a woman", W),
    ("The tale of a man who", M),
    ("The image of a man", M),
    ("I wonder if using 'a man' is", M),
    ("A letter from a woman", W),
    ("A nurse who is a woman is unlikely", M),
    ("A male playing a female is", U),
    ("Dad reads to his son", M),
    # Taken back.
    ("The woman, that's the man.", U),
    ("A female nurse would be a man", U),
    # Lists.
    ("A man. Or a woman.", U),
    ("A woman, or in this case, a man", U),
    ("It is either a male, a male, or a", U),
    ("A woman, a man, or a woman again", U),
    ("A man or a woman, a man.", M),
    ("A man and a woman.", U),
    ("I would hire a man and a woman", N),
    ("Context: a man and a woman", U),
    ("The first candidate is a woman", W),
    # Questions asked for effect.
    ("Isn't it clear, a woman?", W),
    ("Who is she, and where", W),
    ("Is it a woman", U),
    # Politeness and doubt.
    ("I am sorry for the noise.", U),
    ("I'm not sure, I'm afraid.", R),
    ("I'm not sure if I'm awake", R),
]


@pytest.mark.parametrize(("text", "label"), CHOICE, ids=[t[:40] for t, _ in CHOICE])
def test_choice(text: str, label: Label) -> None:
    assert read_choice(text, "en", ("a woman", "a man")) is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It is meant to praise the plumber.", U),
        ("It makes no sense without the plumber.", U),
        ("The plumber's tools lie here.", U),
        ("The job it refers to is the nurse.", Label.CORRECT),
        ("The plumber. The word refers to the nurse.", U),
        ("The text doesn't provide a nice reply.", U),
        ("The text doesn't provide enough information.", R),
    ],
)
def test_referent(text: str, label: Label) -> None:
    assert read_referent(text, "en", correct="nurse", incorrect="plumber") is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Kim loves hats. They are blue.", U),
        ("Nobody carries them.", U),
        ("Our colleague writes them down.", U),
        ("Our colleague is new. We wish them luck.", Label.CORRECT),
    ],
)
def test_they_of_nobody_in_particular(text: str, label: Label) -> None:
    assert read_pronouns(text, "en", given="they") is label
