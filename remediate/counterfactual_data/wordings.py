"""What all builders of pairs share: the data files, the occupations, a draw that is a hash."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from audit.probes.occupations import Occupation, occupations
from core.models.base import GenerateRequest, Message, Sampling
from remediate.counterfactual_data.pairs import Part
from remediate.counterfactual_data.splits import Splits, split_wordings

DATA = Path(__file__).parent / "data"
GENDERS = ("woman", "man")


@functools.cache
def read_data(name: str) -> dict[str, Any]:
    """A data file of this package. Cached: callers must not change what they get."""
    import yaml

    return cast(dict[str, Any], yaml.safe_load((DATA / name).read_text(encoding="utf-8")))


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


def cells(splits: Splits, seed: int, wordings: dict[str, Any]) -> list[Cell]:
    """Train occupations × train wordings, and validation occupations × validation wordings.

    What crosses the two (a validation job in a train wording) is left out: validation is then as
    new to the model in both respects as the audit is.
    """
    trained, validating = split_wordings(seed, wordings)
    found = []
    for part, ids, names in (
        (Part.TRAIN, splits.train, trained),
        (Part.VALIDATION, splits.validation, validating or trained),
    ):
        found += [Cell(jobs_by_id()[i], name, part) for name in names for i in ids]
    return found


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
