"""Whether an English word tells gender where it stands: a verb or a surname does not."""

from __future__ import annotations

import functools

from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.english_words import Sentence
from remediate.counterfactual_data.names import counterparts
from remediate.counterfactual_data.swap_types import split_pairs

_PRONOUNS = frozenset(("he", "him", "his", "himself", "she", "her", "hers", "herself"))


@functools.cache
def _set(name: str) -> frozenset[str]:
    return frozenset(read_data("swap_en.yaml")[name])


@functools.cache
def _verbs() -> frozenset[str]:
    """Verbs after which "Man" at the start of a sentence is mankind."""
    return frozenset(read_data("english_her.yaml")["auxiliaries"].split())


@functools.cache
def _kin() -> frozenset[str]:
    pairs = read_data("swap_en.yaml")["pairs"]["kin"]
    return frozenset(word for pair in split_pairs(pairs) for word in pair)


def title(line: Sentence, index: int) -> bool:
    """Before a name, with or without a dot: "Mrs. Lopez", "Miss Lee", "Mr. [Name]"."""
    if not _stands_alone(line, index, frozenset()):
        return False
    after = index + 2 if line.is_mark(index + 1, ".") and line.touching(index + 1) else index + 1
    return line.capitalised(after) or line.is_mark(after, "[") or line.is_mark(after, "{")


def name(line: Sentence, index: int) -> bool:
    """A given name: neither a surname nor part of a compound."""
    if not _stands_alone(line, index, frozenset()):
        return False
    before = index - 1
    if line.is_mark(before, ".") and line.touching(before):
        before -= 1
    previous = line.word(before)
    if previous in _set("before_fixed") and line.capitalised(before):
        return False
    if previous in _set("before_surname") and line.capitalised(before):
        return _proper(line, index + 1) and line.word(index + 1) not in _set("determiners")
    if before != index - 1 or not line.capitalised(before):
        return True
    if _first_name(line, before) is not None:
        return False
    return line.starts_sentence(before) or previous in _set("before_first_name")


def word(line: Sentence, index: int) -> bool:
    """A gendered noun, pronoun or adjective and nothing that only looks like one."""
    here = line.word(index)
    kin = _kin() if here in _kin() else frozenset()
    if here in _PRONOUNS:
        return _stands_alone(line, index, None)
    if not _stands_alone(line, index, kin):
        return False
    if here in _set("rank_words") and line.capitalised(index) and _part_of_name(line, index):
        return False
    if here in _set("exclamations") and _exclaims(line, index):
        return False
    if here == "man" and line.starts_sentence(index) and line.word(index + 1) in _verbs():
        return False
    return not (here in _set("verb_nouns") and _is_verb(line, index))


def _is_verb(line: Sentence, index: int) -> bool:
    """ "to man the desk", "we need people who man the phones"."""
    if line.word(index + 1) not in _set("determiners"):
        return False
    before = line.at(index - 1)
    if line.starts_sentence(index):
        return line.word(index) == "man"
    return before is not None and before.lower.strip("'") in _set("verb_before")


def _exclaims(line: Sentence, index: int) -> bool:
    """ "Man, that was hard!", "Come on, man!" """
    if line.starts_sentence(index):
        return line.is_mark(index + 1, ",") or line.is_mark(index + 1, "!")
    after = line.at(index + 1)
    return line.is_mark(index - 1, ",") and after is not None and after.text in ("!", "?", ".")


def _proper(line: Sentence, index: int) -> bool:
    """A capitalised word, not a word of a text in capitals, in the same line of prose."""
    token = line.at(index)
    return (
        line.capitalised(index) and token is not None and token.text[1:] != token.text[1:].upper()
    )


def _part_of_name(line: Sentence, index: int) -> bool:
    """King Charles, Martin Luther King; a capitalised verb after a full stop is no name."""
    if _proper(line, index + 1):
        return True
    return (
        _proper(line, index - 1)
        and not line.starts_sentence(index - 1)
        and line.word(index - 1) not in _set("determiners")
    )


def _first_name(line: Sentence, index: int) -> str | None:
    token = line.at(index)
    known = token is not None and token.text in counterparts("en")
    return token.text if known and token is not None else None


def _stands_alone(line: Sentence, index: int, kin: frozenset[str] | None) -> bool:
    """No part of an identifier or of a compound in which it says nothing ("man-made", "she-wolf").

    ``kin`` of None: no compound at all (pronouns); of relatives: any compound ("soccer-mom").
    """
    for near, side in ((index - 1, index), (index + 1, index + 1)):
        token = line.at(near)
        if token is None or not line.touching(side):
            continue
        if token.kind in ("word", "number") or token.text in "_#\\$~^=<":
            return False
    if line.is_mark(index + 1, ".") and line.touching(index + 1) and line.touching(index + 2):
        after = line.at(index + 2)
        if after is not None and after.kind == "word" and after.text.islower():
            return False
    left = line.is_mark(index - 1, "-") and line.touching(index) and line.touching(index - 1)
    right = line.is_mark(index + 1, "-") and line.touching(index + 1) and line.touching(index + 2)
    if left and line.is_mark(index - 2, "-"):
        left = False
    if right and line.is_mark(index + 2, "-"):
        right = False
    if not (left or right):
        return True
    if kin is None:
        return False
    if left and line.word(index - 2) not in _set("hyphen_before") and not kin:
        return False
    return not right or line.word(index + 2) in _set("hyphen_after") or _gendered(line, index + 2)


@functools.cache
def _all_nouns() -> frozenset[str]:
    pairs = read_data("swap_en.yaml")["pairs"]
    return frozenset(
        word for group in pairs.values() for pair in split_pairs(group) for word in pair
    )


def _gendered(line: Sentence, index: int) -> bool:
    """The other half of a compound of two gendered words: "father-daughter dance"."""
    return line.word(index) in _all_nouns() - _PRONOUNS
