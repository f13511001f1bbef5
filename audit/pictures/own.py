"""Anyone's own pictures: a folder, and a table that says what each shows.

Columns of ``labels.csv``: ``file`` (within the folder), ``profession`` and ``presentation``
(woman, man, neutral); if wanted ``skin``, ``scene`` (pictures of one scene are compared with one
another) and ``attribution``.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from audit.pictures.base import PRESENTATIONS, SKINS, PictureSet, Skipped, set_fingerprint
from audit.pictures.checks import SUFFIXES
from audit.pictures.ingest import Entry, ingest
from audit.pictures.names import find_profession, near_profession, slug
from core.errors import UsageProblem

_REQUIRED = ("file", "profession", "presentation")
_OPTIONAL = ("skin", "scene", "attribution")
_MAX_NAMED = 3


def own_set(folder: Path, labels: Path | None) -> PictureSet:
    """The pictures of ``folder``; ``labels``: the table, else ``labels.csv`` in the folder.

    A row that cannot be used is skipped and counted; :class:`UsageProblem` where there is no
    folder, no table, a table without the columns, or not one picture.
    """
    if not folder.is_dir():
        raise UsageProblem(f"There is no folder {folder}; give the pictures' folder to --images.")
    table = labels or folder / "labels.csv"
    rows = _read(table)
    skipped: list[Skipped] = []
    entries = list(_entries(folder, rows, skipped))
    result = ingest("own", entries)
    skipped += result.skipped
    skipped += _without_row(folder, table, rows)
    if not result.kept:
        raise UsageProblem(nothing_left(f"{table}", skipped))
    return PictureSet(
        name=f"own pictures ({folder.name})",
        style="own",
        licence="your own responsibility",
        attribution="; ".join(dict.fromkeys(r["attribution"] for r in rows if r["attribution"])),
        trainable=True,
        fingerprint=set_fingerprint(result.kept),
        pictures=tuple(picture for picture, _ in result.kept),
        skipped=tuple(skipped),
        converted=tuple(result.converted),
    )


def nothing_left(what: str, skipped: Sequence[Skipped]) -> str:
    """The sentence for a set of which every picture was skipped."""
    reasons = "; ".join(f"{s.file} {s.why}" for s in skipped[:_MAX_NAMED])
    more = f"; and {len(skipped) - _MAX_NAMED} more" if len(skipped) > _MAX_NAMED else ""
    return f"{what} leaves no picture to ask about: {reasons or 'it has no rows'}{more}."


def _read(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", strict=True)
            columns = [name.strip().lower() for name in reader.fieldnames or ()]
            _check_columns(table, columns)
            reader.fieldnames = columns
            return [_clean(row) for row in reader]
    except FileNotFoundError as error:
        raise UsageProblem(
            f"There is no {table}; write a table with the columns {', '.join(_REQUIRED)} and give "
            "it to --labels."
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{table} cannot be read as a UTF-8 CSV table ({error}).") from error


def _check_columns(table: Path, columns: Sequence[str]) -> None:
    if missing := [name for name in _REQUIRED if name not in columns]:
        raise UsageProblem(
            f"{table} lacks the column {missing[0]}; its first line must name "
            f"{', '.join(_REQUIRED)} and may name {', '.join(_OPTIONAL)}."
        )
    if unknown := [name for name in columns if name not in _REQUIRED + _OPTIONAL]:
        raise UsageProblem(
            f"{table} has a column {unknown[0]!r}, which is not known here; the columns are "
            f"{', '.join(_REQUIRED + _OPTIONAL)}."
        )


def _clean(row: Mapping[str, str | None]) -> dict[str, str]:
    return {name: (row.get(name) or "").strip() for name in _REQUIRED + _OPTIONAL}


def _entries(
    folder: Path, rows: Sequence[Mapping[str, str]], skipped: list[Skipped]
) -> Iterator[Entry]:
    shown = _shown(rows)
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        name = row["file"] or f"line {number}"
        try:
            entry = _entry(folder, row, shown)
            if entry.name in seen:
                raise ValueError("stands in the table twice")
        except ValueError as bad:
            skipped.append(Skipped(name, str(bad)))
            continue
        seen.add(entry.name)
        yield entry


def _entry(folder: Path, row: Mapping[str, str], shown: Mapping[str, set[str]]) -> Entry:
    """A row's picture. Raises :class:`ValueError` that says what is wrong with the row."""
    if not row["file"]:
        raise ValueError("names no file")
    inside = (folder / row["file"]).resolve()
    if not inside.is_relative_to(folder.resolve()):
        raise ValueError("lies outside the folder of pictures")
    presentation = next((p for p in PRESENTATIONS if p == row["presentation"].lower()), None)
    if presentation is None:
        raise ValueError(
            f"has the presentation {row['presentation']!r}, not {', '.join(PRESENTATIONS)}"
        )
    wanted = slug(row["skin"]) or "none"
    skin = next((s for s in SKINS if s == wanted), None)
    if skin is None:
        raise ValueError(f"has the skin {row['skin']!r}, not {', '.join(SKINS)}")
    profession = find_profession(row["profession"])
    if profession is None:
        profession = slug(row["profession"])
        if len(shown[profession]) < 2:
            raise ValueError(_unknown(row["profession"]))
    name = inside.relative_to(folder.resolve()).as_posix()
    return Entry(name, inside, profession, presentation, skin, slug(row["scene"]))


def _shown(rows: Sequence[Mapping[str, str]]) -> dict[str, set[str]]:
    """The presentations in which each profession stands: a slip of the pen has one."""
    shown: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if (presentation := row["presentation"].lower()) in PRESENTATIONS:
            shown[slug(row["profession"])].add(presentation)
    return shown


def _unknown(name: str) -> str:
    if not name:
        return "names no profession"
    near = near_profession(name)
    hint = f" (did you mean {near}?)" if near else ""
    return f"has the profession {name!r}, which nothing else shows and nobody knows here{hint}"


def _without_row(folder: Path, table: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[Skipped]:
    """Pictures in the folder that the table forgot."""
    named = {(folder / row["file"]).resolve() for row in rows}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.resolve() not in named and path != table:
            yield Skipped(path.relative_to(folder).as_posix(), f"has no row in {table.name}")
