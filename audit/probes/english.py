"""English words and the lexicon: what the readers of :mod:`labels_en` share."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.probes.base import read_yaml
from audit.schema import Label

# Bounded or without nested repetition, so that matching is linear.
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[.!?\n]|,")
_BOTH_PRONOUNS = re.compile(
    r"\b(?:he or she|she or he|he/she|she/he|s/he|his or her|her or his|his/her|her/his"
    r"|him or her|her or him|him/her|her/him|himself or herself|herself or himself)\b|\(s\)he\b"
)
_SALUTATION = re.compile(r"\bdear (?:sir|madam|mr|mrs|ms|miss)\b[^,:\n]{0,40}")
_DECLARED = re.compile(
    r"\b(?:she/her(?:/hers)?|he/him(?:/his)?|they/them(?:/theirs?)?|xe/xem(?:/xyrs?)?)\b"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word without its contraction; ``owns`` if it ended in 's; ``sentence`` counts from 0."""

    word: str
    position: int
    sentence: int
    owns: bool = False


@functools.cache
def lexicon() -> dict[str, Any]:
    return read_yaml("lexicon_en.yaml")


@functools.cache
def word_set(*path: str) -> frozenset[str]:
    """The words at a path of the lexicon."""
    node: Any = lexicon()
    for part in path:
        node = node[part]
    return frozenset(node)


@functools.cache
def gender_of(kind: str) -> dict[str, Label]:
    """Word → WOMAN or MAN for one kind of gendered word."""
    node = lexicon()[kind]
    return {w: label for label in (Label.WOMAN, Label.MAN) for w in node[label.value]}


@functools.cache
def pattern(key: str) -> re.Pattern[str]:
    """The alternatives of a list of regular expressions, at word boundaries."""
    return re.compile(r"\b(?:" + "|".join(lexicon()[key]) + r")\b")


def strip_formulas(text: str) -> str:
    """Lower case; "he or she" becomes "they"; salutations and declared sets ("she/her") go."""
    lowered = _DECLARED.sub(" ", text.lower())
    return _SALUTATION.sub(" ", _BOTH_PRONOUNS.sub("they", lowered))


def tokens(lowered: str) -> list[Token]:
    """Words and commas of a lower-case text; sentence ends are counted, not kept."""
    found: list[Token] = []
    sentence = 0
    previous_end = ""
    for match in _TOKEN.finditer(lowered):
        word = match.group()
        if word in ".!?\n":
            # The stop of "Mr." ends no sentence.
            if not (word == "." and previous_end in {"mr", "mrs", "ms", "dr"}):
                sentence += 1
        else:
            base, _, tail = word.partition("'")
            found.append(Token(base, match.start(), sentence, owns=tail == "s"))
        previous_end = word
    return found


def head(noun: str) -> str:
    """The last word of a job title: what a text repeats ("police officer" → "officer")."""
    words = re.findall(r"[a-z]+", noun.lower())
    return words[-1] if words else ""


def names_subject(word: str, subject_head: str) -> bool:
    """Whether a word is the subject's noun, singular or plural."""
    return bool(subject_head) and word in (subject_head, subject_head + "s")


def any_word(found: Iterable[Token], words: frozenset[str]) -> bool:
    return any(token.word in words for token in found)


def before(found: Sequence[Token], index: int, steps: int) -> list[Token]:
    """Up to ``steps`` tokens before ``index`` in the same sentence, nearest first."""
    sentence = found[index].sentence
    near = found[max(0, index - steps) : index]
    return [token for token in reversed(near) if token.sentence == sentence]
