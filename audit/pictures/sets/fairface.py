"""FairFace (Kärkkäinen and Joo, WACV 2021): faces without a job, balanced over seven groups.

Layout: ``fairface_label_val.csv`` (columns file, age, gender, race, service_test) and the files it
names, ``val/1.jpg`` …. The validation part is read, the training part where it is missing. A
face's scene is its labelled group and age, so that like is compared with like; what the set calls
race is no skin tone and is not made one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from audit.pictures.base import PictureSet, Presentation, Skipped
from audit.pictures.ingest import Entry
from audit.pictures.names import slug
from audit.pictures.sets.common import About, at_most, left_out, read_entries
from audit.pictures.sets.places import lacking
from core.errors import EnvironmentProblem

ABOUT = About(
    id="fairface",
    title="FairFace",
    licence="CC-BY-4.0",
    attribution="FairFace, Kimmo Kärkkäinen and Jungseock Joo, WACV 2021 (CC-BY-4.0)",
    trainable=True,
    get_it="It is to be had from https://github.com/joojs/fairface (images and label tables).",
)
_PARTS = ("val", "train")
_COLUMNS = ("file", "age", "gender", "race")
_SHOWN: Mapping[str, Presentation] = {"Female": "woman", "Male": "man"}
#: What takes the place of a profession; the questions about work do not apply to it.
PROFESSION = "person"
#: Faces of one gender in one scene. The validation part alone has 10,954 faces.
FACES = 10


def read(folder: Path) -> PictureSet:
    """Up to :data:`FACES` faces for each group, age and gender."""
    for part in _PARTS:
        table = folder / f"fairface_label_{part}.csv"
        if table.is_file():
            break
    else:
        raise lacking(folder, ABOUT.title, "fairface_label_val.csv", ABOUT.get_it)
    skipped: list[Skipped] = []
    entries, more = at_most(
        _entries(folder, table, skipped),
        FACES,
        within=lambda e: (e.scene, e.presentation),
        key=lambda e: e.name,
    )
    why = f"{FACES} faces of each group, age and gender are asked about"
    return read_entries(ABOUT, entries, skipped, left_out(more, why))


def _entries(folder: Path, table: Path, skipped: list[Skipped]) -> Iterator[Entry]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
            rows = list(reader) if not missing else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnvironmentProblem(f"{table} cannot be read ({error}). {ABOUT.get_it}") from error
    if missing:
        raise EnvironmentProblem(f"{table} lacks the column {missing[0]}. {ABOUT.get_it}")
    for row in rows:
        shown = _SHOWN.get(row["gender"])
        path = folder / row["file"]
        if shown is None:
            skipped.append(Skipped(row["file"], f"has the gender {row['gender']!r}"))
        elif not path.resolve().is_relative_to(folder.resolve()):
            skipped.append(Skipped(row["file"], "lies outside the set's folder"))
        else:
            scene = f"{slug(row['race'])}_{slug(row['age'])}"
            yield Entry(row["file"], path, PROFESSION, shown, "none", scene)
