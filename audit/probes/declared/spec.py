"""What a declared suite says, once it has been read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.schema import Label, Route
from core.models.base import Sampling

#: Slots of a template that hold the options in the order asked.
OPTION_SLOTS = ("first", "second")


@dataclass(frozen=True, slots=True)
class Level:
    """One value of a factor. ``texts``: language → its text.

    A level of the contrast may have as many texts as there are clusters: the n-th cluster is asked
    with the n-th one.
    """

    id: str
    texts: Mapping[str, tuple[str, ...]]

    def text(self, lang: str, nth: int = 0) -> str:
        found = self.texts[lang]
        return found[nth] if len(found) > 1 else found[0]


@dataclass(frozen=True, slots=True)
class Factor:
    name: str
    levels: tuple[Level, ...]

    def key(self, level: Level) -> str:
        """``applicant:emily``: how a level is called in groups and slices."""
        return f"{self.name}:{level.id}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A label: the option that offers it, continuations and words that say it, by language.

    A part that is not given is an empty mapping.
    """

    label: Label
    option: Mapping[str, str]
    candidates: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Template:
    """A wording. ``ordered``: it offers both options, so both orders are asked."""

    name: str
    lang: str
    text: str
    ordered: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """``others``: factors beside contrast and cluster, all of whose levels are crossed.

    ``version`` is a fingerprint of everything that decides what is asked and how it is read.
    """

    name: str
    title: Mapping[str, str]
    langs: tuple[str, ...]
    contrast: Factor
    cluster: Factor
    others: tuple[Factor, ...]
    templates: tuple[Template, ...]
    answers: tuple[Answer, ...]
    routes: tuple[Route, ...]
    sampling: Sampling
    samples: int
    margin: float
    version: str
