"""From metric rows to figures: a chart in both languages and the table of what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from audit.reports import charts, layout
from audit.reports.numbers import count, plain, shown, unit_of, with_unit
from audit.reports.slices import first, measured_routes, parts
from audit.reports.svg import clean, render
from audit.reports.text import LANGUAGES, Bilingual, name_of, pair, same, say
from audit.reports.view import ClusterView, SuiteView, metric_text
from audit.schema import Label, MetricRow

Cell = Bilingual | str


@dataclass(frozen=True, slots=True)
class Figure:
    """``svg`` maps a language to its drawing; ``header`` and ``rows`` are the same data as text."""

    key: str
    title: Bilingual
    caption: Bilingual
    svg: dict[str, Markup]
    header: list[Bilingual] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    note: Bilingual | None = None
    table_below: bool = False


def draw(
    key: str, title: Bilingual, desc: Bilingual, make: Callable[[str], Any]
) -> dict[str, Markup]:
    """One drawing a language; *make* takes the language and gives the chart."""
    # The specifications are ours and tested with validation on; a reader need not wait for it.
    with debug_mode(False):
        drawn = {lang: make(lang) for lang in LANGUAGES}
    return {
        lang: render(drawn[lang], prefix=f"{key}-{lang}", title=title[lang], desc=desc[lang])
        for lang in LANGUAGES
    }


def suite_figures(view: SuiteView, responses: pd.DataFrame | None, prefix: str) -> list[Figure]:
    """Every figure the suite's rows allow, in reading order. *prefix* is unique in the page."""
    made = [
        forest(view, f"{prefix}-forest"),
        occupations(view, f"{prefix}-occupations") if view.has_reference else None,
        *metric_groups(view, f"{prefix}-groups"),
        answers(view, responses, f"{prefix}-answers"),
        order_effect(view, f"{prefix}-order"),
        routes(view, f"{prefix}-routes"),
    ]
    return [f for f in made if f is not None]


def forest(view: SuiteView, key: str) -> Figure | None:
    rows = [
        m for m in view.primary
        if m.row.row.estimate is not None and (m.row.row.margin or 0) > 0
    ]  # fmt: skip
    if not rows:
        return None
    title = say("chart.forest.title")
    outside = sum(abs(m.row.row.estimate or 0) > (m.row.row.margin or 0) for m in rows)

    def make(lang: str) -> Any:
        data = []
        for m in rows:
            row, margin = m.row.row, m.row.row.margin or 1.0
            value = (row.estimate or 0.0) / margin
            data.append(
                {
                    "name": clean(m.name[lang], 40),
                    "value": value,
                    "low": value if row.ci_low is None else row.ci_low / margin,
                    "high": value if row.ci_high is None else row.ci_high / margin,
                    "verdict": m.verdict,
                    "tip": f"{clean(m.name[lang])}: {m.row.value[lang]} ({m.row.interval[lang]})",
                }
            )
        return charts.forest(
            data, axis=say("chart.forest.axis")[lang], band=say("chart.forest.band")[lang]
        )

    desc = say("chart.forest.desc", n=len(rows), outside=outside)
    svg = draw(key, title, desc, make)
    return Figure(key, title, say("chart.forest.caption"), svg, table_below=True)


def _tip(c: ClusterView, lang: str) -> str:
    assert c.row is not None
    return (
        f"{clean(c.name[lang])}: {c.row.value[lang]} ({c.row.interval[lang]}); "
        f"{say('chart.occupations.labour')[lang]} {c.reference_text[lang]}"
    )


def occupations(view: SuiteView, key: str) -> Figure | None:
    marks = [
        c for c in view.clusters
        if c.reference is not None and c.row is not None and c.row.row.estimate is not None
    ]  # fmt: skip
    if not marks:
        return None
    title = say("chart.occupations.title")

    def make(lang: str) -> Any:
        data, points, weight = [], [], []
        for c in marks:
            assert c.row is not None
            assert c.reference is not None
            row = c.row.row
            y = row.estimate or 0.0
            group = c.group if c.group in charts.GROUP_COLOURS else ""
            data.append(
                {
                    "x": c.reference,
                    "y": y,
                    "low": y if row.ci_low is None else row.ci_low,
                    "high": y if row.ci_high is None else row.ci_high,
                    "group": group,
                    "name": name_of("group", group)[lang],
                    "tip": _tip(c, lang),
                }
            )
            points.append((c.reference, y, clean(c.name[lang], 28)))
            weight.append(max(abs(y - c.reference), abs(y - 0.5)))
        words = {
            k: say(f"chart.occupations.{k}")[lang] for k in ("x", "y", "parity", "labour", "legend")
        }
        names = {g: name_of("group", g)[lang] for g in charts.GROUP_COLOURS}
        placed = layout.place_labels(points, weight, width=560, height=440)
        return charts.occupations(data, placed, words, names)

    note = None
    if view.sources:
        note = say("chart.occupations.source", source="; ".join(view.sources[:4]))
    svg = draw(key, title, say("chart.occupations.desc", n=len(marks)), make)
    return Figure(key, title, say("chart.occupations.caption"), svg, note=note, table_below=True)


