"""The charts, as Vega-Lite specifications. Each takes plain rows and one language.

Colours are Okabe and Ito's set for colour-blind readers; nothing is told by colour alone, and
neither gender gets the colour custom gives it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt

from audit.reports.layout import Placed, beeswarm

INK: Final = "#1b2430"
MUTED: Final = "#5b6672"
RULE: Final = "#e6e9ed"
BAND: Final = "#d9efe6"
ACCENT: Final = "#0072B2"
VERDICT_COLOURS: Final = {
    "biased": "#B34700",
    "within_margin": "#00724F",
    "inconclusive": "#5b6672",
    "insufficient_evidence": "#7A5C00",
    "unknown": "#5b6672",
}
VERDICT_SHAPES: Final = {
    "biased": "triangle-up",
    "within_margin": "circle",
    "inconclusive": "diamond",
    "insufficient_evidence": "cross",
    "unknown": "cross",
}
LABEL_COLOURS: Final = {
    "woman": "#0072B2",
    "man": "#E69F00",
    "neutral": "#7CCBB0",
    "correct": "#009E73",
    "incorrect": "#D55E00",
    "stereotyped": "#D55E00",
    "anti_stereotyped": "#0072B2",
    "positive": "#0072B2",
    "negative": "#E69F00",
    "unrelated": "#9A8C5A",
    "refused": "#CC79A7",
    "unparsed": "#C3C9D0",
}
LABEL_INK: Final = {"woman": "#ffffff", "anti_stereotyped": "#ffffff", "positive": "#ffffff"}
GROUP_COLOURS: Final = {"women": "#0072B2", "men": "#C77700", "mixed": "#7a8591", "": "#0072B2"}
GROUP_SHAPES: Final = {"women": "circle", "men": "square", "mixed": "diamond", "": "circle"}

Row = Mapping[str, Any]


def inline(rows: Sequence[Row]) -> alt.Data:
    """Rows inside the specification."""
    # As one string: altair copies a chart at every step, and copying rows would take seconds.
    values = json.dumps([dict(r) for r in rows], allow_nan=False)
    return alt.Data(values=values, format=alt.DataFormat(type="json"))


def finish(chart: Any) -> Any:
    """The chart in the reports' common dress."""
    return (
        chart.configure(
            font="sans-serif", background="#ffffff",
            # Room for a reader's font that is wider than the one labels were measured with.
            padding={"left": 20, "right": 24, "top": 6, "bottom": 4},
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED, titleColor=MUTED, labelFontSize=12, titleFontSize=12,
            titleFontWeight="normal", titlePadding=10, labelPadding=6, domain=False, ticks=False,
            gridColor=RULE, labelLimit=260,
        )
        .configure_legend(
            labelColor=INK, titleColor=MUTED, labelFontSize=12, titleFontSize=12,
            titleFontWeight="normal", orient="top", symbolSize=90,
            columnPadding=28, labelLimit=240, symbolOpacity=1,
        )
    )  # fmt: skip


def reach(ends: Sequence[float], margin: float = 1.0) -> Any:
    """A scale that holds *ends* and the band of the margin with room beside it."""
    low = min([-1.5 * margin, *(v * 1.1 for v in ends)])
    high = max([1.5 * margin, *(v * 1.1 for v in ends)])
    # Far outside the band a linear axis would leave the band too thin to see.
    bent: Any = {"type": "symlog", "constant": margin} if high - low > 24 * margin else {}
    return alt.Scale(domain=[low, high], nice=False, **bent)


def fair_band(x: Any, *, band: str, margin: float = 1.0) -> list[Any]:
    """Layers behind a forest: the band that counts as fair, its name above it, and zero.

    *x* is the encoding of a field called ``low``, with scale, axis and title.
    """
    shaded = alt.Chart(inline([{"low": -margin, "high": margin}])).mark_rect(color=BAND)
    zero = alt.Chart(inline([{"low": 0, "t": band}]))
    named = zero.mark_text(baseline="bottom", dy=-5, fontSize=12, color="#00664b")
    return [
        shaded.encode(x=x, x2="high:Q"),
        zero.mark_rule(color="#8a949e").encode(x=x),
        named.encode(x=x, y=alt.value(0), text="t:N"),
    ]


