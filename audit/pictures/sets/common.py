"""What the readers of public sets share: what a set is, and how many of its pictures are taken."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from audit.pictures.base import PictureSet, Skipped, set_fingerprint
from audit.pictures.ingest import Entry, ingest
from audit.pictures.own import nothing_left
from core.errors import EnvironmentProblem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class About:
    """A public set: its name, its licence, whom to name, and where it is to be had.

    ``trainable``: whether the licence allows training a model, whatever the model is for. ``hub``:
    the data set on Hugging Face that has this layout as it is downloaded.
    """

    id: str
    title: str
    licence: str
    attribution: str
    trainable: bool
    get_it: str
    hub: str = ""


def read_entries(
    about: About,
    entries: Iterable[Entry],
    skipped: Sequence[Skipped] = (),
    excluded: Sequence[Skipped] = (),
) -> PictureSet:
    """Check the files and make the set. Raises :class:`EnvironmentProblem` where none is left."""
    result = ingest(about.id, entries)
    lost = [*skipped, *result.skipped]
    if not result.kept:
        raise EnvironmentProblem(f"{nothing_left(about.title, lost)} {about.get_it}")
    return PictureSet(
        name=about.title,
        style="photographs",
        licence=about.licence,
        attribution=about.attribution,
        trainable=about.trainable,
        fingerprint=set_fingerprint(result.kept),
        pictures=tuple(picture for picture, _ in result.kept),
        skipped=tuple(lost),
        excluded=tuple(excluded),
        converted=tuple(result.converted),
    )


def at_most(
    items: Iterable[T], limit: int, *, within: Callable[[T], Hashable], key: Callable[[T], str]
) -> tuple[list[T], int]:
    """Up to ``limit`` distinct keys for each group, and how many items that leaves out.

    All items of a key stay together (the pictures of a counterfactual set). Which keys are taken
    follows from their names alone, so that two machines take the same; the order is kept.
    """
    items = list(items)
    keys: dict[Hashable, set[str]] = defaultdict(set)
    for item in items:
        keys[within(item)].add(key(item))
    taken = {
        (group, name)
        for group, names in keys.items()
        for name in sorted(names, key=_shuffled)[:limit]
    }
    kept = [item for item in items if (within(item), key(item)) in taken]
    return kept, len(items) - len(kept)


def left_out(number: int, why: str) -> list[Skipped]:
    """One line for many pictures that are left out for one reason."""
    return [Skipped(f"{number} pictures", why)] if number else []


def _shuffled(name: str) -> str:
    """An order that has nothing to do with a set's numbering."""
    return hashlib.sha256(name.encode()).hexdigest()
