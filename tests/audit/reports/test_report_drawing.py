"""Drawings: labels keep apart, hostile names stay text, ids never clash."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.reports import charts, svg
from audit.reports.layout import beeswarm, place_labels, text_width

unit = st.floats(0, 1)
HOSTILE = '<script>x</script>" onload="y" \x00\x1b\u202e &amp; 护士'


@given(st.lists(st.tuples(unit, unit, st.text("abc", max_size=12)), max_size=40))
def test_labels_cover_no_label_and_stay_inside(points: list[tuple[float, float, str]]) -> None:
    placed = place_labels(points, [1.0] * len(points), width=560, height=440, most=12)
    assert len(placed) <= 12
    boxes = []
    for p in placed:
        wide = text_width(p.text)
        left = p.x * 560 + (7 if p.align == "left" else -7 - wide)
        assert left >= -5
        assert left + wide <= 565
        boxes.append((left, p.y * 440 - 7, left + wide, p.y * 440 + 7))
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


def test_the_most_telling_points_are_labelled_first() -> None:
    points = [(0.5, n / 10, str(n)) for n in range(10)]
    placed = place_labels(points, [float(n) for n in range(10)], width=500, height=500, most=3)
    assert [p.text for p in placed] == ["9", "8", "7"]


@given(st.lists(st.floats(-5, 5), max_size=60))
def test_dots_of_one_row_do_not_touch(values: list[float]) -> None:
    rows = beeswarm(values, width=0.2)
    assert len(rows) == len(values)
    for row in set(rows):
        line = sorted(v for v, r in zip(values, rows, strict=True) if r == row)
        assert all(b - a >= 0.2 for a, b in pairwise(line))


@given(st.text(max_size=80))
@settings(deadline=None)
def test_cleaned_labels_are_valid_xml(text: str) -> None:
    cleaned = svg.clean(text)
    assert len(cleaned) <= 60
    node = ElementTree.Element("t")
    node.text = cleaned
    assert ElementTree.fromstring(ElementTree.tostring(node)).text in (cleaned, None)


def _forest(name: str, value: float = 2.0) -> str:
    row = {"name": svg.clean(name), "value": value, "low": value - 1, "high": value + 1,
           "verdict": "biased", "tip": svg.clean(name)}  # fmt: skip
    chart = charts.forest([row], axis="x", band="fair")
    return str(svg.render(chart, prefix="p", title=name, desc=name))


def test_hostile_names_stay_text() -> None:
    root = ElementTree.fromstring(_forest(HOSTILE))
    tags = {node.tag.rpartition("}")[2] for node in root.iter()}
    assert tags <= {
        "svg", "g", "path", "rect", "line", "text", "title", "desc", "defs", "clipPath", "circle",
        "tspan",
    }  # fmt: skip
    for node in root.iter():
        assert not [a for a in node.attrib if a.startswith("on") or "href" in a]
    assert "<script>x</script>" in "".join(root.itertext())


def test_ids_carry_the_prefix_and_links_find_them() -> None:
    drawn = _forest("a")
    root = ElementTree.fromstring(drawn)
    ids = [n.get("id") for n in root.iter() if n.get("id")]
    assert all(str(i).startswith("p-") for i in ids)
    assert len(ids) == len(set(ids))
    assert root.get("aria-labelledby") == "p-title p-desc"
    assert drawn == _forest("a")


@pytest.mark.parametrize("value", [0.0, 1e-9, 5000.0, -300.0])
def test_extreme_estimates_still_draw(value: float) -> None:
    assert "NaN" not in _forest("a", value)


def test_order_chart_survives_saturation() -> None:
    dots = [{"x": 0.0, "tip": "t"}] * 80
    order = {"value": 0.0, "low": 0.0, "high": 0.0, "tip": "t", "text": "0"}
    chart = charts.order_effect(dots, order, axis="x", rows=("a", "b"), points=False)
    assert "NaN" not in svg.render(chart, prefix="p", title="t", desc="d")
