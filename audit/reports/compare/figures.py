"""From rows to figures: the before/after forest of a suite, and each metric over all runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.reports import charts
from audit.reports.compare.changes import ChangeView
from audit.reports.compare.charts import SIDES, paired_forest
from audit.reports.compare.models import CellView, ColumnView
from audit.reports.compare.words import Bilingual, cleft, say
from audit.reports.figures import Figure, draw
from audit.reports.numbers import Shown
from audit.reports.svg import clean
from audit.reports.text import same


def paired(changes: Sequence[ChangeView], key: str) -> Figure | None:
    """Before and after of every metric with a margin, in multiples of it."""
    rows = [
        c for c in changes
        if c.source.margin and c.source.before is not None and c.source.after is not None
    ]  # fmt: skip
    if not rows:
        return None
    title = say("chart.paired.title")

    def make(lang: str) -> Any:
        names = distinct([clean(c.name[lang], 40) for c in rows])
        data = [
            {"name": name, "side": side, **_mark(cell, change.source.margin or 1.0),
             "tip": f"{name}, {say(f'side.{side}')[lang]}: {cell.value[lang]} "
             f"({cell.interval[lang]})"}
            for name, change in zip(names, rows, strict=True)
            for side, cell in zip(SIDES, (change.before, change.after), strict=True)
        ]  # fmt: skip
        words = {side: say(f"side.{side}")[lang] for side in SIDES}
        words |= {k: say(f"chart.forest.{k}")[lang] for k in ("axis", "band")}
        return paired_forest(data, words=words)

    smaller = sum(abs(c.source.after or 0) < abs(c.source.before or 0) for c in rows)
    desc = say("chart.paired.desc", n=len(rows), smaller=smaller)
    svg = draw(key, title, desc, make)
    return Figure(key, title, say("chart.paired.caption"), svg, table_below=True)


def of_metric(column: ColumnView, cells: Sequence[CellView], key: str) -> Figure | None:
    """One metric of every run that measured it alike; the others are named below."""
    drawn = [c for c in cells if c.comparable and c.row.row.estimate is not None]
    margin = drawn[0].row.row.margin if drawn else None
    if not margin:
        return None
    unit = drawn[0].row.unit
    factor = 100.0 if unit in ("points", "share") else 1.0

    def make(lang: str) -> Any:
        names = distinct([clean(c.run, 34) for c in drawn])
        data = [
            {"name": name, **_mark(c.row, 1.0 / factor), "verdict": c.verdict,
             "tip": f"{name}: {c.row.value[lang]} ({c.row.interval[lang]})"}
            for name, c in zip(names, drawn, strict=True)
        ]  # fmt: skip
        return charts.forest(
            data, axis=say(f"axis.{unit}")[lang], band=say("chart.forest.band")[lang],
            margin=margin * factor,
        )  # fmt: skip

    out = [_left_out(c) for c in cells if not c.comparable]
    title = column.name
    return Figure(
        key, title, column.about, draw(key, title, say("chart.models.desc", n=len(drawn)), make),
        note=say("chart.models.left_out", runs=cleft(out)) if out else None, table_below=True,
    )  # fmt: skip


def distinct(names: Sequence[str]) -> list[str]:
    """Marks of one name would lie on one line: the second of a name gets a number."""
    out: list[str] = []
    for name in names:
        unique, n = name, 1
        while unique in out:
            n += 1
            unique = f"{name} #{n}"
        out.append(unique)
    return out


def _mark(cell: Shown, unit: float) -> dict[str, float]:
    """Estimate and interval in multiples of *unit*; a missing bound is the estimate."""
    value = cell.row.estimate or 0.0
    low, high = (value if v is None else v for v in cell.limits)
    return {"value": value / unit, "low": low / unit, "high": high / unit}


def _left_out(cell: CellView) -> Bilingual:
    reason = cell.reason or same("—")
    return Bilingual(f"{cell.run} ({reason.en})", f"{cell.run}（{reason.zh}）")
