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
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[.!?\n]|[,:;]")
_BOTH_PRONOUNS = re.compile(
    r"\b(?:he/she/they|she/he/they|his/her/their|her/his/their|him/her/them|her/him/them"
    r"|he or she|she or he|he/she|she/he|s/he|his or her|her or his|his/her|her/his"
    r"|(?:s?he, )?(?:s?he,? or they|they,? or s?he)"
    r"|he and she|she and he|his and her|her and his"
    r"|him or her|her or him|him/her|her/him|himself or herself|herself or himself)\b(?! ?/)"
    r"|\(s\)he\b"
)
_SALUTATION = re.compile(
    r"\bdear (?:sir|madam|mr|mrs|ms|miss)\b[^,:\n]{0,40}"
    r"|\b(?:her|his) (?:royal )?(?:majesty|highness|excellency|holiness)\b"
)
# A pronoun that is talked about and not used: "she/her", "the pronouns he and him", '"her"'.
_PRONOUN = (
    r"(?:she|hers?|herself|he|him|his|himself|they|theirs?|them|themself|themselves"
    r"|xe|xem|xyrs?|ze|zir|hir)"
)
_MENTIONED = (
    re.compile(rf"\b{_PRONOUN}(?: ?/ ?\w+)+|/ ?{_PRONOUN}\b"),
    re.compile(
        rf"(?<=\bpronoun )(?P<one>{_PRONOUN}\b)"
        rf"|\bpronouns(?: are| such as| like| of|:)? {_PRONOUN}(?:,? (?:and |or )?{_PRONOUN})*\b"
    ),
    re.compile(rf"(?<!\w)(?P<quote>[\"']){_PRONOUN}[,.]?(?P=quote)(?!\w)"),
    re.compile(r'\b(?:sentence|phrase|line|words|titled?|called|book|novel|song) "[^"\n]{1,80}"'),
)
# Words inside names of things: "the_lady_of", "man-made".
_NO_WORDS = re.compile(
    r"\b\w*[^\W_]_[^\W_]\w*|\b(?:wom[ae]n|m[ae]n|females?|males?|lady|boy|girl|king|queen)-(?=(?!dominated)[a-z])"
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
    """The alternatives of a list of regular expressions, as whole words ("_sorry_" holds one)."""
    return re.compile(r"(?<![^\W_])(?:" + "|".join(lexicon()[key]) + r")(?![^\W_])")


def blank(match: re.Match[str]) -> str:
    """Spaces in place of a match, so that positions stay."""
    return " " * len(match.group())


def strip_formulas(text: str) -> str:
    """Lower case; "he or she" becomes "they"; salutations and identifiers go."""
    lowered = _NO_WORDS.sub(blank, text.lower())
    lowered = _BOTH_PRONOUNS.sub(lambda match: "they".ljust(len(match.group())), lowered)
    return _SALUTATION.sub(blank, lowered)


def strip_mentions(lowered: str) -> str:
    """The text without pronouns that are talked about: "she/her", 'the pronoun "her"'."""
    for shape in _MENTIONED:
        lowered = shape.sub(blank, lowered)
    return lowered


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
            base = "," if base in ":;" else base
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
