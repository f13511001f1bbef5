"""English: whether a text speaks of the person at all, and when "they" means one person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audit.probes import english
from audit.probes.english import Token

_FIRST_PERSON = frozenset({"i", "me", "my", "mine", "myself"})
_SPEAKER = _FIRST_PERSON | {"we", "us", "our", "ours"}
_ADDRESSEE = frozenset({"you", "your", "yours"})
_DEFINITE = frozenset({"the", "this", "that", "our", "my", "tonight"})
#: "I'm Kim", "My name is Kim" up to the place looked at; "I am impressed" introduces nobody.
_INTRODUCES_SELF = re.compile(
    r"\b(?:i'm|i am|i was|my name is) (?!(?:\w+ed|\w+ing|proud|happy|glad|sure|not)\b)[^.!?\n]*$"
)
_APPOSITION = re.compile(r"\b[A-Z][\w'-]+, (?:an?|one of the) [^,.!?\n]{3,80}")
#: "Guest speaker: Kim Lee".
_LABELLED = re.compile(r"\b[Ss]peaker: ?[A-Z]")
_PLURAL = re.compile(r"[a-z]{2,}[^su]s")
_WINDOW = 120
_YOUR = re.compile(r"\byour\b")
_SOMEBODY = re.compile(r"\b(?:they|their|them|someone|somebody|former|colleague)\b")


def speaks_of_person(found: Sequence[Token], subject_head: str, text: str, lowered: str) -> bool:
    """Whether a text without gendered words is about somebody, named by job or otherwise.

    A text in the first person whose speaker has the job ("I am a nurse", "my years as a nurse")
    is about nobody in the third person, nor is "our nurses"; said of "you" the job counts, if the
    text does not speak to "you" alone.
    """
    if of_reader(lowered):
        return False
    spoken = english.any_word(found, _FIRST_PERSON)
    determiners = _DEFINITE | english.word_set("possessives") | {"a", "an", "no", "any", "every"}
    for index, token in enumerate(found):
        if english.names_subject(token.word, subject_head):
            several = token.word != subject_head and english.any_word(found, _SPEAKER)
            if not several and (not spoken or _of_another(found, index, lowered)):
                return True
        elif token.word in english.word_set("the_person"):
            near = [t.word for t in english.before(found, index, 4)]
            determiner = next((word for word in near if word in determiners), None)
            if determiner in _DEFINITE and near[:1] != ["third"]:
                return True
        elif not spoken and used_of_one(found, index):
            return True
    return not spoken and bool(_APPOSITION.search(text) or _LABELLED.search(text))


def of_reader(lowered: str) -> bool:
    """Whether a text speaks to "you" and of nobody else."""
    return len(_YOUR.findall(lowered)) > 1 and not _SOMEBODY.search(lowered)


def _of_another(found: Sequence[Token], index: int, lowered: str) -> bool:
    """Whether the job's name, in a text in the first person, is not said of the speaker."""
    token = found[index]
    if token.owns:
        return False
    near = [t.word for t in english.before(found, index, 30)]
    articles = [step for step, word in enumerate(near[:5]) if word in ("a", "an", "the")]
    if articles and near[articles[0] + 1 : articles[0] + 2] == ["as"]:
        people = [word for word in near if word in _SPEAKER or word in _ADDRESSEE]
        return people[:1] != [] and people[0] in _ADDRESSEE
    if _DEFINITE.intersection(near[:4]):
        return True
    window = lowered[max(0, token.position - _WINDOW) : token.position]
    return not _INTRODUCES_SELF.search(window)


def used_of_one(found: Sequence[Token], index: int) -> bool:
    """Whether a token is "they" (or a form of it) and may mean one person.

    Not after people in the plural, nor where it acts on somebody with a pronoun of their own
    ("they talked about him"). A team or a crew counts as people only where nobody else is named.
    """
    token = found[index]
    if token.word not in english.word_set("pronouns", "neutral"):
        return False
    nearby = [t for t in found[max(0, index - 60) : index] if t.sentence >= token.sentence - 1]
    if english.any_word(nearby, english.word_set("plural_people")):
        return False
    alone = not english.any_word(nearby, english.word_set("introduced_as"))
    if alone and english.any_word(nearby, english.word_set("collectives")):
        return False
    # "I love sets. They are …": the last word before a new sentence is what they are.
    last = nearby[-1:] if nearby and nearby[-1].sentence < token.sentence else []
    if alone and last and _PLURAL.fullmatch(last[0].word) and not last[0].owns:
        return False
    if _pair(nearby):
        return False
    after = found[index + 1 : index + 6]
    objects = ("him", "her", "xem")
    return not (token.word == "they" and any(t.word in objects for t in after))


def _pair(nearby: Sequence[Token]) -> bool:
    """Whether two relatives are joined ("the husband and his wife")."""
    kin = english.gender_of("kin_nouns")
    near = [t.word for t in nearby]
    return any(
        word in kin and near[at + 1 : at + 2] == ["and"] and kin.keys() & set(near[at + 2 : at + 4])
        for at, word in enumerate(near)
    )
