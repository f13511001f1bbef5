"""The colour of a figure's clothes, read off the pixels: a control nobody has to label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: Where a bust's clothes are, as shares of height and width.
_ROWS, _COLUMNS = (0.70, 0.90), (0.25, 0.75)
#: Less than this of the region is an edge or an ornament.
_ENOUGH = 0.06
#: Largest distance of one channel that still is the flat colour of a drawing.
_NEAR = 6


def clothes_colour(path: Path, colours: Mapping[str, Mapping[str, Any]]) -> str:
    """The commonest of ``colours`` (name → ``rgb`` triples) at the clothes, else ``white``.

    White counts last: it is the background too.
    """
    from PIL import Image

    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    region = pixels[
        int(_ROWS[0] * height) : int(_ROWS[1] * height),
        int(_COLUMNS[0] * width) : int(_COLUMNS[1] * width),
    ]
    found = {
        name: max(
            float((np.abs(region - np.array(rgb)).max(axis=-1) <= _NEAR).mean())
            for rgb in row["rgb"]
        )
        for name, row in colours.items()
        if name != "white"
    }
    name = max(found, key=lambda key: found[key])
    return name if found[name] >= _ENOUGH else "white"
