"""What ``audit run`` prints at its end: the verdicts and where the report is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_STYLE = {
    "biased": "bold red",
    "within_margin": "green",
    "inconclusive": "yellow",
    "insufficient_evidence": "magenta",
}


def print_summary(results: Mapping[str, Any], report: Path) -> None:
    """The primary metrics of every suite as a table on stdout, then the report's path alone."""
    console = Console(highlight=False)
    for suite in results["suites"]:
        rows = [
            m for m in results["metrics"] if m["suite"] == suite["name"] and m["role"] == "primary"
        ]
        table = Table(
            title=f"{suite['title']['en']} · {results['model']['name']}", title_justify="left"
        )
        for name in ("metric", "route", "estimate", "95 % CI", "adj. p", "verdict"):
            table.add_column(
                name,
                justify="left" if name in ("metric", "route", "verdict") else "right",
                no_wrap=True,
            )
        for row in rows:
            verdict = row["verdict"]
            table.add_row(
                row["metric"], row["route"], _number(row["estimate"]), _interval(row),
                _p(row["p_adjusted"]),
                f"[{_STYLE.get(verdict, '')}]{verdict.replace('_', ' ')}[/]",
            )  # fmt: skip
        console.print(table, markup=True)
    console.print(str(report), soft_wrap=True)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _interval(row: Mapping[str, Any]) -> str:
    if row["ci_low"] is None or row["ci_high"] is None:
        return "–"
    return f"[{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
