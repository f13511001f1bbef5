"""A small set of matched pictures, drawn on the spot: coloured figures, none of them anybody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw

from audit.pictures import Picture, PictureSet, Skipped
from core.models.base import Image

#: Two mostly held by women, eight mostly held by men, two by neither.
JOBS = (
    "teacher", "health_worker", "farmer", "mechanic", "technologist", "pilot", "firefighter",
    "police_officer", "construction_worker", "factory_worker", "judge", "artist",
)  # fmt: skip
SKINS = ("light", "dark")
_TONES = {"none": "#ffcc22", "light": "#f0d0b0", "medium": "#b08050", "dark": "#604030"}
_CLOTHES = {"woman": "#aa3377", "man": "#226688", "neutral": "#447733"}


def make_set(
    folder: Path, *, jobs: Sequence[str] = JOBS, skins: Sequence[str] = SKINS, side: int = 32
) -> PictureSet:
    """Every job × woman, man, neutral × skin; the job is the background's shade of grey."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [
        _picture(folder, job, shown, skin, 150 + 8 * (number % 12), side)
        for number, job in enumerate(jobs)
        for shown in _CLOTHES
        for skin in skins
    ]
    return PictureSet(
        name="Made figures 1",
        style="made",
        licence="Apache-2.0",
        attribution="Figures of this project's tests",
        trainable=True,
        fingerprint=f"sha256:{'-'.join((*jobs, *skins))}",
        pictures=tuple(pictures),
        skipped=(Skipped("broken.png", "its file ends in the middle"),),
    )


def _picture(folder: Path, job: str, shown: str, skin: str, grey: int, side: int) -> Picture:
    drawn = Pillow.new("RGB", (side, side), (grey, grey, grey))
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((side // 4, side // 2, 3 * side // 4, side), fill=_CLOTHES[shown])
    pen.ellipse((side // 3, side // 8, 2 * side // 3, side // 2), fill=_TONES[skin])
    path = folder / f"{job}-{shown}-{skin}.png"
    drawn.save(path)
    return Picture(Image(f"made/{job}/{shown}/{skin}", path), job, shown, skin)  # type: ignore[arg-type]
