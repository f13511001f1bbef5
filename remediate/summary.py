"""What ``remediate`` prints at its end: the verdict, the numbers behind it, the report's path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from audit.summary import number, p_value
from core.console import table_console
from remediate.verdict import REPAIRED


def print_summary(found: Mapping[str, Any], folder: Path) -> int:
    """Tables and one sentence on stdout; the exit code (0 repaired, 1 not)."""
    console = table_console(100)
    console.print(_changes(found))
    console.print(_gates(found["gates"]))
    repaired = found["verdict"] == REPAIRED
    style = "bold green" if repaired else "bold red"
    console.print(Text(f"{found['model']}: {found['verdict'].replace('_', ' ')}", style=style))
    for reason in found["reasons"]:
        console.print(f"  {reason}", markup=False)
    console.print(found["next_step"], markup=False)
    console.print(str(folder / "report.html"), soft_wrap=True)
    return 0 if repaired else 1


def _changes(found: Mapping[str, Any]) -> Table:
    judged = "pictures" if "pictures" in found["data"] else "occupations"
    table = _table(f"Held-out {judged} and wordings · {found['model']}")
    prompted = {row["metric"]: row["after"] for row in found["prompt_baseline"]["primary"]}
    for name in ("metric", "before", "after", "shrinkage", "adj. p", "told to be fair"):
        _column(table, name)
    for row in found["primary"]:
        shrinkage = row["shrinkage"]
        table.add_row(
            row["metric"],
            number(row["before"]),
            number(row["after"]),
            "–" if shrinkage is None else f"{shrinkage:.0%}",
            p_value(row["p_adjusted"]),
            number(prompted.get(row["metric"])),
        )
    return table


def _gates(gates: list[Mapping[str, Any]]) -> Table:
    table = _table("Capability gates")
    for name in ("gate", "before", "after", "cost at most", "allowed", "passed"):
        _column(table, name)
    for gate in gates:
        table.add_row(
            gate["name"],
            f"{gate['before']:.3f}",
            f"{gate['after']:.3f}",
            f"{gate['bound']:.3f}",
            f"{gate['limit']:g}",
            Text("yes", style="green") if gate["passed"] else Text("no", style="bold red"),
        )
    return table


def _table(title: str) -> Table:
    return Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _column(table: Table, name: str) -> None:
    side: Literal["left", "right"] = "left" if name in ("metric", "gate") else "right"
    table.add_column(name, justify=side, no_wrap=True)
