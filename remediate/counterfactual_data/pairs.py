"""The unit of training data, and the file it is kept in.

``pairs.jsonl`` holds one pair a line in TRL's conversational preference format (``prompt``,
``chosen``, ``rejected``: lists of messages) with the columns of :class:`Pair` beside it, so that
``datasets.load_dataset("json", data_files=…)`` and other trainers read it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Message


class Kind(StrEnum):
    """What a pair teaches.

    ``twin``: two texts that differ in gender alone; the right answer is indifference.
    ``neutral``: an answer that leaves the gender open is better than a stereotyped guess.
    ``anchor``: nothing; both sides stay as likely as the model had them.
    """

    TWIN = "twin"
    NEUTRAL = "neutral"
    ANCHOR = "anchor"


class Part(StrEnum):
    """What a pair is for."""

    TRAIN = "train"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class Pair:
    """One preference pair.

    In a twin ``chosen`` is the text with women's forms and ``rejected`` the one with men's;
    neither is better, the names are those of the format. ``group`` and ``reference`` (share of
    women, 0–1) are the occupation's; ``target`` is the wanted log π(chosen) − log π(rejected) in
    nats of a twin. ``source`` says where the texts come from: ``template``, ``model`` (sampled) or
    ``model+swap``. ``ends``: whether the turn ends after the texts; where they break off, nothing
    is learned of ending there.
    """

    id: str
    kind: Kind
    part: Part
    probe: str
    lang: str
    occupation: str
    template: str
    group: str
    reference: float | None
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    source: str
    target: float = 0.0
    weight: float = 1.0
    ends: bool = True

    @property
    def sides(self) -> tuple[str, str]:
        """The two texts."""
        return self.chosen[-1]["content"], self.rejected[-1]["content"]


def user(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


def assistant(text: str) -> tuple[Message, ...]:
    return (Message(role="assistant", content=text),)


def check_pairs(pairs: Sequence[Pair]) -> None:
    """Refuse what cannot be learned from: identical or empty sides, and ids used twice.

    Raises :class:`EnvironmentProblem` that names the first such pair.
    """
    seen: set[str] = set()
    for pair in pairs:
        chosen, rejected = pair.sides
        if not chosen.strip() or not rejected.strip():
            raise EnvironmentProblem(
                f"The pair {pair.id} has an empty side: remove it from pairs.jsonl or run "
                "`remediate data` again."
            )
        if chosen == rejected:
            raise EnvironmentProblem(
                f"The two sides of the pair {pair.id} are the same text: remove it from "
                "pairs.jsonl or run `remediate data` again."
            )
        if pair.id in seen:
            raise EnvironmentProblem(f"Two pairs are called {pair.id}: give each its own id.")
        seen.add(pair.id)


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write whole or not at all."""
    text = "".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be written ({error.strerror}).") from error


def read_pairs(path: Path) -> list[Pair]:
    """Read and check a pairs file, ours or a user's with the same columns.

    Raises :class:`EnvironmentProblem` with the line that is wrong.
    """
    pairs = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read ({error.strerror}).") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            pairs.append(_pair(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise EnvironmentProblem(
                f"Line {number} of {path} is no preference pair ({error}): see docs/repair.md for "
                "the columns."
            ) from error
    if not pairs:
        raise EnvironmentProblem(f"{path} holds no pair.")
    check_pairs(pairs)
    return pairs


def _pair(row: dict[str, Any]) -> Pair:
    sides = {
        name: tuple(Message(role=m["role"], content=m["content"]) for m in row[name])
        for name in _SIDES
    }
    kinds = {"kind": Kind(row["kind"]), "part": Part(row["part"])}
    if not all(sides.values()):
        raise ValueError("prompt, chosen and rejected must hold a message each")
    return Pair(**{**row, **sides, **kinds})


_SIDES = ("prompt", "chosen", "rejected")