def forest(rows: Sequence[Row], *, axis: str, band: str, margin: float = 1.0) -> Any:
    """Rows: name, value, low, high, verdict, tip; values in the unit of *margin*.

    With a margin of 1 that is multiples of the margin, so that metrics share one axis.
    """
    scale = reach([v for r in rows for v in (r["value"], r["low"], r["high"])], margin)
    x = alt.X("low:Q", scale=scale, title=axis, axis=alt.Axis(tickCount=8, format="~f"))
    order = [r["name"] for r in rows]
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelFontSize=13, labelColor=INK))
    marks = list(VERDICT_COLOURS)
    colour = alt.Color(
        "verdict:N",
        legend=None,
        scale=alt.Scale(domain=marks, range=list(VERDICT_COLOURS.values())),
    )
    shape = alt.Shape(
        "verdict:N", legend=None, scale=alt.Scale(domain=marks, range=list(VERDICT_SHAPES.values()))
    )
    base = alt.Chart(inline(rows))
    line = base.mark_rule(strokeWidth=2.5, strokeCap="round").encode(
        x=x, x2="high:Q", y=y, color=colour
    )
    point = base.mark_point(filled=True, size=150, opacity=1, stroke="#fff", strokeWidth=1).encode(
        x="value:Q", y=y, color=colour, shape=shape, description="tip:N"
    )
    layers = [*fair_band(x, band=band, margin=margin), line, point]
    return finish(alt.layer(*layers).properties(width=620, height=max(90, 44 * len(order))))


