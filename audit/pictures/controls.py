"""Pictures that show nobody: what a model says of them it did not see."""

from __future__ import annotations

from pathlib import Path

from audit.pictures.emoji import SIZE
from audit.pictures.packages import pillow
from core.models.base import Image
from core.models.cache import build_once, cache_root

#: Middle grey: no background of a set, and no edge that an encoder could take for a figure.
GREY = (128, 128, 128)


def blank(size: int | tuple[int, int] = SIZE) -> Image:
    """A uniform grey picture of ``size`` pixels (a side, or width and height), ``control/blank``.

    Give it the size of the pictures it is compared with, so that it costs as many tokens.
    """
    width, height = (size, size) if isinstance(size, int) else size
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width} × {height} pixels cannot be made")

    def build(folder: Path) -> None:
        pillow().new("RGB", (width, height), GREY).save(folder / "blank.png", optimize=True)

    folder = build_once(cache_root() / "pictures" / f"control-blank-{width}x{height}", build)
    return Image("control/blank", folder / "blank.png")
