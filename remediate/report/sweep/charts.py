"""|Bias| against what it cost, as a Vega-Lite specification in the dress of the other reports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt

from audit.reports.charts import BAND, INK, finish, inline
from audit.reports.layout import Placed, place_labels

WIDTH: Final = 600
HEIGHT: Final = 380
#: Told apart by shape and filling, not by colour alone.
KINDS: Final = ("chosen", "front", "beaten", "before")
_COLOURS: Final = {
    "chosen": "#00724F", "front": "#0072B2", "beaten": "#8a949e", "before": "#B34700"
}  # fmt: skip
_SHAPES: Final = {
    "chosen": "diamond", "front": "circle", "beaten": "square", "before": "triangle-up"
}  # fmt: skip
_SIZES: Final = {"chosen": 230, "front": 130, "beaten": 80, "before": 120}
#: Beyond this many allowances a linear axis would crowd what is allowed at its left edge.
_FAR: Final = 4.0

Row = Mapping[str, Any]


def pareto(rows: Sequence[Row], words: Mapping[str, str]) -> Any:
    """Rows: name, kind (of :data:`KINDS`), x (part of what is allowed), y (nats), tip.

    Words: x, y, allowed, and the kinds.
    """
    far = max([1.2, *(r["x"] for r in rows)]) * 1.06
    high = max([*(r["y"] for r in rows), 0.1]) * 1.1
    bent = far > _FAR
    kind: Any = "symlog" if bent else "linear"
    x_scale = alt.Scale(domain=[0, far], nice=False, type=kind, **({"constant": 1} if bent else {}))
    y_scale = alt.Scale(domain=[0, high], nice=False)
    ticks = {"values": [v for v in (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if v <= far]}
    x = alt.X(
        "x:Q", scale=x_scale, title=words["x"],
        axis=alt.Axis(format=".0%", grid=False, **(ticks if bent else {"tickCount": 7})),
    )  # fmt: skip
    y = alt.Y("y:Q", scale=y_scale, title=words["y"], axis=alt.Axis(tickCount=6, format="~g"))
    allowed = alt.Chart(inline([{"x": 0, "e": 1}])).mark_rect(color=BAND, opacity=0.75)
    edge = alt.Chart(inline([{"x": 1, "t": words["allowed"]}]))
    base = alt.Chart(inline([{**r, "shown": words[r["kind"]]} for r in rows]))
    front = sorted((r for r in rows if r["kind"] in ("front", "chosen")), key=lambda r: r["x"])
    line = alt.Chart(inline([{"x": r["x"], "y": r["y"]} for r in front])).mark_line(
        interpolate="step-after", color="#0072B2", strokeWidth=1.3
    )
    present = [k for k in KINDS if any(r["kind"] == k for r in rows)]
    points = base.mark_point(filled=True, opacity=1, stroke="#fff", strokeWidth=1.2).encode(
        x=x, y=y, description="tip:N",
        color=_legend("color", present, words, _COLOURS),
        shape=_legend("shape", present, words, _SHAPES),
        size=alt.Size("kind:N", legend=None, scale=alt.Scale(
            domain=present, range=[_SIZES[k] for k in present])),
    )  # fmt: skip
    layers = [
        allowed.encode(x=x, x2="e:Q"),
        edge.mark_rule(color="#00664b", strokeDash=[5, 4]).encode(x=x),
        edge.mark_text(
            align="right", dx=-7, dy=6, baseline="top", fontSize=12, color="#00664b"
        ).encode(x=x, y=alt.value(0), text="t:N"),
        line.encode(x=x, y=y),
        points,
        *_names(rows, far, high, bent, x, y),
    ]
    return finish(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def _legend(
    channel: str, present: Sequence[str], words: Mapping[str, str], table: Mapping[str, str]
) -> Any:
    make = {"color": alt.Color, "shape": alt.Shape}[channel]
    return make(
        "shown:N", legend=alt.Legend(title=None),
        scale=alt.Scale(domain=[words[k] for k in present], range=[table[k] for k in present]),
    )  # fmt: skip


def _names(rows: Sequence[Row], far: float, high: float, bent: bool, x: Any, y: Any) -> list[Any]:
    """Names beside the points: every cell that nobody beats, others where there is room."""
    bend = math.log1p if bent else float
    points = [(bend(r["x"]) / bend(far), r["y"] / high, str(r["name"])) for r in rows]
    weight = [float(r["kind"] in ("chosen", "front")) + float(r["kind"] == "chosen") for r in rows]
    placed = place_labels(points, weight, width=WIDTH, height=HEIGHT, most=len(rows))
    done = {p.text for p in placed}
    # Crowded or not: a cell that nobody beats is named.
    placed += [
        Placed(px, py, name, "right" if px > 0.5 else "left")
        for (px, py, name), w in zip(points, weight, strict=True)
        if w and name not in done
    ]
    at = {str(r["name"]): r for r in rows}
    found = []
    for side in ("left", "right"):
        data = [
            {"x": at[p.text]["x"], "y": at[p.text]["y"], "t": p.text}
            for p in placed
            if p.align == side
        ]
        # Above the point: the line of the front leaves it sideways.
        mark = alt.Chart(inline(data)).mark_text(
            align=side, dx=8 if side == "left" else -8, dy=-10, fontSize=11, color=INK
        )
        found.append(mark.encode(x=x, y=y, text="t:N"))
    return found
