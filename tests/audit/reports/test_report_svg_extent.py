"""Wide characters that the renderer took for narrow ones stay inside the drawing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from audit.reports.svg_extent import make_room

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40" viewBox="0 0 300 40">'
    '<g transform="translate(60,5)"><g transform="translate(0.5, 20)">{text}</g></g></svg>'
)


def box(text: str) -> tuple[list[float], float]:
    root = ElementTree.fromstring(_SVG.format(text=text))
    make_room(root)
    return [float(part) for part in root.get("viewBox", "").split()], float(root.get("width", "0"))


def test_a_label_that_ends_at_the_axis_begins_inside() -> None:
    """Eight characters of 13 px end at 50.5: they begin at −53.5."""
    text = '<text text-anchor="end" x="-10" font-size="13px">对劳动统计的斜率</text>'
    assert box(text) == ([-53.5, 0.0, 353.5, 40.0], 353.5)


def test_a_text_that_runs_out_to_the_right_is_given_room() -> None:
    """Ten characters of 20 px from 160.5 on."""
    text = '<text transform="translate(100,0)" font-size="20px">一二三四五六七八九十</text>'
    assert box(text) == ([0.0, 0.0, 360.5, 40.0], 360.5)


@pytest.mark.parametrize(
    "text",
    [
        '<text text-anchor="middle" transform="translate(90,0)" font-size="12px">份额</text>',
        '<text text-anchor="end" font-size="12px">a label the renderer measured well enough</text>',
        '<text transform="translate(-90,0) rotate(-90)" font-size="12px">竖排的标题</text>',
    ],
    ids=["inside", "no wide characters", "upright"],
)
def test_what_fits_or_was_measured_well_is_left_alone(text: str) -> None:
    assert box(text) == ([0.0, 0.0, 300.0, 40.0], 300.0)
