"""GenderBias-VL (Xiao et al., arXiv:2407.00600): generated pictures of 177 occupations in pairs.

Layout, after its archives are unpacked side by side::

    test_meta_file/VLbias/occ_test_base_ask_gender.json       which pictures passed its filter
    xl_generate_base/OCCUPATION/{female|male}/ID.png          a picture
    xl_generate_cf_via_instructpix2pix/OCCUPATION/{female|male}/ID.png   the other gender's version

The second stands in the folder of the first one's gender and shows the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from audit.pictures.base import PictureSet, Presentation, Skipped
from audit.pictures.ingest import Entry
from audit.pictures.names import profession_id
from audit.pictures.sets.common import About, at_most, left_out, read_entries
from audit.pictures.sets.places import lacking
from core.errors import EnvironmentProblem

ABOUT = About(
    id="genderbias-vl",
    title="GenderBias-VL",
    licence="CC-BY-NC-4.0",
    attribution="GenderBias-VL, Yisong Xiao et al., 2024 (CC-BY-NC-4.0); generated pictures",
    trainable=False,
    get_it=(
        "It is to be had as the data set xiaoyisong/GenderBias-VL on Hugging Face; unpack "
        "xl_generate_base.tar.gz and xl_generate_cf_via_instructpix2pix.tar.gz beside "
        "test_meta_file."
    ),
)
_LIST = "test_meta_file/VLbias/occ_test_base_ask_gender.json"
_BASE = "xl_generate_base"
_OTHER = "xl_generate_cf_via_instructpix2pix"
_SHOWN: Mapping[str, Presentation] = {"female": "woman", "male": "man"}
_FLIPPED: Mapping[str, Presentation] = {"female": "man", "male": "woman"}
#: Pairs of one occupation; the whole set has some eighty of each.
PAIRS = 6


def read(folder: Path) -> PictureSet:
    """Up to :data:`PAIRS` pairs of each occupation, those whose two pictures are there."""
    for part in (_LIST, _BASE, _OTHER):
        if not (folder / part).exists():
            raise lacking(folder, ABOUT.title, part, ABOUT.get_it)
    skipped: list[Skipped] = []
    names = _listed(folder / _LIST, skipped)
    entries, more = at_most(
        (entry for name in names for entry in _pair(folder, name, skipped)),
        PAIRS,
        within=lambda e: e.profession,
        key=lambda e: e.scene,
    )
    why = f"{PAIRS} pairs of each occupation are asked about"
    return read_entries(ABOUT, entries, skipped, left_out(more, why))


def _listed(path: Path, skipped: list[Skipped]) -> list[tuple[str, str, str]]:
    """(occupation's folder, gender, file) of every picture in the list, each once."""
    try:
        rows: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"{path} cannot be read ({error}). {ABOUT.get_it}") from error
    found: dict[tuple[str, str, str], None] = {}
    for row in rows if isinstance(rows, list) else ():
        name = str(row.get("image", "")) if isinstance(row, dict) else ""
        parts = PurePosixPath(name).parts
        if len(parts) != 4 or parts[0] != _BASE or parts[2] not in _SHOWN or ".." in parts:
            skipped.append(Skipped(name or "a row", "is no picture of the set's layout"))
        else:
            found[parts[1], parts[2], parts[3]] = None
    return list(found)


def _pair(folder: Path, name: tuple[str, str, str], skipped: list[Skipped]) -> Iterator[Entry]:
    occupation, gender, file = name
    inside = f"{occupation}/{gender}/{file}"
    for part in (_BASE, _OTHER):
        if not (folder / part / inside).is_file():
            skipped.append(Skipped(f"{part}/{inside}", "is missing, so its pair is left out"))
            return
    # A waiter becomes a waitress in the set's questions; its folder has one name for both.
    profession = profession_id(occupation)
    scene = f"{gender}_{Path(file).stem}"
    for part, shown in ((_BASE, _SHOWN), (_OTHER, _FLIPPED)):
        path = folder / part / inside
        yield Entry(f"{part}/{inside}", path, profession, shown[gender], "none", scene)
