"""English: whether him or her is the object of somebody's verb, and so another person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from audit.probes import english
from audit.probes.english import Token
from audit.schema import Label

PREPOSITIONS = frozenset(
    {"of", "in", "on", "at", "to", "for", "with", "by", "from", "about", "after", "before", "over"}
) | {"under", "into", "onto", "near", "like", "beside", "behind"}
_NEW_CLAUSE = frozenset({",", "and", "or", "but", "that", "when", "because", "as", "which", "who"})
_AFTER_OBJECT = PREPOSITIONS | {",", "and", "that", "how", "what", "as", "when", "because", "up"}
#: What ends the noun phrase of the person.
_AFTER_NOUN = (
    _AFTER_OBJECT | _NEW_CLAUSE | {"is", "was", "has", "had", "a", "an", "the", "his", "her"}
)
_SUBJECT_FORM = {"his": "he", "her": "she"}


def of_another(found: Sequence[Token], index: int) -> bool:
    """Whether it is the object of another pronoun's verb ("she told him"): two people."""
    subject = {"him": "she", "her": "he"}.get(found[index].word)
    return any(token.word == subject for token in _before_object(found, index))


def of_person(found: Sequence[Token], index: int, is_subject: Callable[[str], bool]) -> bool:
    """Whether it is the object of a verb of the person's ("the nurse thanked him")."""
    return any(is_subject(t.word) and not t.owns for t in _before_object(found, index))


def of_others(found: Sequence[Token], subject_head: str) -> set[Label]:
    """Genders whose words are somebody else's, since they and the person meet.

    Who has the person ("Kim asked her dentist"), is acted on by the person, who comes in only
    then ("He sat down. The dentist told him"), or goes to the person and does no more
    ("The man sat beside the dentist").
    """
    pronouns = english.gender_of("pronouns")
    others: set[Label] = set()
    named = [index for index, token in enumerate(found) if token.word == subject_head]
    for index in named:
        owner = _owner(found, index)
        if owner and all(token.word != _SUBJECT_FORM[owner] for token in found[:index]):
            others.add(pronouns[owner])
    met = {pronouns[token.word] for token in found[: (named or [0])[0]] if token.word in pronouns}
    for index, token in enumerate(found):
        if token.word in ("him", "her") and pronouns[token.word] in met:
            acting = any(earlier is found[named[0]] for earlier in _before_object(found, index))
            if acting and not found[named[0]].owns:
                others.add(pronouns[token.word])
    if named and all(_is_goal(found, index) for index in named):
        others |= _already_there(found, named)
    return others


def _is_goal(found: Sequence[Token], index: int) -> bool:
    """Whether the person's noun stands after a preposition and "the": "beside the dentist"."""
    near = [token.word for token in english.before(found, index, 5)]
    return "the" in near and bool(PREPOSITIONS.intersection(near[near.index("the") + 1 :][:1]))


def _already_there(found: Sequence[Token], named: Sequence[int]) -> set[Label]:
    """Who was "the man" before; who goes "to the dentist's office"."""
    people, pronouns = english.gender_of("person_nouns"), english.gender_of("pronouns")
    there = {
        people[token.word]
        for index, token in enumerate(found[: named[0] - 1])
        if token.word in people and any(t.word == "the" for t in english.before(found, index, 2))
    }
    visits = all(found[index].owns for index in named) and "to" in {
        token.word for token in english.before(found, named[0], 3)
    }
    if visits:
        there |= {pronouns[t.word] for t in found[: named[0]] if t.word in ("he", "she")}
    return there


def _owner(found: Sequence[Token], index: int) -> str | None:
    """His or her, where it owns the person's noun: "her tired dentist" (no "dentist chair")."""
    after = found[index + 1 : index + 2]
    ends = not after or after[0].sentence != found[index].sentence or after[0].word in _AFTER_NOUN
    if found[index].owns or not ends:
        return None
    for token in english.before(found, index, 4):
        if token.word in ("his", "her"):
            return token.word
        if token.word in _AFTER_NOUN:
            return None
    return None


def _before_object(found: Sequence[Token], index: int) -> Iterator[Token]:
    """The words of the same clause close before him or her; none before another form.

    Before a noun "her" owns it and is no object.
    """
    token = found[index]
    after = found[index + 1 : index + 2]
    ends = not after or after[0].sentence != token.sentence or after[0].word in _AFTER_OBJECT
    if token.word not in ("him", "them") and not (token.word == "her" and ends):
        return
    for earlier in english.before(found, index, 4):
        if earlier.word in _NEW_CLAUSE:
            return
        yield earlier
