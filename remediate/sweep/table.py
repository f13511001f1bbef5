"""What a sweep prints: every cell with its numbers, and which one goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from core.console import table_console

_NUMBERS = ("|bias|", "gap", "skew", "perplexity ×", "KL", "cost", "s")


def print_sweep(content: Mapping[str, Any], folder: Path) -> None:
    """A table on stdout, best first; failed cells with their reasons below it."""
    console = table_console(110)
    console.print(_table(content))
    for row in content["cells"]:
        if "reason" in row:
            console.print(f"{row['name']} failed: {row['reason']}", markup=False)
    chosen = content["chosen"]
    if chosen is None:
        console.print(
            "No cell has less bias than before and keeps within the cost that is allowed."
        )
    else:
        console.print(Text(f"Chosen: {chosen}", style="bold green"))
    console.print(str(folder / "sweep.html"), soft_wrap=True)


def _table(content: Mapping[str, Any]) -> Table:
    caption = (
        "* beaten by no other in both |bias| and cost (part of what is allowed, at most 100 %)"
    )
    table = Table(
        title=Text(f"Sweep on the validation side · {content['model']}"), title_justify="left",
        caption=Text(caption), caption_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    table.add_column("cell")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    before = content["before"]
    if before:
        table.add_row("as it was", *_signed(before), "1.000", "0.000", "0 %", "")
    for row in sorted(content["cells"], key=lambda row: row.get("bias", float("inf"))):
        table.add_row(*_cells(row, chosen=row["name"] == content["chosen"]))
    return table


def _signed(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"{row['bias']:.3f}", f"{row['gap']:+.3f}", f"{row['skew']:+.3f}"


def _cells(row: Mapping[str, Any], *, chosen: bool) -> list[str | Text]:
    name = Text(row["name"] + (" *" if row["non_dominated"] else ""))
    if "gates" not in row:
        return [name, Text(row["status"], style="yellow"), *[""] * (len(_NUMBERS) - 1)]
    if chosen:
        name.stylize("bold green")
    gates = row["gates"]
    return [
        name,
        *_signed(row),
        f"{gates['perplexity_ratio']['cost']:.3f}",
        f"{gates['kl_per_token']['cost']:.3f}",
        Text(f"{row['cost']:.0%}".replace("%", " %"), style="" if row["holds"] else "bold red"),
        ("≥ " if row["resumed"] else "") + f"{row['seconds']:.0f}",
    ]
