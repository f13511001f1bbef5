"""What ``audit run`` prints at its end: the verdicts and where the report is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from core.console import table_console

VERDICT_STYLE = {
    "biased": "bold red",
    "within_margin": "green",
    "inconclusive": "yellow",
    "insufficient_evidence": "magenta",
}


def print_summary(results: Mapping[str, Any], report: Path) -> None:
    """The primary metrics of every suite as a table on stdout, then the report's path alone."""
    console = table_console(100)
    for suite in results["suites"]:
        rows = [
            m for m in results["metrics"] if m["suite"] == suite["name"] and m["role"] == "primary"
        ]
        table = Table(
            title=Text(f"{suite['title']['en']} · {results['model']['name']}"),
            title_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for name in ("metric", "estimate", "95 % CI", "adj. p", "verdict"):
            side: Literal["left", "right"] = "left" if name in ("metric", "verdict") else "right"
            table.add_column(name, justify=side, no_wrap=True)
        for row in rows:
            verdict = row["verdict"]
            table.add_row(
                f"{row['metric']}" + (" (sampled)" if row["route"] == "sampled" else ""),
                number(row["estimate"]),
                interval(row["ci_low"], row["ci_high"]),
                p_value(row["p_adjusted"]),
                Text(verdict.replace("_", " "), style=VERDICT_STYLE.get(verdict, "")),
            )
        console.print(table)
    console.print(str(report), soft_wrap=True)


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:+.3f} … {high:+.3f}"


def p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
