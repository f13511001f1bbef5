"""What ``audit compare`` prints: tables on stdout, notes below them, then where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.compare import Comparison
from audit.comparison import ModelRow, ModelsTable
from audit.left_out import by_probe
from audit.metrics.changes import MetricChange
from audit.summary import VERDICT_STYLE, interval, number, p_value
from core.console import table_console

_WIDTH = {"95 % CI": 15, "adj. p": 7, "smaller by": 10}
_STYLE = {
    "reduced": "green",
    "increased": "bold red",
    "reversed": "bold red",
    "changed": "yellow",
    "inconclusive": "yellow",
    "insufficient_evidence": "magenta",
}


def print_comparison(comparison: Comparison, path: Path, page: Path) -> None:
    """Every metric before and after; the path of compare.json alone on the last line."""
    console = table_console(120)
    sides = f"{comparison.before.model} → {comparison.after.model}"
    for suite, route in dict.fromkeys((c.suite, c.route) for c in comparison.changes):
        rows = [c for c in comparison.changes if (c.suite, c.route) == (suite, route)]
        console.print(_metrics(f"{suite}, {route} · {sides}", rows))
    if comparison.missing:
        console.print(_missing(comparison))
    for note in comparison.notes:
        console.print(Text(f"Note: {note}."), soft_wrap=True)
    for line in by_probe(comparison.left_out):
        console.print(Text(f"Left out: {line}"), soft_wrap=True)
    _print_paths(console, page, path)


def print_models(table: ModelsTable, path: Path, page: Path) -> None:
    """A table a declared metric, a row a run; the path of models.json alone on the last line."""
    console = table_console(120)
    for suite, metric in table.columns:
        rows = [(run, table.cell(run, (suite, metric))) for run in table.runs]
        console.print(_runs(f"{suite}, {metric}", rows))
    told: dict[tuple[str, str, str], list[str]] = {}
    for row in table.rows:
        if row.difference is not None:
            key = row.run, row.metric.suite, str(row.difference)
            told.setdefault(key, []).append(row.metric.metric)
    for (run, suite, why), metrics in told.items():
        line = f"Not comparable: {run} in {suite} ({', '.join(metrics)}): {why}."
        console.print(Text(line), soft_wrap=True)
    _print_paths(console, page, path)


def _print_paths(console: Console, *paths: Path) -> None:
    for path in paths:
        console.print(Text(str(path)), soft_wrap=True)


def _runs(title: str, rows: Sequence[tuple[str, ModelRow | None]]) -> Table:
    table = _table(title, ("run", "estimate", "95 % CI", "verdict"))
    for run, cell in rows:
        if cell is None:
            table.add_row(Text(run), "–", "–", "not measured")
            continue
        row, alike = cell.metric, cell.difference is None
        verdict = row.verdict.replace("_", " ")
        table.add_row(
            Text(run),
            number(row.estimate),
            interval(row.ci_low, row.ci_high),
            Text(verdict, style=VERDICT_STYLE.get(row.verdict, ""))
            if alike
            else Text(f"not comparable ({verdict})", style="dim"),
        )
    return table


def _metrics(title: str, rows: Sequence[MetricChange]) -> Table:
    table = _table(
        title, ("metric", "before", "after", "change", "95 % CI", "adj. p", "smaller by", "outcome")
    )
    for row in rows:
        table.add_row(
            row.metric,
            number(row.before),
            number(row.after),
            number(row.change),
            interval(row.ci_low, row.ci_high),
            p_value(row.p_adjusted),
            "–" if row.shrinkage is None else f"{row.shrinkage:.0%}",
            Text(row.outcome.replace("_", " "), style=_STYLE.get(row.outcome, "")),
        )
    return table


def _missing(comparison: Comparison) -> Table:
    table = _table("Answers missing", ("answers", "before", "after", "change", "95 % CI"))
    for row in comparison.missing:
        table.add_row(
            f"{row.suite}, {row.route}, {row.kind}",
            f"{row.before:.1%}",
            f"{row.after:.1%}",
            number(row.change),
            interval(row.ci_low, row.ci_high),
        )
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        if name in ("metric", "answers", "outcome", "run", "verdict"):
            table.add_column(name, overflow="fold")
        else:  # a number that is cut short is another number
            table.add_column(name, justify="right", no_wrap=True, min_width=_WIDTH.get(name, 6))
    return table
