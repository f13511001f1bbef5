"""Professions that pictures show: names, drawing, what their pictures confound, stereotype.

All of it is data, ``data/professions.yaml``; this file only reads it. Behind those stand the jobs
of the labour table that no style draws: somebody's own photographs may show them.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from audit.pictures.base import Presentation
from core.datafile import read_yaml

_DATA = Path(__file__).with_name("data") / "professions.yaml"
#: The project's one table of labour statistics. It is read as data: no probe is imported.
_LABOUR = Path(__file__).parent.with_name("probes") / "data" / "occupations.tsv"

Use = Literal["yes", "marked", "no"]


@dataclass(frozen=True, slots=True)
class Stereotype:
    """The gender that labour statistics put in the majority: ``side`` woman, man or none.

    ``share``: women among those employed, 0 to 1; ``why`` says which row was taken, or why none.
    """

    side: Literal["woman", "man", "none"]
    share: float | None = None
    year: int | None = None
    source: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one style's pictures of one profession.

    ``use``: ``yes``; ``marked``, used although something besides gender differs; ``no``, left out.
    ``neutral``: ``drawn``, or ``hidden`` where the style draws no neutral figure of its own and a
    disc hides the head instead. ``exclude``: single presentations left out. ``notes``: what
    was seen, one sentence each.
    """

    use: Use = "yes"
    neutral: Literal["drawn", "hidden"] = "drawn"
    exclude: tuple[Presentation, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profession:
    """``drawn``: base or object of the emoji sequence, see :mod:`audit.pictures.sequences`."""

    id: str
    label: Mapping[str, str]
    article: str
    stereotype: Stereotype
    drawn: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, Look] = field(default_factory=dict)


@functools.cache
def professions() -> Mapping[str, Profession]:
    """Every known profession by id: the drawn ones in the data file's order, then the table's."""
    data = read_yaml(_DATA)
    statistics = data["statistics"]
    known = {row["id"]: _profession(row, statistics) for row in data["professions"]}
    for row in _labour_table():
        known.setdefault(row["id"], _profession(row | {"stereotype": row}, statistics))
    return known


def drawn_professions() -> tuple[Profession, ...]:
    """Those that the emoji styles draw."""
    return tuple(p for p in professions().values() if p.drawn)


def _labour_table() -> list[dict[str, Any]]:
    with _LABOUR.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return [
            row | {"share": float(row["share"]), "year": int(row["year"]), "why": row["category"]}
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def _profession(row: Mapping[str, Any], statistics: Mapping[str, Any]) -> Profession:
    return Profession(
        id=row["id"],
        label={"en": row["en"], "zh": row["zh"]},
        article=row.get("article", "a"),
        stereotype=_stereotype(row["stereotype"], statistics),
        drawn=row.get("drawn", {}),
        looks={style: _look(look) for style, look in row.get("looks", {}).items()},
    )


def _stereotype(row: Mapping[str, Any], statistics: Mapping[str, Any]) -> Stereotype:
    """The side follows from the share and the data file's two bounds; it is never typed in."""
    share = row.get("share")
    if share is None:
        return Stereotype(side="none", why=row["why"])
    side: Literal["woman", "man", "none"] = "none"
    if share >= statistics["woman_from"]:
        side = "woman"
    elif share <= statistics["man_up_to"]:
        side = "man"
    return Stereotype(
        side=side,
        share=share,
        year=row.get("year", statistics["year"]),
        source=row.get("source", statistics["source"]),
        why=row["why"],
    )


def _look(row: Mapping[str, Any]) -> Look:
    return Look(
        use=row["use"],
        neutral=row.get("neutral", "drawn"),
        exclude=tuple(row.get("exclude", ())),
        notes=tuple(row.get("notes", ())),
    )