def answers(view: SuiteView, responses: pd.DataFrame | None, key: str) -> Figure | None:
    if responses is None:
        return None
    frame = responses[responses["suite"] == view.key]
    known = frame[frame["label"].isin([str(v) for v in Label])]
    if known.empty:
        return None
    counts = known.groupby(["probe", "route", "label"], sort=False).size()
    totals = counts.groupby(level=[0, 1]).sum()
    order = [str(v) for v in Label]
    bars = sorted(totals.index)
    title = say("chart.answers.title")

    def bar_name(probe: str, route: str) -> Bilingual:
        left, right = name_of("probe", probe), name_of("route", route or "none")
        return Bilingual(f"{left.en}, {right.en.lower()}", f"{left.zh}，{right.zh}")

    def make(lang: str) -> Any:
        data = []
        for probe, route in bars:
            name, total = clean(bar_name(probe, route)[lang], 44), int(totals[(probe, route)])
            for label in order:
                n = int(counts.get((probe, route, label), 0))
                if n:
                    share = n / total
                    tip = f"{name}: {name_of('label', label)[lang]} {share:.1%} ({count(n)})"
                    data.append(
                        {
                            "bar": name,
                            "label": label,
                            "share": share,
                            "text": f"{share:.0%}",
                            "tip": tip,
                        }
                    )
        return charts.answers(
            data,
            axis=say("chart.answers.axis")[lang],
            legend=say("chart.answers.legend")[lang],
            names={k: name_of("label", k)[lang] for k in order},
        )

    rows: list[list[Cell]] = [
        [name_of("probe", p), name_of("route", r or "none"), name_of("label", label), count(n),
         f"{n / int(totals[(p, r)]):.1%}"]
        for p, r in bars
        for label in order
        if (n := int(counts.get((p, r, label), 0)))
    ]  # fmt: skip
    header = [say(f"column.{c}") for c in ("probe", "route", "answer", "count", "share")]
    svg = draw(key, title, say("chart.answers.desc", n=len(bars)), make)
    return Figure(key, title, say("chart.answers.caption"), svg, header, rows)


def order_row(view: SuiteView) -> MetricRow | None:
    """The order effect the page speaks about: over all, by likelihood where there is one."""
    for route in ("likelihood", "sampled", ""):
        for slice_text in ("all", None):
            row = first(view.rows, "order_effect", slice_text=slice_text, route=route)
            if row is not None and row.estimate is not None:
                return row
    return None


def order_effect(view: SuiteView, key: str) -> Figure | None:
    row = order_row(view)
    if row is None or row.estimate is None:
        return None
    unit = unit_of(row)
    values: list[tuple[ClusterView, float]] = []
    for c in view.clusters:
        source = c.logodds if unit == "nats" else (c.row.row if c.row else None)
        if source is not None and source.estimate is not None:
            values.append((c, source.estimate))
    if not values:
        return None
    factor = 100.0 if unit == "points" else 1.0
    mean = sum(v for _, v in values) / len(values)
    effects = [(c, v - mean) for c, v in values]
    size = with_unit(abs(row.estimate), unit, long=True)
    smaller = sum(abs(e) < abs(row.estimate) for _, e in effects)
    title = say("chart.order.title")
    cell = shown(row)

    def make(lang: str) -> Any:
        dots = [
            {"x": e * factor, "tip": f"{clean(c.name[lang])}: {plain(e, unit, sign=True)}"}
            for c, e in effects
        ]
        estimate = row.estimate or 0.0
        one = {
            "value": estimate * factor,
            "low": (estimate if row.ci_low is None else row.ci_low) * factor,
            "high": (estimate if row.ci_high is None else row.ci_high) * factor,
            "tip": f"{cell.value[lang]} ({cell.interval[lang]})",
            "text": cell.value[lang],
        }
        return charts.order_effect(
            dots, one, axis=say(f"chart.order.axis_{unit}")[lang], points=unit == "points",
            rows=(say("chart.order.occupation_row")[lang], say("chart.order.order_row")[lang]),
        )  # fmt: skip

    effects.sort(key=lambda pair_: pair_[1])
    rows: list[list[Cell]] = [[c.name, plain(e, unit, sign=True)] for c, e in effects]
    rows.append([say("chart.order.order_row"), plain(row.estimate, unit, sign=True)])
    desc = say("chart.order.desc", total=len(effects), effect=size)
    return Figure(
        key, title, say("chart.order.caption"), draw(key, title, desc, make),
        [say("column.unit_name"), say("chart.order.effect_column")], rows,
        say("chart.order.sentence", effect=size, n=smaller, total=len(effects)),
    )  # fmt: skip


