"""The page's own charts as Vega-Lite specifications, in the dress of the audit report's.

Before, after and the instructed model differ by colour (Okabe and Ito's set), by shape and by
their place; nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt

from audit.reports.charts import BAND, INK, MUTED, finish, inline

SIDES: Final = ("before", "after", "prompted")
SIDE_COLOURS: Final = {"before": "#B34700", "after": "#0072B2", "prompted": "#5b6672"}
SIDE_SHAPES: Final = {"before": "triangle-up", "after": "circle", "prompted": "diamond"}
#: An upright stroke: vega's own "stroke" lies on its side in a legend.
TICK: Final = "M0,-0.8L0,0.8"
CURVE_COLOURS: Final = {"bias": "#1b2430", "gap": "#0072B2", "skew": "#B34700"} | {
    "miss": "#B34700", "guess": "#6a4c93",
}  # fmt: skip
CURVE_SHAPES: Final = {"bias": "circle", "gap": "triangle-up", "skew": "square"} | {
    "miss": "square", "guess": "diamond",
}  # fmt: skip
CURVE_DASHES: Final = {"bias": [1, 0], "gap": [7, 3], "skew": [2, 3]} | {
    "miss": [2, 3], "guess": [9, 2, 2, 2],
}  # fmt: skip

Row = Mapping[str, Any]


def _scale(kind: str, domain: Sequence[str], table: Mapping[str, Any]) -> Any:
    return alt.Scale(domain=list(domain), range=[table[name] for name in domain])


def panel(rows: Sequence[Row], *, margin: float | None, axis: str) -> Any:
    """Rows: side, name, value, low, high (the metric's unit), text, tip. One metric, own axis."""
    reach = [v for r in rows for v in (r["value"], r["low"], r["high"])]
    reach += [0.0, *((-margin, margin) if margin else ())]
    pad = (max(reach) - min(reach)) * 0.08 or 0.1
    scale = alt.Scale(domain=[min(reach) - pad, max(reach) + pad], nice=False, zero=False)
    x = alt.X("low:Q", scale=scale, title=axis, axis=alt.Axis(tickCount=5, format="~f"))
    order = [r["name"] for r in rows]
    y = alt.Y(
        "name:N", sort=order, title=None,
        axis=alt.Axis(labelColor=INK, labelFontSize=14, grid=False),
    )  # fmt: skip
    present = [s for s in SIDES if any(r["side"] == s for r in rows)]
    colour = alt.Color("side:N", legend=None, scale=_scale("colour", present, SIDE_COLOURS))
    shape = alt.Shape("side:N", legend=None, scale=_scale("shape", present, SIDE_SHAPES))
    base = alt.Chart(inline(rows))
    zero = alt.Chart(inline([{"low": 0}])).mark_rule(color="#8a949e").encode(x=x)
    line = base.mark_rule(strokeWidth=2.5, strokeCap="round").encode(
        x=x, x2="high:Q", y=y, color=colour
    )
    point = base.mark_point(filled=True, size=130, opacity=1, stroke="#fff", strokeWidth=1).encode(
        x=alt.X("value:Q", scale=scale), y=y, color=colour, shape=shape, description="tip:N"
    )
    text = base.mark_text(dy=-14, fontSize=14, fontWeight="bold", color=INK).encode(
        x=alt.X("value:Q", scale=scale), y=y, text="text:N"
    )
    layers = [zero, line, point, text]
    if margin:
        band = alt.Chart(inline([{"low": -margin, "high": margin}])).mark_rect(color=BAND)
        layers.insert(0, band.encode(x=x, x2="high:Q"))
    return finish(alt.layer(*layers).properties(width=190, height=50 * len(order) + 8))


def dumbbells(rows: Sequence[Row], words: Mapping[str, str]) -> Any:
    """Rows: name, before, after, labour (0–1 or None), tip. Words: x, before, after, labour,
    parity."""
    unit = alt.Scale(domain=[0, 1], nice=False)
    ticks = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], orient="top")
    order = [r["name"] for r in rows]
    x = alt.X("value:Q", scale=unit, title=words["x"], axis=ticks)
    y = alt.Y(
        "name:N", sort=order, title=None,
        axis=alt.Axis(labelColor=INK, labelFontSize=12, grid=True, gridColor="#f0f2f4"),
    )  # fmt: skip
    long = [
        {"name": r["name"], "side": side, "shown": words[side], "value": r[side], "tip": r["tip"]}
        for r in rows
        for side in ("labour", "before", "after")
        if r[side] is not None
    ]
    sides = ("before", "after", "labour")
    shown = [words[s] for s in sides]
    legend = alt.Legend(title=None, symbolStrokeWidth=2)
    colour = alt.Color(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[SIDE_COLOURS["before"], SIDE_COLOURS["after"], INK]),
    )  # fmt: skip
    shape = alt.Shape(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[SIDE_SHAPES["before"], SIDE_SHAPES["after"], TICK]),
    )  # fmt: skip
    parity = alt.Chart(inline([{"value": 0.5, "t": words["parity"]}]))
    base = alt.Chart(inline(rows))
    marks = alt.Chart(inline(long))
    height = max(80, 19 * len(order))
    return finish(
        alt.layer(
            parity.mark_rule(color=INK, strokeDash=[6, 4], strokeWidth=1.2).encode(x=x),
            parity.mark_text(baseline="top", dy=5, fontSize=12, color=INK).encode(
                x=x, y=alt.value(height), text="t:N"
            ),
            base.mark_rule(strokeWidth=2.5, color="#c3cad1").encode(
                x=alt.X("before:Q", scale=unit), x2="after:Q", y=y
            ),
            marks.transform_filter(alt.datum.side == "labour")
            .mark_point(size=110, strokeWidth=2.2, opacity=1)
            .encode(x=x, y=y, color=colour, shape=shape, description="tip:N"),
            marks.transform_filter(alt.datum.side != "labour")
            .mark_point(filled=True, size=80, opacity=1, stroke="#fff", strokeWidth=0.8)
            .encode(x=x, y=y, color=colour, shape=shape, description="tip:N"),
        ).properties(width=520, height=height)
    )


