"""Small copies of pictures for reports."""

from __future__ import annotations

import io

from audit.pictures.packages import pillow
from core.errors import EnvironmentProblem
from core.models.base import Image


def thumbnail(image: Image, px: int = 96) -> bytes:
    """PNG of the picture, at most ``px`` pixels a side, its proportions kept.

    Raises :class:`EnvironmentProblem` where the file is no longer there or no picture.
    """
    Pillow = pillow()  # noqa: N806
    try:
        with Pillow.open(image.path) as opened:
            small = opened.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise EnvironmentProblem(
            f"The picture {image.id} cannot be read from {image.path} ({error})."
        ) from error
    small.thumbnail((px, px), Pillow.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True)
    return out.getvalue()
