"""English: whether him or her is the object of somebody's verb, and so another person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from audit.probes import english
from audit.probes.english import Token

PREPOSITIONS = frozenset(
    {"of", "in", "on", "at", "to", "for", "with", "by", "from", "about", "after", "before", "over"}
) | {"under", "into", "onto", "near", "like"}
_NEW_CLAUSE = frozenset({",", "and", "or", "but", "that", "when", "because", "as", "which", "who"})
_AFTER_OBJECT = PREPOSITIONS | {",", "and", "that", "how", "what", "as", "when", "because", "up"}


def of_another(found: Sequence[Token], index: int) -> bool:
    """Whether it is the object of another pronoun's verb ("she told him"): two people."""
    subject = {"him": "she", "her": "he"}.get(found[index].word)
    return any(token.word == subject for token in _before_object(found, index))


def of_person(found: Sequence[Token], index: int, is_subject: Callable[[str], bool]) -> bool:
    """Whether it is the object of a verb of the person's ("the nurse thanked him")."""
    return any(is_subject(t.word) and not t.owns for t in _before_object(found, index))


def _before_object(found: Sequence[Token], index: int) -> Iterator[Token]:
    """The words of the same clause close before him or her; none before another form.

    Before a noun "her" owns it and is no object.
    """
    token = found[index]
    after = found[index + 1 : index + 2]
    ends = not after or after[0].sentence != token.sentence or after[0].word in _AFTER_OBJECT
    if token.word != "him" and not (token.word == "her" and ends):
        return
    for earlier in english.before(found, index, 4):
        if earlier.word in _NEW_CLAUSE:
            return
        yield earlier
