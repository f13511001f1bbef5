"""The noun phrase that a possessive would open, read from left to right over word lists."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.english_words import Sentence, Token

#: Longest noun phrase in words: what makes the reading linear.
_REACH = 10
_NOUNS_IN_ED = frozenset(("breed", "speed", "greed", "creed", "seaweed", "newlywed"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """What follows "her": ``head`` is the index of its noun, None where it has none.

    ``plain``: nothing stands before the noun; ``number``: a number does. ``nominal``: the head is
    an adjective that may be a noun ("her patient"). ``joined``: an adjective and a conjunction end
    it ("happy and").
    """

    head: int | None
    plain: bool
    number: bool = False
    nominal: bool = False
    joined: bool = False


@functools.cache
def word_list(name: str) -> frozenset[str]:
    """A list of ``data/english_her.yaml``."""
    data = read_data("english_her.yaml")[name]
    return frozenset(data if isinstance(data, list) else data.split())


def is_adverb(word: str) -> bool:
    """An adverb that may stand before an adjective."""
    return word in word_list("adverbs") or (
        len(word) > 4 and word.endswith("ly") and word not in word_list("not_adverbs")
    )


def is_adjective(word: str) -> bool:
    """An adjective or participle by list or ending."""
    if word in word_list("adjectives"):
        return True
    if word.endswith("ed") and len(word) > 4 and word not in _NOUNS_IN_ED:
        return True
    return len(word) > 5 and word.endswith(("ful", "ous", "able", "ible", "less", "ish"))


def ends(line: Sentence, index: int) -> bool:
    """Whether no noun phrase goes on at ``index``."""
    token = line.at(index)
    if token is None or token.kind in ("gap", "mark"):
        return not line.opens(index)
    return token.lower in word_list("closed")


def after_compound(line: Sentence, index: int) -> int | None:
    """The index after a hyphenated word ("well-known", "20-year"); None where it is not one."""
    at = index
    while line.is_mark(at + 1, "-") and line.touching(at + 1) and line.touching(at + 2):
        at += 2
    return at + 1 if at > index else None


def read_phrase(line: Sentence, index: int) -> Phrase:
    """The noun phrase that starts at ``index``."""
    at, plain, number = index, True, False
    nominal: int | None = None
    while at < index + _REACH:
        token = line.at(at)
        if token is not None and line.opens(at):
            at += 1
            continue
        if token is None or token.kind in ("gap", "mark"):
            if token is not None and token.text == "," and _listed(line, at):
                at += 1
                continue
            break
        if token.kind == "clitic":
            # "her firm's phone": whatever has an 's is a noun.
            return Phrase(at - 1, plain, number) if at > index else Phrase(None, plain)
        compound = after_compound(line, at)
        if compound is not None:  # an adjective or a noun: it may end a phrase ("her in-laws")
            nominal, at, plain = at, compound, False
            continue
        if _counts(token):
            nominal = at if _is_year(token) else nominal
            number, plain, at = True, False, at + 1
            continue
        word = token.lower
        much = word == "much" and is_adjective(line.word(at + 1))  # "her much loved aunt"
        if word in word_list("closed") and not much:
            if word in ("and", "or", "but", "yet") and _listed(line, at):
                at += 1
                continue
            break
        if not (is_adverb(word) or is_adjective(word) or word in word_list("quantities")):
            return Phrase(at, plain, number)
        if word in word_list("nominal"):
            nominal = at
        plain, at = False, at + 1
    if nominal is not None:
        return Phrase(nominal, plain, number, nominal=True)
    joined = line.word(at) in ("and", "or") and is_adjective(line.word(at - 1)) and at > index
    return Phrase(None, plain, number, joined=joined and line.word(at + 1) != "")


def _counts(token: Token) -> bool:
    return token.kind == "number" or token.lower in word_list("numbers")


def _is_year(token: Token) -> bool:
    return token.kind == "number" and len(token.text) == 4 and token.text[:2] in ("18", "19", "20")


def _listed(line: Sentence, index: int) -> bool:
    """Whether a comma or conjunction joins two adjectives: "red and white"."""
    if not is_adjective(line.word(index - 1)):
        return False
    after = line.word(index + 1)
    return is_adjective(after) or (is_adverb(after) and is_adjective(line.word(index + 2)))