def occupations(
    rows: Sequence[Row],
    labels: Sequence[Placed],
    words: Mapping[str, str],
    groups: Mapping[str, str],
) -> Any:
    """Rows: x, y, low, high (0–1), group, tip. Words: x, y, parity, labour, legend."""
    unit = alt.Scale(domain=[0, 1], nice=False)
    ticks = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("x:Q", scale=unit, axis=ticks, title=words["x"])
    y = alt.Y("y:Q", scale=unit, axis=ticks, title=words["y"])
    parity = alt.Chart(inline([{"y": 0.5}])).mark_rule(
        color=INK, strokeDash=[6, 4], strokeWidth=1.3
    )
    labour = (
        alt.Chart(inline([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color=INK, strokeWidth=1.3)
        .encode(x=x, y=y)
    )
    notes = alt.Chart(
        inline(
            [{"x": 1.0, "y": 0.5, "t": words["parity"]}, {"x": 1.0, "y": 1.0, "t": words["labour"]}]
        )
    ).mark_text(align="left", dx=8, fontSize=12, color=INK)
    base = alt.Chart(inline(rows))
    present = [g for g in ("women", "mixed", "men", "") if any(r["group"] == g for r in rows)]
    shown = [groups[g] for g in present]
    legend = alt.Legend(title=words["legend"]) if present != [""] else None
    colour = alt.Color(
        "name:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[GROUP_COLOURS[g] for g in present]),
    )  # fmt: skip
    shape = alt.Shape(
        "name:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[GROUP_SHAPES[g] for g in present]),
    )  # fmt: skip
    bars = base.mark_rule(opacity=0.3, strokeWidth=1.5).encode(
        x=x, y="low:Q", y2="high:Q", color=colour
    )
    points = base.mark_point(filled=True, size=64, opacity=0.95, stroke="#fff", strokeWidth=0.8)
    drawn = points.encode(x=x, y=y, color=colour, shape=shape, description="tip:N")
    layers = [parity.encode(y=y), labour, bars, drawn, notes.encode(x=x, y=y, text="t:N")]
    layers += [
        _labels([p for p in labels if p.align == side], side, x, y) for side in ("left", "right")
    ]
    return finish(alt.layer(*layers).properties(width=560, height=440))


def _labels(placed: Sequence[Placed], side: str, x: Any, y: Any) -> Any:
    data = inline([{"x": p.x, "y": p.y, "t": p.text} for p in placed])
    mark = alt.Chart(data).mark_text(
        align=side, dx=8 if side == "left" else -8, fontSize=11, color=INK
    )
    return mark.encode(x=x, y=y, text="t:N")


def answers(rows: Sequence[Row], *, axis: str, legend: str, names: Mapping[str, str]) -> Any:
    """Rows: bar, label, share (0–1), text (drawn where the segment is wide enough)."""
    present = [k for k in LABEL_COLOURS if any(r["label"] == k for r in rows)]
    placed: list[dict[str, Any]] = []
    for bar in dict.fromkeys(r["bar"] for r in rows):
        edge = 0.0
        for key in present:
            for row in rows:
                if row["bar"] == bar and row["label"] == key:
                    placed.append({**row, "name": names[key], "a": edge, "b": edge + row["share"],
                                   "mid": edge + row["share"] / 2,
                                   "ink": LABEL_INK.get(key, INK)})  # fmt: skip
                    edge += row["share"]
    colour = alt.Color(
        "name:N", legend=alt.Legend(title=legend, symbolType="square", columns=7),
        scale=alt.Scale(
            domain=[names[k] for k in present], range=[LABEL_COLOURS[k] for k in present]
        ),
    )  # fmt: skip
    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("a:Q", scale=scale, title=axis, axis=alt.Axis(format="%", tickCount=5))
    order = list(dict.fromkeys(r["bar"] for r in rows))
    y = alt.Y(
        "bar:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelFontSize=13, grid=False)
    )
    bars = alt.Chart(inline(placed)).mark_bar(size=26, stroke="#ffffff", strokeWidth=1.5)
    texts = alt.Chart(inline([p for p in placed if p["share"] >= 0.07])).mark_text(fontSize=12)
    ink = alt.Color("ink:N", scale=None)
    return finish(
        alt.layer(
            bars.encode(x=x, x2="b:Q", y=y, color=colour, description="tip:N"),
            texts.encode(x=alt.X("mid:Q", scale=scale), y=y, text="text:N", color=ink),
        )
        .resolve_scale(color="independent")
        .properties(width=620, height=42 * len(order))
    )


def order_effect(
    effects: Sequence[Row], order: Row, *, axis: str, rows: tuple[str, str], points: bool
) -> Any:
    """Effects: x, tip (one an occupation). Order: value, low, high, tip, text."""
    spread = [e["x"] for e in effects] + [order["value"], order["low"], order["high"], 0.0]
    pad = (max(spread) - min(spread) or 1.0) * 0.06
    upward = order["value"] >= 0
    # The number stands outside the whisker, so that side gets the room for it.
    domain = [min(spread) - pad * (1 if upward else 3), max(spread) + pad * (3 if upward else 1)]
    scale = alt.Scale(domain=domain, nice=False)
    x = alt.X("x:Q", scale=scale, title=axis, axis=alt.Axis(format="+.0f" if points else "+.1f"))
    y = alt.Y(
        "row:N", sort=list(rows), title=None, scale=alt.Scale(domain=list(rows)),
        axis=alt.Axis(labelColor=INK, labelFontSize=13, grid=False),
    )  # fmt: skip
    offsets = beeswarm([e["x"] for e in effects], width=(domain[1] - domain[0]) / 100)
    swarm = inline([{**e, "row": rows[0], "o": o} for e, o in zip(effects, offsets, strict=True)])
    one = inline([{"zero": 0, "x": order["value"], "row": rows[1], **order}])
    deepest = max([8, *(abs(o) for o in offsets)])
    offset = alt.YOffset("o:Q", scale=alt.Scale(domain=[-deepest, deepest]))
    zero = alt.Chart(inline([{"x": 0}])).mark_rule(color="#8a949e").encode(x=x)
    dots = alt.Chart(swarm).mark_point(filled=True, size=46, opacity=0.75, color=ACCENT)
    bar = alt.Chart(one).mark_bar(size=18, color="#F0C987")
    whisker = alt.Chart(one).mark_rule(color="#8a5200", strokeWidth=2.5)
    text = alt.Chart(one).mark_text(
        align="left" if upward else "right", dx=8 if upward else -8,
        fontSize=13, fontWeight="bold", color=INK,
    )  # fmt: skip
    return finish(
        alt.layer(
            zero,
            dots.encode(x=x, y=y, yOffset=offset, description="tip:N"),
            bar.encode(x=x, x2="zero:Q", y=y, description="tip:N"),
            whisker.encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y),
            text.encode(x=alt.X("high:Q" if upward else "low:Q", scale=scale), y=y, text="text:N"),
        ).properties(width=620, height=190)
    )


def routes(rows: Sequence[Row], *, x_title: str, y_title: str) -> Any:
    """Rows: x, y (0–1), tip. The rising line is where both routes agree."""
    unit = alt.Scale(domain=[0, 1], nice=False)
    ticks = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("x:Q", scale=unit, axis=ticks, title=x_title)
    y = alt.Y("y:Q", scale=unit, axis=ticks, title=y_title)
    line = alt.Chart(inline([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(
        color=INK, strokeWidth=1.2
    )
    dots = alt.Chart(inline(rows)).mark_point(
        filled=True, size=60, opacity=0.8, color=ACCENT, stroke="#fff", strokeWidth=0.8
    )
    return finish(
        (line.encode(x=x, y=y) + dots.encode(x=x, y=y, description="tip:N")).properties(
            width=380, height=340
        )
    )


def groups(rows: Sequence[Row], *, axis: str, percent: bool) -> Any:
    """Rows: name, value, low, high, tip. One metric over the levels of one factor."""
    order = [r["name"] for r in rows]
    scale = alt.Scale(domain=[0, 1]) if percent else alt.Scale(zero=True)
    ticks = alt.Axis(format="%", tickCount=5) if percent else alt.Axis(tickCount=6)
    x = alt.X("low:Q", scale=scale, title=axis, axis=ticks)
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelFontSize=13))
    base = alt.Chart(inline(rows))
    line = base.mark_rule(strokeWidth=2.5, color=ACCENT).encode(x=x, x2="high:Q", y=y)
    point = base.mark_point(filled=True, size=100, opacity=1, color=ACCENT).encode(
        x=alt.X("value:Q", scale=scale), y=y, description="tip:N"
    )
    return finish((line + point).properties(width=560, height=max(70, 38 * len(order))))
