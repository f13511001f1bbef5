"""VisoGender (Hall et al., NeurIPS 2023, arXiv:2306.12424): photographs of people at work.

The set is a table of addresses, ``OO/OO_Visogender_DDMMYYYY.tsv``; whoever uses it downloads the
photographs, here as ``images/IDX.jpg`` (``OO_17.jpg``). Only the part with a single person (OO) is
read: of two people in a picture nobody could say whom a question means.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from audit.pictures.base import PictureSet, Presentation, Skipped
from audit.pictures.checks import SUFFIXES
from audit.pictures.ingest import Entry
from audit.pictures.names import profession_id, slug
from audit.pictures.sets.common import About, read_entries
from audit.pictures.sets.places import lacking
from core.errors import EnvironmentProblem

ABOUT = About(
    id="visogender",
    title="VisoGender (single person)",
    licence="CC-BY-4.0 for the labels, each photograph its own; terms of use: never for training",
    attribution="VisoGender, Siobhan Mackenzie Hall et al., NeurIPS 2023",
    trainable=False,
    get_it=(
        "The table is to be had from https://github.com/oxai/visogender (data/visogender_data/OO); "
        "download the photograph of each address as images/IDX.jpg beside it."
    ),
)
_TABLE = re.compile(r"OO_Visogender_(\d{2})(\d{2})(\d{4})\.tsv")
_COLUMNS = ("IDX", "Occupation", "Object", "Occupation_perceived_gender")
_SHOWN: Mapping[str, Presentation] = {"feminine": "woman", "masculine": "man"}


def read(folder: Path) -> PictureSet:
    """The newest table in ``folder`` or below with the photographs that were downloaded."""
    table = _newest_table(folder)
    files = _photographs(folder)
    skipped: list[Skipped] = []
    entries = list(_entries(_rows(table), files, skipped))
    return read_entries(ABOUT, entries, skipped)


def _newest_table(folder: Path) -> Path:
    found = [(m, path) for path in folder.rglob("*.tsv") if (m := _TABLE.fullmatch(path.name))]
    if not found:
        raise lacking(folder, ABOUT.title, "the table OO_Visogender_DDMMYYYY.tsv", ABOUT.get_it)
    return max(found, key=lambda one: (one[0][3], one[0][2], one[0][1], str(one[1])))[1]


def _photographs(folder: Path) -> dict[str, Path]:
    """By IDX, whatever the format; a name that stands twice counts once, in order of path."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("OO_*")):
        if path.suffix.lower() in SUFFIXES:
            found.setdefault(path.stem, path)
    if not found:
        raise lacking(folder, ABOUT.title, "the photographs (images/OO_1.jpg …)", ABOUT.get_it)
    return found


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(
                file, delimiter="\t", quoting=csv.QUOTE_NONE, restkey="", restval=""
            )
            rows = list(reader)
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(f"{table} cannot be read ({error}). {ABOUT.get_it}") from error
    if missing:
        raise EnvironmentProblem(f"{table} lacks the column {missing[0]}. {ABOUT.get_it}")
    return rows


def _entries(
    rows: list[dict[str, str]], files: Mapping[str, Path], skipped: list[Skipped]
) -> Iterator[Entry]:
    for row in rows:
        index = row["IDX"].strip()
        shown = _SHOWN.get(row["Occupation_perceived_gender"].strip().lower())
        if not index:
            continue  # the published tables end in blank rows
        if shown is None:
            skipped.append(Skipped(index, "has no perceived gender in the table"))
        elif index not in files:
            skipped.append(Skipped(index, "was not downloaded"))
        else:
            profession = profession_id(row["Occupation"])
            yield Entry(index, files[index], profession, shown, "none", slug(row["Object"]))
