"""Matched pictures drawn from an emoji style, rendered once into the user's cache.

A set is every profession × presentation × skin tone of the data file: pictures that differ only
in the figure. Its cache folder is complete or absent and carries its own ``index.json`` (source,
version, licence, attribution, digest of every file), because that is where somebody finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from audit.pictures.base import (
    PRESENTATIONS,
    SKINS,
    Picture,
    PictureSet,
    Presentation,
    Skin,
    Skipped,
    picture_id,
    set_fingerprint,
)  # fmt: skip
from audit.pictures.hidden import SCENE, hide_head
from audit.pictures.professions import Look, Profession, drawn_professions
from audit.pictures.sequences import sequence
from core.errors import EnvironmentProblem
from core.models.base import Image
from core.models.cache import build_once, cache_root

#: Side of a picture in pixels: above what small vision encoders take (64–224), and cheap in tokens.
SIZE = 256
#: Raised when the same source would be drawn differently, so that old caches are left alone.
_RECIPE = 1

_INDEX = "index.json"


class MissingDrawing(Exception):
    """The style has no picture for a sequence; the message says what it lacks."""


class Style(Protocol):
    """One art style on this machine."""

    name: str
    title: str
    version: str
    licence: str
    attribution: str
    #: Where the head is, for :func:`audit.pictures.hidden.hide_head`.
    head: tuple[float, float, float, float]

    def source(self) -> Mapping[str, str]:
        """Where the drawings come from and what renders them, for the index."""
        ...

    def draw(self, codepoints: tuple[str, ...], size: int) -> bytes:
        """PNG of ``size`` × ``size`` pixels on white. Raises :class:`MissingDrawing`."""
        ...


def emoji_set(style: Style) -> PictureSet:
    """The set in ``style``. The first call on a machine renders it, which takes a few seconds."""
    folder = _rendered(style)
    index = _read_index(folder)
    kept: list[tuple[Picture, str]] = []
    excluded, skipped = [], []
    for profession, presentation, skin in _cells():
        file = _file(profession.id, presentation, skin)
        look = profession.looks.get(style.name, Look())
        if file in index["same"]:
            continue
        if file in index["missing"]:
            skipped.append(Skipped(file, index["missing"][file]))
        elif look.use == "no" or presentation in look.exclude:
            excluded.append(Skipped(file, " ".join(look.notes)))
        else:
            image_id = picture_id(style.name, profession.id, presentation, skin)
            image = _checked(folder, file, index, image_id)
            scene = SCENE if _is_hidden(style, profession, presentation) else ""
            picture = Picture(image, profession.id, presentation, skin, scene)
            kept.append((picture, index["files"][file]["sha256"]))
    return PictureSet(
        name=f"{style.title} {style.version}",
        style=style.name,
        licence=style.licence,
        attribution=style.attribution,
        trainable=True,
        fingerprint=set_fingerprint(kept),
        pictures=tuple(picture for picture, _ in kept),
        skipped=tuple(skipped),
        excluded=tuple(excluded),
    )


def _cells() -> Iterator[tuple[Profession, Presentation, Skin]]:
    for profession in drawn_professions():
        for presentation in PRESENTATIONS:
            for skin in SKINS:
                yield profession, presentation, skin


def _is_hidden(style: Style, profession: Profession, presentation: Presentation) -> bool:
    look = profession.looks.get(style.name, Look())
    return presentation == "neutral" and look.neutral == "hidden"


def _file(profession: str, presentation: str, skin: str) -> str:
    return f"{profession}/{presentation}/{skin}.png"


def _rendered(style: Style) -> Path:
    """The complete cache folder of the style in its version, drawn as the data file says now."""
    wanted = [
        f"{_file(p.id, g, s)} {'-'.join(sequence(p, g, s))} {_is_hidden(style, p, g)}"
        for p, g, s in _cells()
    ]
    recipe = "\n".join((f"{_RECIPE} {SIZE} {style.head}", *wanted))
    tail = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    folder = cache_root() / "pictures" / f"{style.name}-{style.version}-{tail}"
    return build_once(folder, lambda scratch: _render(style, scratch))


def _render(style: Style, folder: Path) -> None:
    files: dict[str, dict[str, str]] = {}
    missing: dict[str, str] = {}
    same: dict[str, str] = {}
    for profession, presentation, skin in _cells():
        file = _file(profession.id, presentation, skin)
        hidden = _is_hidden(style, profession, presentation)
        codepoints = sequence(profession, "man" if hidden else presentation, skin)
        try:
            data = style.draw(codepoints, SIZE)
        except MissingDrawing as lack:
            missing[file] = str(lack)
            continue
        if hidden:
            data = hide_head(data, style.head)
        digest = hashlib.sha256(data).hexdigest()
        untoned = _file(profession.id, presentation, "none")
        if hidden and files.get(untoned, {}).get("sha256") == digest:
            # No skin shows: one picture, not six answers to the same one.
            same[file] = untoned
            continue
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
        files[file] = {"codepoints": "-".join(codepoints), "sha256": digest}
    if not files:
        raise EnvironmentProblem(
            f"{style.title} {style.version} draws none of the {len(missing)} pictures "
            f"({next(iter(missing.values()))}); install a newer version of it."
        )
    index = {
        "style": style.name,
        "version": style.version,
        "licence": style.licence,
        "attribution": style.attribution,
        "source": dict(style.source()),
        "size": SIZE,
        "files": files,
        "missing": missing,
        "same": same,
    }
    text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    (folder / _INDEX).write_text(text, encoding="utf-8")


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"its {_INDEX} cannot be read") from error
    return index


def _checked(folder: Path, file: str, index: Mapping[str, Any], image_id: str) -> Image:
    """The picture, if its bytes are those that were rendered."""
    try:
        data = (folder / file).read_bytes()
        digest = index["files"][file]["sha256"]
    except (OSError, KeyError) as error:
        raise _damaged(folder, f"{file} is missing") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise _damaged(folder, f"{file} was changed")
    return Image(image_id, folder / file)


def _damaged(folder: Path, what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"The rendered pictures in {folder} are damaged ({what}); remove that folder and they are "
        "rendered again."
    )
