"""Type-I error and coverage of every cell as two small SVG files."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import vl_convert

Point = dict[str, object]


def write_plot(
    points: list[Point], path: Path, *, title: str, band: tuple[float, float], ends: list[float]
) -> None:
    """A dot a metric and cell (``cell``, ``suite``, ``value`` in percent) over the target band."""
    shade = (
        alt.Chart(alt.InlineData(values=[{"low": band[0], "high": band[1]}]))
        .mark_rect(color="#d8e6d4")
        .encode(x="low:Q", x2="high:Q")
    )
    dots = (
        alt.Chart(alt.InlineData(values=points))
        .mark_point(size=26, filled=True, opacity=0.8)
        .encode(
            x=alt.X("value:Q", title=title, scale=alt.Scale(domain=ends, clamp=True)),
            y=alt.Y("cell:N", title=None, sort=None, axis=alt.Axis(labelLimit=420)),
            color=alt.Color("suite:N", title=None, sort=None, legend=None),
        )
    )
    chart = (shade + dots).properties(width=330, height={"step": 13}).configure_view(stroke=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(vl_convert.vegalite_to_svg(chart.to_json()) + "\n")
