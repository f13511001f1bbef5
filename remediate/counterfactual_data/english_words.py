"""English text as tokens, cheap and linear, for :mod:`swap_en` and :mod:`english_her`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Alternatives begin with different characters, and nothing repeats inside a repetition: linear.
_TOKEN = re.compile(
    r"(?P<word>[Mm][Aa]['’][Aa][Mm](?![^\W\d_])|[^\W\d_]+)"
    r"|(?P<clitic>(?<=[^\W\d_])['’](?:[sdmtSDMT]|ll|re|ve|LL|RE|VE)(?!\w))"
    r"|(?P<number>\d+)"
    r"|(?P<gap>\n[ \t\r]*\n\s*)"
    r"|(?P<mark>[^\w\s]|_)"
)
_OPENING = frozenset("\"'“‘([{«*`")
_CLOSING_SENTENCE = frozenset('.!?…"”“:;)]}-—–•*>')


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is word, clitic ('s, n't's 't), number, gap (an empty line) or mark."""

    text: str
    lower: str
    start: int
    end: int
    kind: str


def tokens(text: str) -> list[Token]:
    """All tokens in order; white space other than empty lines is dropped."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        lower = word.lower().replace("’", "'")
        found.append(Token(word, lower, match.start(), match.end(), match.lastgroup or "mark"))
    return found


class Sentence:
    """Tokens with safe access around an index: nothing is raised past either end."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.tokens = found

    def at(self, index: int) -> Token | None:
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def word(self, index: int) -> str:
        """The lower-case word at ``index``; empty for a mark, a gap or the end."""
        token = self.at(index)
        return token.lower if token is not None and token.kind == "word" else ""

    def touching(self, index: int) -> bool:
        """Whether the token at ``index`` follows the one before it without a space."""
        here, before = self.at(index), self.at(index - 1)
        return here is not None and before is not None and before.end == here.start

    def is_mark(self, index: int, mark: str) -> bool:
        token = self.at(index)
        return token is not None and token.text == mark

    def opens(self, index: int) -> bool:
        """Whether the token opens a quotation or bracket: a space before it, a word after it."""
        token, after = self.at(index), self.at(index + 1)
        return (
            token is not None
            and token.text in _OPENING
            and not self.touching(index)
            and after is not None
            and after.kind in ("word", "number")
            and self.touching(index + 1)
        )

    def starts_sentence(self, index: int) -> bool:
        """Whether nothing but marks that end or open a sentence stands before ``index``."""
        before = self.at(index - 1)
        return (
            before is None
            or before.kind == "gap"
            or before.text in _CLOSING_SENTENCE
            or before.text in _OPENING
        )

    def capitalised(self, index: int) -> bool:
        token = self.at(index)
        return token is not None and token.kind == "word" and token.text[0].isupper()


def like(word: str, pattern: str) -> str | None:
    """``word`` in the case of ``pattern``; None where the pattern's case cannot be carried back."""
    if pattern == pattern.lower():
        return word
    if len(pattern) > 1 and pattern == pattern.upper():
        return word.upper()
    if pattern == capital(pattern.lower()):
        return capital(word)
    return None


def capital(word: str) -> str:
    return word[:1].upper() + word[1:]
