"""Where labels and dots go so that they do not lie on each other. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Placed:
    """A label at (x, y) in data units, text to the right (``left``-aligned) or left of it."""

    x: float
    y: float
    text: str
    align: Literal["left", "right"]


def text_width(text: str, size: float = 11.0) -> float:
    """Rough width in pixels: CJK characters are square, others a little over half as wide."""
    return sum(size if ord(ch) > 0x2E7F else size * 0.56 for ch in text)


def place_labels(
    points: Sequence[tuple[float, float, str]],
    priority: Sequence[float],
    *,
    width: float,
    height: float,
    most: int = 18,
) -> list[Placed]:
    """Greedy: the most telling points first, a label only where it covers no point and no label.

    *points* are (x, y, text) in 0–1 units, *width* and *height* the plot's size in pixels.
    """
    taken = [(x * width - 5, y * height - 5, x * width + 5, y * height + 5) for x, y, _ in points]
    out: list[Placed] = []
    for index in sorted(range(len(points)), key=lambda i: -priority[i]):
        x, y, text = points[index]
        px, py, wide = x * width, y * height, text_width(text) + 4
        for side in ("left", "right"):
            box = (px + 7, py - 7, px + 7 + wide, py + 7)
            if side == "right":
                box = (px - 7 - wide, py - 7, px - 7, py + 7)
            inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                out.append(Placed(x, y, text, "left" if side == "left" else "right"))
                break
        if len(out) == most:
            break
    return out


Box = tuple[float, float, float, float]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def beeswarm(values: Sequence[float], *, width: float) -> list[int]:
    """Rows (0, 1, −1, 2, …) for dots of one line, so that dots closer than *width* do not touch."""
    rows: dict[int, float] = {}
    placed = [0] * len(values)
    for index in sorted(range(len(values)), key=lambda i: values[i]):
        row = 0
        while row in rows and values[index] - rows[row] < width:
            row = -row if row > 0 else -row + 1
        rows[row] = values[index]
        placed[index] = row
    return placed
