"""Chinese words and the lexicon: what the readers of :mod:`labels_zh` and its neighbours share."""

from __future__ import annotations

import functools
import re
from typing import Any

from audit.probes.base import read_yaml
from audit.schema import Label

#: "他/她", "她或他": a gender left open.
TWO_PRONOUNS = re.compile(r"[他她] ?(?:/|或者?|、|\() ?[他她]\)?")


@functools.cache
def lexicon() -> dict[str, Any]:
    return read_yaml("lexicon_zh.yaml")


@functools.cache
def any_of(*path: str) -> re.Pattern[str]:
    """Any of the expressions at a path of the lexicon, longest first."""
    node: Any = lexicon()
    for part in path:
        node = node[part]
    return re.compile("|".join(sorted(node, key=len, reverse=True)))


@functools.cache
def gender_of(kind: str) -> dict[str, Label]:
    """Word → WOMAN or MAN for one kind of gendered word."""
    node = lexicon()[kind]
    return {word: label for label in (Label.WOMAN, Label.MAN) for word in node[label.value]}


def blank(text: str, key: str) -> str:
    """Spaces in place of the words at a key of the lexicon."""
    return any_of(key).sub(lambda m: " " * len(m.group()), text)
