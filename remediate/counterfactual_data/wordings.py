"""What all builders of pairs share: the data files, the occupations, a draw that is a hash."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from audit.probes.occupations import Occupation, occupations
from core.models.base import GenerateRequest, Message, Sampling
from remediate.counterfactual_data.pairs import Part
from remediate.counterfactual_data.splits import Splits, split_wordings

GENDERS = ("woman", "man")
T = TypeVar("T")

#: Share of each probe among the training pairs. Choices and pronouns are what an audit weighs
#: equally; sentences and texts carry the pronoun's lesson into prose; neutral pairs teach the
#: third answer; anchors hold the rest in place.
SHARES: Mapping[str, float] = {
    "choice": 0.35,
    "pronoun": 0.25,
    "sentence": 0.08,
    "text": 0.07,
    "neutral": 0.10,
    "stated": 0.09,
    "general": 0.06,
}


@functools.cache
def jobs_by_id() -> dict[str, Occupation]:
    return {job.id: job for job in occupations()}


def pick(seed: int, key: str, n: int) -> int:
    """A number below ``n`` that depends on seed and key alone."""
    digest = hashlib.sha256(f"{seed}/{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % n


def shuffled(seed: int, keys: list[str]) -> list[str]:
    """The keys in an order that depends on seed and keys alone."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed}/{key}".encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Cell:
    """One occupation met with one wording, in the part of both."""

    job: Occupation
    template: str
    part: Part

    def facts(self, lang: str) -> dict[str, Any]:
        """What a :class:`~remediate.counterfactual_data.pairs.Pair` says of them, by field."""
        return {
            "part": self.part,
            "lang": lang,
            "occupation": self.job.id,
            "template": self.template,
            "group": self.job.group,
            "reference": self.job.share,
        }


def cells(
    splits: Splits, seed: int, wordings: dict[str, Any], *, at_most: int | None = None
) -> list[Cell]:
    """Train occupations × train wordings, and validation occupations × validation wordings.

    What crosses the two (a validation job in a train wording) is left out: validation is then as
    new to the model in both respects as the audit is. ``at_most`` bounds the cells of each part;
    every group of occupations keeps its share of them.
    """
    trained, validating = split_wordings(seed, wordings)
    found: list[Cell] = []
    for part, ids, names in (
        (Part.TRAIN, splits.train, trained),
        (Part.VALIDATION, splits.validation, validating or trained),
    ):
        own = [Cell(jobs_by_id()[i], name, part) for name in names for i in ids]
        if at_most is not None and len(own) > at_most:
            own = _thinned(own, seed, at_most)
        found += own
    return found


def _thinned(own: list[Cell], seed: int, at_most: int) -> list[Cell]:
    """Groups in turn, each in an order that is a hash; the kept cells stay in the given order."""
    known = {f"{cell.template}/{cell.job.id}": cell for cell in own}
    groups: dict[str, list[Cell]] = {}
    for key in shuffled(seed, list(known)):
        groups.setdefault(known[key].job.group, []).append(known[key])
    kept = set(alternate(groups)[:at_most])
    return [cell for cell in own if cell in kept]


def alternate(groups: Mapping[str, Sequence[T]]) -> list[T]:
    """One of each group in turn, as long as each has one left; groups by name."""
    longest = max(map(len, groups.values()))
    return [
        own[place]
        for place in range(longest)
        for _, own in sorted(groups.items())
        if place < len(own)
    ]


def spare(wanted: float, factor: float) -> int:
    """Cells to ask for ``wanted`` pairs; a few more, so that small numbers see both groups."""
    return math.ceil(wanted * factor) + 8


def ask(
    key: str, messages: tuple[Message, ...], sampling: dict[str, Any], seed: int
) -> GenerateRequest:
    return GenerateRequest(key, messages, Sampling(**sampling), pick(seed, key, 2**31))


def slots(job: Occupation, lang: str) -> dict[str, str]:
    return {"job": job.name(lang), "a_job": job.with_article(lang)}


def first_sentence(text: str) -> str:
    """Up to and with the first full stop, exclamation or question mark; "" where there is none."""
    ends = [at for at in (text.find(mark) for mark in ".!?。！？") if at >= 0]
    return text[: min(ends) + 1] if ends else ""
