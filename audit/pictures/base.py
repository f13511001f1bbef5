"""What a picture and a set of matched pictures are. Knows no probe, no model and no file format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from core.models.base import Image

#: What a picture is drawn to look like. It is the depicted presentation, nobody's identity.
Presentation = Literal["woman", "man", "neutral"]
PRESENTATIONS: tuple[Presentation, ...] = get_args(Presentation)

#: ``none`` is a set's default colour (an emoji's yellow) or a skin that nobody labelled; the
#: others are the five emoji modifiers, Fitzpatrick types I–II, III, IV, V and VI.
Skin = Literal["none", "light", "medium_light", "medium", "medium_dark", "dark"]
SKINS: tuple[Skin, ...] = get_args(Skin)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture and what it shows.

    ``profession`` is an id of :func:`audit.pictures.profession`; pictures with the same
    profession, ``skin`` and ``scene`` and another ``presentation`` are counterfactuals.
    """

    image: Image
    profession: str
    presentation: Presentation
    skin: Skin = "none"
    scene: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of the set that is not in it as it stands, and why: one phrase without a stop."""

    file: str
    why: str


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures of one source in one style, with what may be done with them.

    ``trainable``: whether the licence lets a model be trained on them. ``fingerprint``: of the
    labels and every picture's bytes, whatever machine they lie on. ``skipped``: files that could
    not be used; ``excluded``: pictures left out on purpose, for a confound; ``converted``: files
    used in a changed copy (transparency on white, first frame of an animation, …).
    """

    name: str
    style: str
    licence: str
    attribution: str
    trainable: bool
    fingerprint: str
    pictures: tuple[Picture, ...]
    skipped: tuple[Skipped, ...] = ()
    excluded: tuple[Skipped, ...] = ()
    converted: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """Which pictures.

    An emoji ``style``; or a ``folder`` of own pictures with ``labels`` (else its ``labels.csv``);
    or the public set ``source``, looked for in ``folder`` where one is given.
    """

    style: str = "openmoji"
    folder: Path | None = None
    labels: Path | None = None
    source: str | None = None


def picture_id(source: str, *parts: str) -> str:
    """The name a picture has on every machine: ``source/part/part``.

    Anything but unreserved characters is percent-encoded, so that ids can be joined by spaces.
    """
    return "/".join((source, *(quote(part, safe="/") for part in parts)))


def set_fingerprint(pictures: Iterable[tuple[Picture, str]]) -> str:
    """SHA-256 over the labels and the digest of every (picture, sha256 of its file), any order."""
    lines = sorted(
        "\t".join((p.image.id, p.profession, p.presentation, p.skin, p.scene, digest))
        for p, digest in pictures
    )
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
