"""The table of runs, ready to be shown: columns, cells, and a sentence a suite. No HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.comparison import ModelRow, ModelsTable
from audit.comparison.alike import Difference
from audit.reports.compare.words import Bilingual, cleft, join, name_of, say
from audit.reports.numbers import Shown, count, finite, shown, with_unit
from audit.reports.svg import clean
from audit.reports.text import same
from audit.reports.view import SEVERITY, metric_text


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A declared metric; ``key`` is (suite, metric)."""

    key: tuple[str, str]
    suite: Bilingual
    name: Bilingual
    about: Bilingual


@dataclass(frozen=True, slots=True)
class CellView:
    """A run's finding in a column. ``reason`` is why it cannot stand beside the first run's."""

    run: str
    row: Shown
    verdict: str
    route: Bilingual
    reason: Bilingual | None

    @property
    def comparable(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class SuiteFindings:
    """``columns`` are the suite's own; ``worst`` the worst verdict among comparable cells."""

    anchor: str
    title: Bilingual
    worst: str
    headline: Bilingual
    columns: list[ColumnView]


def column_views(table: ModelsTable, titles: Mapping[str, Bilingual]) -> list[ColumnView]:
    return [
        ColumnView(
            (suite, metric), titles.get(suite, same(suite)), metric_text(metric, "label"),
            metric_text(metric, "about"),
        )
        for suite, metric in table.columns
    ]  # fmt: skip


def cell_view(row: ModelRow) -> CellView:
    found = shown(row.metric)
    return CellView(
        run=clean(row.run, 120),
        row=found,
        verdict=_known(row.metric.verdict),
        route=name_of("route", row.metric.route or "none"),
        reason=None if row.difference is None else _reason(row.difference, found.unit),
    )


def findings(table: ModelsTable, columns: list[ColumnView]) -> list[SuiteFindings]:
    """One sentence a suite: which runs are biased, within the margin, not settled, or left out."""
    suites = dict.fromkeys(c.key[0] for c in columns)
    return [
        _finding(f"suite-{n}", table, [c for c in columns if c.key[0] == suite])
        for n, suite in enumerate(suites)
    ]


def _finding(anchor: str, table: ModelsTable, columns: list[ColumnView]) -> SuiteFindings:
    groups: dict[str, list[str]] = {}
    for run in table.runs:
        groups.setdefault(_standing(table, run, columns), []).append(clean(run, 120))
    order = (*SEVERITY, "unknown", "differs", "absent")
    clauses = [say(f"standing.{key}", runs=_listed(groups[key])) for key in order if key in groups]
    return SuiteFindings(
        anchor=anchor,
        title=columns[0].suite,
        worst=next((v for v in SEVERITY if v in groups), "unknown"),
        headline=say("standing.sentence", clauses=cleft(clauses)),
        columns=columns,
    )


def _standing(table: ModelsTable, run: str, columns: list[ColumnView]) -> str:
    """A run's worst verdict in a suite; ``differs`` where none of its claims is comparable."""
    cells = [c for column in columns if (c := table.cell(run, column.key)) is not None]
    if not cells:
        return "absent"
    verdicts = {_known(c.metric.verdict) for c in cells if c.difference is None}
    if not verdicts:
        return "differs"
    return next((v for v in SEVERITY if v in verdicts), "unknown")


def _listed(names: list[str]) -> Bilingual:
    return Bilingual(", ".join(names), "、".join(names))


def _known(verdict: str) -> str:
    return verdict if verdict in SEVERITY else "unknown"


def _reason(found: Difference, unit: str) -> Bilingual:
    gaps = dict(found.gaps)
    if found.kind == "items":
        parts = [say(f"differs.{part}", n=count(n)) for part, n in gaps.items() if n]
        return say("differs.items", parts=join(parts))
    if found.kind == "route":
        gaps = {k: name_of("route", str(v)).map(str.lower) for k, v in gaps.items()}
    elif found.kind == "margin":
        gaps = {k: with_unit(finite(v), unit) for k, v in gaps.items()}
    return say(f"differs.{found.kind}", **gaps)
