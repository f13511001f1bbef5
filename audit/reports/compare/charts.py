"""The before/after forest as a Vega-Lite specification, in the dress of the other charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt

from audit.reports.charts import ACCENT, INK, VERDICT_COLOURS, fair_band, finish, inline, reach

SIDES: Final = ("before", "after")
#: Told apart by colour, by shape and by their place: before stands above after.
_COLOURS: Final = {"before": VERDICT_COLOURS["biased"], "after": ACCENT}
_SHAPES: Final = {"before": "triangle-up", "after": "circle"}

Row = Mapping[str, Any]


def paired_forest(rows: Sequence[Row], *, words: Mapping[str, str]) -> Any:
    """Rows: name, side, value, low, high (multiples of the margin), tip.

    Words: axis, band, before, after.
    """
    x = alt.X(
        "low:Q", scale=reach([v for r in rows for v in (r["value"], r["low"], r["high"])]),
        title=words["axis"], axis=alt.Axis(tickCount=8, format="~f"),
    )  # fmt: skip
    order = list(dict.fromkeys(r["name"] for r in rows))
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelFontSize=13, labelColor=INK))
    # Room above and below a pair keeps it apart from the next metric's.
    offset = alt.YOffset("side:N", sort=list(SIDES), scale=alt.Scale(paddingOuter=0.45))
    shown = [words[side] for side in SIDES]
    legend = alt.Legend(title=None, symbolStrokeWidth=0, offset=26)
    colour = alt.Color(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[_COLOURS[side] for side in SIDES]),
    )  # fmt: skip
    shape = alt.Shape(
        "shown:N", legend=legend,
        scale=alt.Scale(domain=shown, range=[_SHAPES[side] for side in SIDES]),
    )  # fmt: skip
    base = alt.Chart(inline([{**r, "shown": words[r["side"]]} for r in rows]))
    line = base.mark_rule(strokeWidth=2.5, strokeCap="round").encode(
        x=x, x2="high:Q", y=y, yOffset=offset, color=colour
    )
    point = base.mark_point(filled=True, size=130, opacity=1, stroke="#fff", strokeWidth=1).encode(
        x="value:Q", y=y, yOffset=offset, color=colour, shape=shape, description="tip:N"
    )
    layers = [*fair_band(x, band=words["band"]), line, point]
    return finish(alt.layer(*layers).properties(width=620, height=52 * len(order)))
