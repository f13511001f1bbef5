"""How a sampled answer is read by declared words.

An answer is split into sentences, a sentence into clauses. Left out are questions, clauses that
refuse ("I cannot say whether to approve") and words that are taken back ("not approve"; a declared
"not approve" is longer and wins). The first sentence in which a word is left decides: words of one
label are that label, of several nothing. Without any word a refusal is a refusal.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.probes import chinese, english
from audit.probes.labels import normalise
from audit.schema import Label
from core.datafile import read_yaml

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_CLAUSE = re.compile(r"[^,;:，；：]+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
#: A refusal stands at the beginning; what comes later is talk.
_OPENING = 160


class Reader:
    """Reads answers in one language. ``words``: label → the words that name it."""

    def __init__(self, words: Mapping[Label, Sequence[str]], lang: str) -> None:
        self._lang = lang
        self._label = {
            normalise(word).strip().lower(): label for label, own in words.items() for word in own
        }
        longest = sorted(self._label, key=len, reverse=True)
        self._pattern = re.compile("|".join(_bounded(word) for word in longest))

    def label(self, text: str) -> Label:
        """One of the labels, ``refused`` or ``unparsed``. Pure, linear in the text's length."""
        lowered = normalise(text).lower()
        for sentence in _SENTENCE.finditer(lowered):
            said = set(self._said(sentence.group()))
            if said:
                return said.pop() if len(said) == 1 else Label.UNPARSED
        return Label.REFUSED if _refuses(lowered[:_OPENING]) else Label.UNPARSED

    def _said(self, sentence: str) -> Iterator[Label]:
        if sentence.rstrip().endswith(("?", "？")):
            return
        for clause in _CLAUSE.finditer(sentence):
            mentions = list(self._pattern.finditer(clause.group()))
            # What the file declares to be an answer ("I decline") is no refusal.
            if not mentions or _refuses(self._pattern.sub(" ", clause.group())):
                continue
            for mention in mentions:
                if not self._taken_back(clause.group()[: mention.start()]):
                    yield self._label[mention.group()]

    def _taken_back(self, before: str) -> bool:
        reach, negators = _negators(self._lang)
        if self._lang == "zh":
            return any(word in before[-reach:] for word in negators)
        near = _WORD.findall(before)[-reach:]
        return any(word in negators or word.endswith("n't") for word in near)


def _bounded(word: str) -> str:
    """Whole words ("no-one" is one), except where Chinese, which has no gaps, is on that side."""
    left = "" if _is_chinese(word[0]) else r"(?<![^\W_])(?<![^\W_]-)"
    right = "" if _is_chinese(word[-1]) else r"(?![^\W_]|-[^\W_]|-$)"
    return f"{left}{re.escape(word)}{right}"


def _is_chinese(character: str) -> bool:
    return "一" <= character <= "鿿"


def _refuses(lowered: str) -> bool:
    return any(pattern.search(lowered) for pattern in _refusals())


@functools.cache
def _refusals() -> tuple[re.Pattern[str], ...]:
    # The Chinese list writes "AI" in capitals; what is searched is lower case.
    return english.pattern("refusals"), re.compile(chinese.any_of("refusals").pattern, re.I)


@functools.cache
def _negators(lang: str) -> tuple[int, frozenset[str]]:
    table: dict[str, Any] = read_yaml(Path(__file__).parent / "data" / "negators.yaml")[lang]
    return int(table["reach"]), frozenset(table["words"])
