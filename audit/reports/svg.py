"""A Vega-Lite chart as inert SVG: rendered here, cleaned, described, ready to stand in the page.

Charts are drawn ahead of time, so the page needs no chart script, prints sharply and shows the
same picture everywhere. Everything that could act (scripts, handlers, links) is dropped.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from audit.reports.svg_extent import make_room
from core.text import encodable

_SVG: Final = "http://www.w3.org/2000/svg"
_DRAWING: Final = frozenset(
    {"svg", "g", "path", "rect", "line", "text", "circle", "defs", "clipPath", "tspan", "title"}
)
_DROPPED: Final = frozenset(
    {"class", "pointer-events", "role", "aria-roledescription", "aria-label", "aria-hidden"}
)
_LONG_DECIMAL: Final = re.compile(r"(\d+\.\d{2})\d+")
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)


def clean(text: str, limit: int = 60) -> str:
    """A label fit for a drawing: one line, no control or direction-changing characters."""
    text = encodable(_UNPRINTABLE.sub("\ufffd", text))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def render(chart: alt.Chart | alt.LayerChart, *, prefix: str, title: str, desc: str) -> Markup:
    """The chart as one ``<svg role="img">``. *prefix* makes its ids unique in the page."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_json(validate=False)))
    _clean_tree(root)
    _renumber(root, prefix)
    make_room(root)
    if len(root) and root[0].tag == f"{{{_SVG}}}rect":
        root.remove(root[0])  # the page's own background shows through
    for tag, text in (("desc", desc), ("title", title)):
        node = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{prefix}-{tag}"})
        node.text = clean(text, 400)
        root.insert(0, node)
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _clean_tree(node: ElementTree.Element) -> None:
    """Keep drawing elements; turn a mark's description into a tooltip (``<title>``)."""
    symbol = node.get("role") == "graphics-symbol" and node.get("aria-roledescription") != "axis"
    tip = node.get("aria-label") if symbol else None
    for name in list(node.attrib):
        if name in _DROPPED or name.startswith("on") or name.endswith("href"):
            del node.attrib[name]
        else:
            node.set(name, _LONG_DECIMAL.sub(r"\1", node.get(name, "")))
    for child in list(node):
        if child.tag.rpartition("}")[2] not in _DRAWING:
            node.remove(child)
        else:
            _clean_tree(child)
    if tip and node.tag == f"{{{_SVG}}}path":
        ElementTree.SubElement(node, f"{{{_SVG}}}title").text = tip


def _renumber(root: ElementTree.Element, prefix: str) -> None:
    """vl-convert counts ids over the whole process; ours are the same in every build."""
    ids = [node.get("id", "") for node in root.iter() if node.get("id")]
    fresh = {old: f"{prefix}-{n}" for n, old in enumerate(ids)}
    for node in root.iter():
        for name, value in list(node.attrib.items()):
            if name == "id":
                node.set(name, fresh[value])
            elif value.startswith("url(#"):
                node.set(name, f"url(#{fresh.get(value[5:-1], 'none')})")
