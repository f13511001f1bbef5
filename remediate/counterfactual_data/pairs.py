"""The unit of training data, and the file it is kept in.

``pairs.jsonl`` holds one pair a line in TRL's conversational preference format (``prompt``,
``chosen``, ``rejected``: lists of messages) with the columns of :class:`Pair` beside it, so that
``datasets.load_dataset("json", data_files=…)`` and other trainers read it as it is. Pairs about
pictures have two columns more: ``images``, the files below the picture set's folder, and
``image_ids``, what the audit calls them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Image, Message


class Kind(StrEnum):
    """What a pair teaches.

    ``twin``: two texts that differ in gender alone; the right answer is indifference.
    ``neutral``: an answer that leaves the gender open is better than a stereotyped guess.
    ``shown``: the gender that a picture shows is a better answer than the other one.
    ``anchor``: nothing; both sides stay as likely as the model had them.
    """

    TWIN = "twin"
    NEUTRAL = "neutral"
    ANCHOR = "anchor"
    SHOWN = "shown"


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
    is learned of ending there. ``images`` are shown with the first question; ``group`` says of them
    whether what they show agrees with the job's stereotype (``pro``, ``anti``).
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
    images: tuple[Image, ...] = ()

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


def write_pairs(path: Path, pairs: Iterable[Pair], *, pictures: Path | None = None) -> None:
    """Write whole or not at all. ``pictures``: the folder that the pairs' pictures lie below."""
    text = "".join(json.dumps(_row(pair, pictures), ensure_ascii=False) + "\n" for pair in pairs)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be written ({error.strerror}).") from error


def _row(pair: Pair, pictures: Path | None) -> dict[str, Any]:
    row = asdict(pair)
    del row["images"]
    if pictures is None:
        return row
    return row | {
        "images": [image.path.relative_to(pictures).as_posix() for image in pair.images],
        "image_ids": [image.id for image in pair.images],
    }


def read_pairs(path: Path, *, pictures: Path | None = None) -> list[Pair]:
    """Read and check a pairs file, ours or a user's with the same columns.

    ``pictures`` as in :func:`write_pairs`. Raises :class:`EnvironmentProblem` with the line that
    is wrong.
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
            pairs.append(_pair(json.loads(line), pictures))
        except (ValueError, TypeError, KeyError) as error:
            raise EnvironmentProblem(
                f"Line {number} of {path} is no preference pair ({error}): see docs/repair.md for "
                "the columns."
            ) from error
    if not pairs:
        raise EnvironmentProblem(f"{path} holds no pair.")
    check_pairs(pairs)
    return pairs


def _pair(row: dict[str, Any], pictures: Path | None) -> Pair:
    sides = {
        name: tuple(Message(role=m["role"], content=m["content"]) for m in row[name])
        for name in _SIDES
    }
    kinds = {"kind": Kind(row["kind"]), "part": Part(row["part"])}
    if not all(sides.values()):
        raise ValueError("prompt, chosen and rejected must hold a message each")
    files, ids = row.pop("images", []), row.pop("image_ids", [])
    if files and pictures is None:
        raise ValueError("it shows a picture, and the folder of the pictures is not known")
    shown = tuple(Image(i, (pictures or Path()) / f) for i, f in zip(ids, files, strict=True))
    return Pair(**{**row, **sides, **kinds, "images": shown})


_SIDES = ("prompt", "chosen", "rejected")
