"""What a swapper finds and what a swap did: shared by both languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audit.schema import Label

#: ``(left, right, options) -> index of an option``: a model's choice between the forms a word may
#: take between two pieces of the swapped text (up to :data:`CONTEXT` characters on either side).
Disambiguate = Callable[[str, str, tuple[str, ...]], int]

#: Characters of context on either side that a :data:`Disambiguate` sees.
CONTEXT = 400

SIDES = {Label.WOMAN: Label.MAN, Label.MAN: Label.WOMAN}


@dataclass(frozen=True, slots=True)
class Change:
    """One replaced word: ``start`` and ``end`` count characters of the source text."""

    start: int
    end: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class GenderedWord:
    """A word by which the text tells a person's gender, at ``start:end``."""

    start: int
    end: int
    word: str
    gender: Label


@dataclass(frozen=True, slots=True)
class Found:
    """A gendered word with its possible counterparts, the likeliest first.

    ``sure`` is False where the words around do not decide between several ``options``.
    ``coupled`` marks a half of "men and women": both genders are named, so a text asked to be
    of one gender keeps it.
    """

    start: int
    end: int
    before: str
    gender: Label
    options: tuple[str, ...]
    sure: bool = True
    coupled: bool = False


def split_pairs(text: str) -> list[tuple[str, str]]:
    """``"a/b, c/d"`` → ``[("a", "b"), ("c", "d")]``. Raises ValueError for anything else."""
    pairs = []
    for entry in text.split(","):
        left, right = entry.strip().split("/")
        pairs.append((left, right))
    return pairs