def curve(rows: Sequence[Row], *, kept: float | None, words: Mapping[str, str]) -> Any:
    """Rows: step, series (bias, gap, skew), value (nats), tip. Words: x, y, kept, and the series.

    *kept* is the step whose checkpoint was kept.
    """
    present = [s for s in CURVE_COLOURS if any(r["series"] == s for r in rows)]
    shown = [words[s] for s in present]
    data = [{**r, "shown": words[r["series"]]} for r in rows]
    legend = alt.Legend(title=None, symbolStrokeWidth=0)
    x = alt.X("step:Q", title=words["x"], axis=alt.Axis(tickMinStep=1, tickCount=8, grid=False))
    y = alt.Y("value:Q", title=words["y"], axis=alt.Axis(tickCount=6))
    colour = alt.Color(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[CURVE_COLOURS[s] for s in present]),
    )  # fmt: skip
    shape = alt.Shape(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[CURVE_SHAPES[s] for s in present]),
    )  # fmt: skip
    dash = alt.StrokeDash(
        "shown:N", legend=None,
        scale=alt.Scale(domain=shown, range=[CURVE_DASHES[s] for s in present]),
    )  # fmt: skip
    base = alt.Chart(inline(data))
    zero = alt.Chart(inline([{"value": 0}])).mark_rule(color="#8a949e").encode(y=y)
    layers = [
        zero,
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour, strokeDash=dash),
        base.mark_point(filled=True, size=60, opacity=1, stroke="#fff", strokeWidth=0.8).encode(
            x=x, y=y, color=colour, shape=shape, description="tip:N"
        ),
    ]
    if kept is not None:
        mark = alt.Chart(inline([{"step": kept, "t": words["kept"]}]))
        layers += [
            mark.mark_rule(color=MUTED, strokeDash=[4, 4]).encode(x=x),
            mark.mark_text(align="left", dx=6, dy=4, baseline="top", fontSize=12, color=INK).encode(
                x=x, y=alt.value(0), text="t:N"
            ),
        ]
    return finish(alt.layer(*layers).properties(width=560, height=240))
