"""Puts the sweep's page together; a pure function of sweep.json."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from audit.reports.build import SCRIPTS, STYLES, assets, environment, script_hash, words_for_scripts
from audit.reports.figures import Figure, draw
from audit.reports.svg import clean
from audit.reports.text import Bilingual, Phrases, join, same
from remediate.report.made import duration
from remediate.report.samples import visible
from remediate.report.sweep import charts
from remediate.report.sweep.load import CellRow, SweepRecord
from remediate.report.sweep.rows import nats, percent, rows

PHRASES: Final = Phrases(("audit.reports", "remediate.report", "remediate.report.sweep"))
say = PHRASES.say
_SCRIPTS: Final = tuple(name for name in SCRIPTS if name != "transcripts.js")


def render_sweep(record: SweepRecord) -> str:
    """The whole page as text."""
    script = assets(_SCRIPTS) + "\npage.start();\n"
    template = environment(
        PHRASES, "remediate.report.sweep", "remediate.report", "audit.reports"
    ).get_template("sweep.html.j2")
    style = assets(STYLES) + assets(("repair.css",), "remediate.report")
    return template.render(
        record=record,
        model=visible(record.model, 120),
        chosen=record.chosen,
        headline=_headline(record),
        facts=_facts(record),
        figure=_figure(record),
        rows=rows(record),
        varied=[_setting(name) for name in record.varied],
        failed=[(visible(c.name, 80), visible(c.reason, 400)) for c in record.cells if c.reason],
        methods=_methods(record),
        command=_command(record),
        style=Markup(style + assets(("sweep.css",), "remediate.report.sweep")),
        words=words_for_scripts(PHRASES, ("page.title",)),
        script=Markup(script),
        script_hash=script_hash(script),
    )


def _headline(record: SweepRecord) -> Bilingual:
    cell, before = record.chosen, record.before
    if cell is not None and cell.bias is not None:
        key = "sweep.chosen" if before else "sweep.chosen_alone"
        return say(
            key, name=visible(cell.name, 80), bias=nats(cell.bias),
            before=nats(before["bias"]) if before else "", cost=percent(cell.cost),
        )  # fmt: skip
    waiting = any(c.status == "waiting" for c in record.cells)
    measured = any(c.measured for c in record.cells)
    return say("sweep.waiting" if waiting else "sweep.none_holds" if measured else "sweep.none")


def _facts(record: SweepRecord) -> list[tuple[Bilingual, Bilingual]]:
    done = sum(c.measured for c in record.cells)
    seconds = sum(c.seconds or 0.0 for c in record.cells)
    stamp = str(record.content.get("updated") or "")[:16].replace("T", " ")
    return [
        (say("header.updated"), same(stamp or "—")),
        (say("header.cells"), say("header.cells_text", done=done, n=len(record.cells))),
        (say("header.measured"), say("header.measured_text", n=_validating(record))),
        (say("header.time"), duration(seconds)),
    ]


def _validating(record: SweepRecord) -> int:
    return len((record.content.get("measured_on") or {}).get("validation_occupations") or [])


def _figure(record: SweepRecord) -> Figure | None:
    """None before the first cell is measured."""
    cells = [c for c in record.cells if c.measured]
    if not cells:
        return None
    title, key = say("chart.pareto.title"), "pareto"

    def make(lang: str) -> Any:
        data = [_point(c, lang) for c in cells]
        if record.before is not None:
            name = say("sweep.before")[lang]
            tip = f"{name}: {nats(record.before['bias'])[lang]}"
            data.append(
                {"name": name, "kind": "before", "x": 0.0, "y": record.before["bias"], "tip": tip}
            )
        words = {kind: say(f"kind.{kind}")[lang] for kind in charts.KINDS}
        words |= {n: say(f"chart.pareto.{n}")[lang] for n in ("x", "y", "allowed")}
        return charts.pareto(data, words)

    front = [c for c in cells if c.non_dominated]
    desc = say("chart.pareto.desc", n=len(cells), names=", ".join(c.name for c in front))
    note = say(
        "chart.pareto.note", n=len(front), total=len(cells),
        names=join([same(visible(c.name, 80)) for c in sorted(front, key=lambda c: c.cost or 0.0)]),
    )  # fmt: skip
    svg = draw(key, title, desc, make)
    return Figure(key, title, say("chart.pareto.caption"), svg, note=note, table_below=True)


def _point(cell: CellRow, lang: str) -> dict[str, Any]:
    kind = "chosen" if cell.chosen else "front" if cell.non_dominated else "beaten"
    name = clean(cell.name, 40)
    return {
        "name": name, "kind": kind, "x": cell.cost, "y": cell.bias,
        "tip": f"{name}: {nats(cell.bias)[lang]}, {percent(cell.cost)}",
    }  # fmt: skip


def _setting(name: str) -> Bilingual:
    key = f"training.{name}"
    return say(key) if PHRASES.has(key) else same(name.replace("_", " "))


def _methods(record: SweepRecord) -> list[Bilingual]:
    on = record.content.get("measured_on") or {}
    return [
        say("sweep.method_shared"),
        say("sweep.method_bias", n=_validating(record)),
        say(
            "sweep.method_cost", passages=int(on.get("passages") or 0),
            requests=int(on.get("requests") or 0), sentences=int(on.get("sentences") or 0),
        ),
        say("sweep.method_rule"),
        say("sweep.method_held_out"),
    ]  # fmt: skip


def _command(record: SweepRecord) -> str:
    import shlex

    grid = str(record.content.get("grid") or "default")
    return shlex.join(["remediate", record.model, "--sweep", grid])
