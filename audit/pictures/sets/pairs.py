"""PAIRS, "PArallel Images for eveRyday Scenarios" (Fraser and Kiritchenko, EACL 2024).

Layout: ``[data/]{occupations|status|potential_crime}/SCENE/{black|white}_{man|woman}.png``: fifty
scenes of four generated pictures each. A scene is ambiguous on purpose (an airplane's pilot or
its flight attendant), so it is no profession: the scene takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from audit.pictures.base import PictureSet, Presentation, Skin, Skipped
from audit.pictures.ingest import Entry
from audit.pictures.names import slug
from audit.pictures.sets.common import About, read_entries
from audit.pictures.sets.places import lacking

ABOUT = About(
    id="pairs",
    title="PAIRS",
    licence="free for any use by its data sheet, which asks to use it for testing models only",
    attribution="PAIRS, Kathleen C. Fraser and Svetlana Kiritchenko, EACL 2024; generated pictures",
    trainable=False,
    get_it="It is to be had from https://github.com/katiefraser/PAIRS (folder data).",
)
SECTIONS = ("occupations", "status", "potential_crime")
#: The data sheet calls the second dimension "two skin colours: light and dark".
_SKIN: Mapping[str, Skin] = {"white": "light", "black": "dark"}
# One file of the published set is called white_man1.png.
_FILE = re.compile(r"(?P<skin>black|white)_(?P<who>man|woman)\d*\.png", re.IGNORECASE)


def read(folder: Path) -> PictureSet:
    """The set in ``folder`` (the repository, or its folder ``data``)."""
    root = folder / "data" if (folder / "data").is_dir() else folder
    sections = [name for name in SECTIONS if (root / name).is_dir()]
    if not sections:
        raise lacking(folder, ABOUT.title, f"the folders {', '.join(SECTIONS)}", ABOUT.get_it)
    skipped = [Skipped(name, "the folder is missing") for name in SECTIONS if name not in sections]
    entries = [e for section in sections for e in _section(root, section, skipped)]
    return read_entries(ABOUT, entries, skipped)


def _section(root: Path, section: str, skipped: list[Skipped]) -> Iterator[Entry]:
    for path in sorted((root / section).glob("*/*")):
        name = path.relative_to(root).as_posix()
        match = _FILE.fullmatch(path.name)
        if path.name.startswith("."):
            continue
        if match is None:
            skipped.append(Skipped(name, "is not called like black_man.png or white_woman.png"))
            continue
        who: Presentation = "woman" if match["who"].lower() == "woman" else "man"
        skin = _SKIN[match["skin"].lower()]
        yield Entry(name, path, slug(path.parent.name), who, skin, section)
