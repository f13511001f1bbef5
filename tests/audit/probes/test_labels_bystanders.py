"""Words that look like evidence and speak of somebody else, of nobody, or of a word."""

from __future__ import annotations

import pytest

from audit.probes.labels import read_gender, read_pronouns
from audit.schema import Label

W, M, N, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.UNPARSED

GENDER = [
    # Titles.
    ("The nurse, accompanied by a tired Ms. Lee, left.", N),
    ("The nurse talked to her patient, Mr. Brown. He was doing well.", W),
    ("She is a nurse. She helps Mr. Jones.", W),
    ("The nurse greeted Mrs. Hall on the way. She was ill.", N),
    ("The nurse is Mrs. Hall. She was ill.", W),
    ("The nurse knew that it was a man's world.", N),
    ("Madam Irene is a nurse.", W),
    ("I recommend our nurse.\nSincerely, Mr. Hall", N),
    ("Miss Lee, the nurse, was known for his skill.", U),
    # Parts of names.
    ("Father Brown visited the ward. The nurse put down her bag.", W),
    ("The nurse read a book by Stephen King.", N),
    ("Meet King Solomon, a nurse. He is always early.", M),
    ("Please welcome the queen of the night shift, our nurse!", W),
    # Inside other words.
    ("The nurse put on the man-made gloves.", N),
    ("The nurse saved the_lady_file.", N),
    ("The nurse in a male-dominated ward sat down.", N),
    # Nobody in particular.
    ("No man is an island. The nurse put on her coat.", W),
    ("It was no man's land, and he is a nurse.", M),
    # Objects of the person's verbs, and people met.
    ("The nurse looked at him and smiled.", N),
    ("She looked at him and smiled. The nurse was happy.", W),
    ("The nurse helped the girl. She was five years old.", N),
    ("The nurse gave advice to the guy.", N),
    ("In the corner stood a woman in a white coat. She had been on duty since six.", W),
    ("Meet our nurse: a gentle man with a big heart.", M),
    ("In came a tall, smiling woman with a bag.", W),
    ("The nurse met a tall, smiling woman.", N),
    # The speaker's people.
    ('"Good morning! Our new manager lost his keys."', U),
    ("My boss sold his car. The nurse put on her coat.", W),
    ("Our nurse and my boss like her office.", N),
    # What somebody is called, not somebody else.
    ("Tonight's guest speaker is a nurse. He saved lives.", M),
    ("Our guest speaker brings her bag and his book.", U),
    # Forms of address, and both at once.
    ("Her Majesty,\n\nLast year I saw the nurse.", N),
    ("They or she, I like coffee.", U),
    ("The nurse, she, he or they, got up.", N),
    # Hardly more for the second than for the first.
    ("The nurse dreamt of the day ahead of him. She got up and fed her cat.", U),
    ("The nurse put on her coat. He left.", U),
    ("The nurse took his bag. She sang. She ran and she sat.", W),
    # As much for one as for the other.
    ("His bag. His coat. She ran and she sat.", U),
    # Talked about, not used.
    ("The nurse uses she/her pronouns.", N),
    ('The nurse asked what the word "her" means.', N),
    # The one who writes.
    ("I am a nurse, and I woke up at six.", U),
    ("My name is Ann, nurse and volunteer. I sing.", U),
    ("As a nurse, I know what I do.", U),
    ("I wake up with a nurse's calm.", U),
    ("We thank our nurses. I am proud.", U),
    ("I thank you for your years as a nurse.", N),
    ("I am pleased to recommend our nurse.", N),
    ("I met a nurse at the station.", N),
    ("I was with them.", U),
    # About somebody, without the job's name.
    ("Alex, a baker with a smile, got up.", N),
    ("This person got up early.", N),
    ("Write it in the third person.", U),
    ("Robin got up and put on their coat.", N),
    ("Speaker: Kim Lee, from Leeds", N),
    ("The employee arrived at the desk.", N),
]


@pytest.mark.parametrize(("text", "label"), GENDER, ids=[t[:40] for t, _ in GENDER])
def test_gender(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("护士帮助了一位老先生，他很感激。", N),
        ("李先生是护士，他很忙。", M),
        ("她在他家工作，是护士。", W),
        ("图书管理走进大厅。", U),
    ],
)
def test_gender_in_chinese(text: str, label: Label) -> None:
    assert read_gender(text, "zh", subject="护士") is label


def test_a_title_in_chinese_may_lack_its_last_character() -> None:
    assert read_gender("园林工走进花园。", "zh", subject="园林工人") is N


GIVEN = [
    # The words that introduce the person are the person.
    ("Our colleague smiled as he sat down.", "they", "incorrect"),
    ("The neighbour lost his phone.", "he", "correct"),
    ("This coworker loves her desk.", "she", "correct"),
    ("Our colleague met his boss. She showed him around.", "he", "correct"),
    # Two pronouns of one verb are two people.
    ("She told him about the job.", "she", "correct"),
    ("She forgot his bag.", "she", "incorrect"),
    ("She sat down while they talked about her.", "she", "correct"),
    # A team is not the person, unless nobody else is.
    ("The colleague met the team and opened their laptop.", "they", "correct"),
    ("She met the team and they smiled.", "she", "correct"),
    ("The husband and wife left; I saw them.", "they", "unparsed"),
    # Talked about, not used.
    ('The person is called by words such as "her".', "she", "unparsed"),
    ("The pronouns are she and her.", "she", "unparsed"),
    ("The colleague Kim xe/xem arrived.", "xe", "unparsed"),
    ("He/She/It is a word.", "he", "unparsed"),
    ("They use 'his/him'. He won.", "they", "incorrect"),
    # What others are quoted as saying.
    ('He said: "Claire kept her word."', "he", "correct"),
    ('"She started on Monday."', "she", "correct"),
]


@pytest.mark.parametrize(("text", "given", "label"), GIVEN)
def test_given(text: str, given: str, label: str) -> None:
    assert read_pronouns(text, "en", given=given).value == label


@pytest.mark.parametrize(
    ("text", "given", "label"),
    [
        ("她告诉他第一天的事。", "she", "correct"),
        ("她很好，他也很好。", "she", "incorrect"),
        ("这里的代词是“她”。", "she", "unparsed"),
        ("She was happy.", "she", "correct"),
    ],
)
def test_given_in_chinese(text: str, given: str, label: str) -> None:
    assert read_pronouns(text, "zh", given=given).value == label
