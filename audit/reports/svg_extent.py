"""Room in a drawing for texts that its renderer measured too narrow.

The renderer measures with the fonts of the machine it runs on. One without Chinese fonts takes
wide characters for narrow ones, and a reader's browser, which has the fonts, would cut their labels
off at the drawing's edge. So texts with wide characters are measured again here, a character an em
wide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

_TRANSLATE: Final = re.compile(r"translate\((-?[\d.e-]+)")
#: Widths in em; that of others is the mean of a sans-serif face, rounded up.
_WIDE, _OTHER = 1.0, 0.6
#: Where a text begins, as a share of its width left of its place.
_ANCHORED: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}
_DEFAULT_SIZE = 11.0


def make_room(root: ElementTree.Element) -> None:
    """Widen the ``<svg>`` (``viewBox`` and ``width``) until its wide texts lie inside it."""
    box = [float(part) for part in root.get("viewBox", "").split()]
    if len(box) != 4:
        return
    left, top, width, height = box
    right = left + width
    for start, end in _wide_texts(root, 0.0):
        left, right = min(left, start), max(right, end)
    if (left, right) != (box[0], box[0] + width):
        root.set("viewBox", f"{left:g} {top:g} {right - left:g} {height:g}")
        root.set("width", f"{right - left:g}")


def _wide_texts(node: ElementTree.Element, x: float) -> Iterator[tuple[float, float]]:
    """Left and right end of each level text that has wide characters."""
    transform = node.get("transform", "")
    if "rotate" in transform:
        return
    moved = _TRANSLATE.search(transform)
    x += float(moved[1]) if moved else 0.0
    text = node.text or ""
    if node.tag.endswith("}text") and any(map(_is_wide, text)):
        size = float(node.get("font-size", f"{_DEFAULT_SIZE}px").removesuffix("px"))
        long = size * sum(_WIDE if _is_wide(c) else _OTHER for c in text)
        start = x + float(node.get("x", 0)) - long * _ANCHORED[node.get("text-anchor", "start")]
        yield start, start + long
    for child in node:
        yield from _wide_texts(child, x)


def _is_wide(character: str) -> bool:
    """Unicode Standard Annex 11: wide or full width."""
    return unicodedata.east_asian_width(character) in "WF"