def routes(view: SuiteView, key: str) -> Figure | None:
    both = [
        c for c in view.clusters
        if c.row and c.said and c.row.row.estimate is not None and c.said.row.estimate is not None
    ]  # fmt: skip
    title = say("chart.routes.title")
    note: Bilingual | None = None
    if not both:
        seen = measured_routes(view.rows)
        if len(seen) != 1 or not view.clusters:
            return None
        note = say("chart.routes.missing", route=name_of("route", seen[0]).map(str.lower))
        return Figure(key, title, same(""), {}, note=note)

    def make(lang: str) -> Any:
        data = []
        for c in both:
            assert c.row is not None
            assert c.said is not None
            tip = f"{clean(c.name[lang])}: {c.row.value[lang]} / {c.said.value[lang]}"
            data.append({"x": c.row.row.estimate, "y": c.said.row.estimate, "tip": tip})
        return charts.routes(
            data, x_title=say("chart.routes.x")[lang], y_title=say("chart.routes.y")[lang]
        )

    rows: list[list[Cell]] = [
        [c.name, c.row.value if c.row else "", c.said.value if c.said else ""] for c in both
    ]
    agreement = first(view.rows, "route_agreement")
    if agreement is not None and agreement.estimate is not None:
        cell = shown(agreement)
        note = say("chart.routes.spearman", value=cell.value, interval=cell.interval)
    return Figure(
        key, title, say("chart.routes.caption"),
        draw(key, title, say("chart.routes.desc", n=len(both)), make),
        [say("column.unit_name"), say("route.likelihood"), say("route.sampled")], rows, note,
    )  # fmt: skip


def metric_groups(view: SuiteView, key: str) -> list[Figure]:
    """For suites without a labour chart: each metric that has ``group:`` rows, over its groups."""
    if view.has_reference:
        return []
    found: dict[tuple[str, str], list[MetricRow]] = {}
    for row in view.rows:
        pieces = parts(row.slice)
        if len(pieces) == 1 and pieces[0][0] == "group" and row.estimate is not None:
            found.setdefault((row.metric, row.route), []).append(row)
    figures = []
    for number, ((metric, route), rows) in enumerate(found.items()):
        if len(rows) < 2:
            continue
        figures.append(_group_figure(metric, route, rows, f"{key}{number}"))
    return figures


def _group_figure(metric: str, route: str, rows: list[MetricRow], key: str) -> Figure:
    label = metric_text(metric, "label")
    if route:
        way = name_of("route", route)
        label = Bilingual(f"{label.en}, {way.en.lower()}", f"{label.zh}，{way.zh}")
    title = say("chart.groups.title", metric=label)
    names = [name_of("group", parts(r.slice)[0][1]) for r in rows]

    def make(lang: str) -> Any:
        data = []
        for name, row in zip(names, rows, strict=True):
            cell, value = shown(row), row.estimate or 0.0
            data.append(
                {
                    "name": clean(name[lang], 36),
                    "value": value,
                    "low": value if row.ci_low is None else row.ci_low,
                    "high": value if row.ci_high is None else row.ci_high,
                    "tip": f"{clean(name[lang])}: {cell.value[lang]} ({cell.interval[lang]})",
                }
            )
        percent = unit_of(rows[0]) == "share"
        return charts.groups(
            data, axis=pair({"en": label.en, "zh": label.zh})[lang], percent=percent
        )

    table: list[list[Cell]] = [
        [name, shown(r).value, shown(r).bounds, str(r.n_items)]
        for name, r in zip(names, rows, strict=True)
    ]
    header = [say(f"column.{c}") for c in ("group", "estimate", "interval", "n")]
    svg = draw(key, title, say("chart.groups.desc", n=len(rows)), make)
    return Figure(key, title, say("chart.groups.caption"), svg, header, table)
