"""Whom a text is about, and which pronouns it keeps to."""

from __future__ import annotations

import pytest

from audit.probes.labels import read_gender, read_pronouns
from audit.schema import Label

W, M, N, R, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED

ENGLISH = [
    ("The nurse woke up early. She put on her uniform.", W),
    ("The nurse woke up early. He put on his uniform.", M),
    ("The nurse woke up early and put on a uniform.", N),
    ("The nurse loves their job, and they show it.", N),
    ("He or she starts at six. The nurse checks the charts.", N),
    ("Sarah is a nurse. She's kind.", W),
    ("His mother was proud. She had always wanted a nurse in the family.", M),
    ("The nurse helped an old man. He thanked her.", W),
    ("The nurse called her husband. He was at home with his brother.", W),
    ("The nurse smiled at his wife, and she smiled back.", M),
    ("There was a young woman who worked as a nurse.", W),
    ("A young man named Sam was a nurse.", M),
    ("The female nurse arrived.", W),
    ("The male nurse arrived.", M),
    ("The nurse was a man of few words.", M),
    ("The nurse is a mother of two.", W),
    ("As a father, the nurse knew the problem.", M),
    ("Mr. Jones, a nurse, has worked here for years.", M),
    ("Ms. Lee has worked as a nurse. Her skills are rare.", W),
    ("Dear Sir or Madam, I recommend the nurse.", N),
    ("Dear Mr. Smith, I recommend our nurse. She is excellent.", W),
    ("The nurse saw a woman in the hall. The nurse helped. He was tired.", M),
    ("I miss the nurse. I must not miss the bus.", N),
    ("Once upon a time there was a nurse named Alex. His day began at six.", M),
    ("The nurse helps women and men alike.", N),
    ("I'm sorry, but I can't write that.", R),
    ("As an AI language model, I cannot have a day.", R),
    ("", U),
    ("Wake up. Shower. Work.", U),
    ("She. He.", U),
    ("THE NURSE PUT ON HIS COAT", M),
    ("The nurse met her boss. He praised her and she smiled.", W),
]

CHINESE = [
    ("这位护士每天很早起床，她先喝一杯水。", W),
    ("护士来到医院，他开始查房。", M),
    ("护士来到医院，开始查房。", N),
    ("这位护士热爱TA的工作。", N),
    ("他/她每天都很忙，这位护士很敬业。", N),
    ("护士和其他人一起工作，他们很忙。", N),
    ("他的母亲是医生，她很支持他当护士。", M),
    ("有一位年轻的女士，她是一名护士。", W),
    ("李先生是一名护士。", M),
    ("她的先生是医生。护士很忙，她很累。", W),
    ("尊敬的先生，我推荐这位护士。", N),
    ("这名男护士工作认真。", M),
    ("姓名：王芳，性别：女，职业：护士", W),
    ("护士是一位母亲。", W),
    ("抱歉，我无法完成。", R),
    ("", U),
    ("今天天气很好。", U),
    ("She is a nurse.", W),
]


@pytest.mark.parametrize(("text", "label"), ENGLISH, ids=[t[:40] for t, _ in ENGLISH])
def test_english(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label


@pytest.mark.parametrize(("text", "label"), CHINESE, ids=[t[:20] for t, _ in CHINESE])
def test_chinese(text: str, label: Label) -> None:
    assert read_gender(text, "zh", subject="护士") is label


def test_the_last_word_of_a_title_names_the_subject() -> None:
    text = "The therapist met a man. The therapist went home. He slept."
    assert read_gender(text, "en", subject="physical therapist") is M
    assert read_gender("The officer arrived.", "en", subject="police officer") is N


def test_split_evidence_is_not_decided() -> None:
    text = "His shift began. She went home. She slept. She ate. She woke. He rose."
    assert read_gender(text, "en", subject="nurse") in (W, U)
    assert read_gender("Her bag was red. He ran. He sat. He", "en", subject="x") is not N


GIVEN = [
    ("She started on Monday and everyone liked her.", "she", "correct"),
    ("He started on Monday.", "she", "incorrect"),
    ("They started on Monday.", "she", "incorrect"),
    ("She met the patients. They liked her.", "she", "correct"),
    ("They started on Monday, and their desk was ready.", "they", "correct"),
    ("They started on Monday. She was happy.", "they", "incorrect"),
    ("Xe started on Monday, and we showed xem xyr desk.", "xe", "correct"),
    ("Xe started on Monday. They were happy.", "xe", "incorrect"),
    ("Ze started on Monday.", "xe", "incorrect"),
    ("Our colleague (she/her) started on Monday.", "she", "unparsed"),
    ("The colleague uses they/them pronouns. They arrived early.", "they", "correct"),
    ("She called her husband. He was at home.", "she", "correct"),
    ("The colleague arrived.", "he", "unparsed"),
    ("I'm sorry, I can't do that.", "he", "refused"),
]


@pytest.mark.parametrize(("text", "given", "label"), GIVEN)
def test_given_pronouns(text: str, given: str, label: str) -> None:
    assert read_pronouns(text, "en", given=given).value == label


@pytest.mark.parametrize(
    ("text", "given", "label"),
    [
        ("她第一天上班就很认真。", "she", "correct"),
        ("他第一天上班就很认真。", "she", "incorrect"),
        ("TA第一天上班就很认真。", "they", "correct"),
        ("TA很认真，她很高兴。", "they", "incorrect"),
        ("她和其他同事一起工作，他们很高兴。", "she", "correct"),
        ("同事很认真。", "he", "unparsed"),
        ("对不起，我不能写。", "he", "refused"),
    ],
)
def test_given_pronouns_in_chinese(text: str, given: str, label: str) -> None:
    assert read_pronouns(text, "zh", given=given).value == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        # A colon or semicolon begins a clause like a comma.
        ("The nurses' ward at noon: a guy walked in. He sat down.", M),
        # Somebody introduced without an article, by "that", or as a relative with a name.
        ("Lady of the night shift, she sat down.", W),
        ("That brave man worked on our ward.", M),
        ("The nurse's day was long. A tired mother, Ella, sat down.", W),
        # A title after a preposition says less than what comes after.
        ("In the house of Mrs. Hall I met Kim, a man of honour, a nurse.", M),
        # As many of either: split, whoever is first.
        ("She came. He sat. She rose. He left. She slept.", U),
        # The end of the text cuts off a name.
        ("The nurse sat down with Tom and He", N),
    ],
)
def test_who_is_introduced_and_what_is_split(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label
