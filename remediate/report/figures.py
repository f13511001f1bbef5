"""From what is known of a repair to its figures, each with the table of what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.reports.figures import Cell, Figure, draw
from audit.reports.numbers import Shown, finite, plain, with_unit
from audit.reports.svg import clean
from audit.reports.text import same
from remediate.report import charts
from remediate.report.load import RepairRecord
from remediate.report.measures import Change
from remediate.report.occupations import Job
from remediate.report.words import say, told


def panels(changes: Sequence[Change], prefix: str) -> dict[int, Figure]:
    """Position of a change → its small chart, where both sides have an estimate."""
    return {
        n: _panel(change, f"{prefix}-{n}")
        for n, change in enumerate(changes)
        if change.before.row.estimate is not None and change.after.row.estimate is not None
    }


def _panel(change: Change, key: str) -> Figure:
    sides = [("before", change.before), ("after", change.after)]
    if change.prompted is not None and change.prompted.row.estimate is not None:
        sides.append(("prompted", change.prompted))
    unit = change.before.unit
    factor = 100.0 if unit in ("points", "share") else 1.0

    def row(side: str, cell: Shown, lang: str) -> dict[str, Any]:
        value = cell.row.estimate or 0.0
        low, high = (value if v is None else v for v in cell.limits)
        return {
            "side": side, "name": say(f"side.{side}")[lang], "value": value * factor,
            "low": low * factor, "high": high * factor,
            "text": plain(value, unit, sign=cell.signed),
            "tip": f"{say(f'side.{side}')[lang]}: {cell.value[lang]} ({cell.interval[lang]})",
        }  # fmt: skip

    def make(lang: str) -> Any:
        margin = change.margin
        return charts.panel(
            [row(side, cell, lang) for side, cell in sides],
            margin=margin * factor if margin else None,
            axis=say(f"axis.{unit}")[lang],
        )

    desc = say(
        "chart.panel.desc", before=change.before.value, after=change.after.value,
        margin=change.before.margin,
    )  # fmt: skip
    return Figure(key, change.name, same(""), draw(key, change.name, desc, make))


def dumbbells(jobs: Sequence[Job], key: str, *, target: str = "parity") -> Figure | None:
    """*target* is the repair's own: what the note under the chart counts nearness to."""
    if not jobs:
        return None
    title = say("chart.jobs.title")

    def make(lang: str) -> Any:
        rows = []
        for job in jobs:
            before, after = job.shares
            name = clean(job.name[lang], 32)
            labour = with_unit(job.reference, "share")[lang]
            rows.append(
                {
                    "name": name, "before": before, "after": after, "labour": job.reference,
                    "tip": f"{name}: {with_unit(before, 'share')[lang]} → "
                    f"{with_unit(after, 'share')[lang]}; {say('side.labour')[lang]} {labour}",
                }
            )  # fmt: skip
        words = {"x": say("chart.jobs.x")[lang], "parity": say("chart.occupations.parity")[lang]}
        words |= {side: say(f"side.{side}")[lang] for side in ("before", "after", "labour")}
        return charts.dumbbells(rows, words)

    aims = [(0.5 if target == "parity" else job.reference, *job.shares) for job in jobs]
    known = [(aim, was, now) for aim, was, now in aims if aim is not None]
    nearer = sum(abs(now - aim) < abs(was - aim) for aim, was, now in known)
    note = say(
        "chart.jobs.note" if target == "parity" else "chart.jobs.note_labour",
        nearer=nearer, n=len(known),
    )  # fmt: skip
    svg = draw(key, title, say("chart.jobs.desc", n=len(jobs)), make)
    return Figure(key, title, say("chart.jobs.caption"), svg, note=note, table_below=True)


def curve(record: RepairRecord, key: str) -> Figure | None:
    """Validation |bias|, gap and skew by step; None with fewer than two validations."""
    training = record.part("training")
    validations = [
        row
        for row in training.get("validation") or []
        if finite(row.get("eval_bias")) is not None and finite(row.get("step")) is not None
    ]
    if len(validations) < 2:
        return None
    title = say("chart.curve.title")
    shown = record.about_pictures
    series = ("bias", "gap", "miss", "guess") if shown else ("bias", "gap", "skew")
    best = finite(training.get("best_step"))

    def make(lang: str) -> Any:
        rows = [
            {
                "step": row["step"], "series": name, "value": value,
                "tip": f"{say(f'curve.{name}')[lang]}, {say('chart.curve.x')[lang]} {row['step']}: "
                f"{value:.3f}",
            }
            for row in validations
            for name in series
            if (value := finite(row.get(f"eval_{name}"))) is not None
        ]  # fmt: skip
        words = {"x": say("chart.curve.x")[lang], "y": told(shown, "chart.curve.y")[lang]}
        words |= {name: say(f"curve.{name}")[lang] for name in series}
        words["kept"] = say("chart.curve.kept", step=f"{best:g}")[lang] if best is not None else ""
        return charts.curve(rows, kept=best, words=words)

    header = [say("chart.curve.x"), *(say(f"curve.{name}") for name in series)]
    table: list[list[Cell]] = [
        [
            f"{row['step']:g}",
            *(_nats(finite(row.get(f"eval_{name}"))) for name in series),
        ]
        for row in validations
    ]
    svg = draw(key, title, say("chart.curve.desc", n=len(validations)), make)
    return Figure(key, title, told(shown, "chart.curve.caption"), svg, header, table)


def _nats(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
