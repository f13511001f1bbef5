"""A sweep's cells as rows of the page's table, best first; failed and waiting ones last."""

from __future__ import annotations

from dataclasses import dataclass

from audit.reports.numbers import DASH, count, finite
from audit.reports.text import Bilingual, same
from remediate.report.samples import visible
from remediate.report.sweep.load import CellRow, SweepRecord
from remediate.report.words import say


@dataclass(frozen=True, slots=True)
class Row:
    """``settings`` and ``numbers`` are (shown, sorted by) in the table's order of columns."""

    name: str
    cell: CellRow
    settings: list[tuple[Bilingual, str]]
    numbers: list[tuple[Bilingual, str]]


def rows(record: SweepRecord) -> list[Row]:
    order = sorted(record.cells, key=lambda c: (c.bias is None, c.bias or 0.0, c.name))
    return [_row(cell, record.varied) for cell in order]


def _row(cell: CellRow, varied: list[str]) -> Row:
    settings = []
    for name in varied:
        value = cell.training.get(name)
        number = finite(value)
        # Words as they are written in a grid.
        shown = visible(str(value), 40) if number is None else f"{number:g}"
        settings.append((same(shown), "" if number is None else str(number)))
    perplexity, kl, accuracy = (
        cell.gates.get(name, (None, None))[0]
        for name in ("perplexity_ratio", "kl_per_token", "unambiguous_accuracy")
    )
    seconds = DASH if cell.seconds is None else count(round(cell.seconds))
    return Row(
        name=visible(cell.name, 80),
        cell=cell,
        settings=settings,
        numbers=[
            (same(_three(cell.bias)), _key(cell.bias)),
            (same(_three(cell.gap, sign=True)), _key(cell.gap)),
            (same(_three(cell.skew, sign=True)), _key(cell.skew)),
            (same(_three(perplexity)), _key(perplexity)),
            (same(_three(kl)), _key(kl)),
            (same(_points(accuracy)), _key(accuracy)),
            (same(percent(cell.cost)), _key(cell.cost)),
            (same(f"≥ {seconds}" if cell.resumed else seconds), _key(cell.seconds)),
        ],
    )


def nats(value: float | None) -> Bilingual:
    """With its unit."""
    return same(DASH) if value is None else say("unit.nats", value=_three(value))


def percent(share: float | None) -> str:
    return DASH if share is None else f"{share * 100:.0f} %"


def _three(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return DASH
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+" if sign else "") + text


def _points(drop: float | None) -> str:
    """A drop of accuracy (0–1) as a change in points."""
    if drop is None:
        return DASH
    text = f"{abs(drop) * 100:.1f}"
    return text if float(text) == 0 else ("−" if drop > 0 else "+") + text


def _key(value: float | None) -> str:
    return "" if value is None else repr(value)
