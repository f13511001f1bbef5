"""models.html: the declared metrics of many runs, a row a run."""

from __future__ import annotations

from audit.comparison import MODELS, ModelsTable
from audit.reports.compare.dress import render
from audit.reports.compare.figures import of_metric
from audit.reports.compare.models import CellView, cell_view, column_views, findings
from audit.reports.compare.runs import run_views, suite_titles
from audit.reports.compare.words import Bilingual, say
from audit.reports.text import same
from audit.reports.view import SEVERITY

#: Beyond so many, a title of names is no title.
_NAMED = 3


def render_models(table: ModelsTable, command: str) -> str:
    """The whole page as text."""
    runs = run_views(table.runs)
    columns = column_views(table, suite_titles(runs))
    cells: dict[tuple[str, str], list[CellView]] = {}
    matrix: list[list[CellView | None]] = []
    for run in table.runs:
        found = [table.cell(run, column.key) for column in columns]
        matrix.append([None if c is None else cell_view(c) for c in found])
    for number, column in enumerate(columns):
        cells[column.key] = [c for row in matrix if (c := row[number]) is not None]
    suites = findings(table, columns)
    figures = {
        s.anchor: [
            figure
            for n, column in enumerate(s.columns)
            if (figure := of_metric(column, cells[column.key], f"{s.anchor}-metric-{n}"))
        ]
        for s in suites
    }
    return render(
        "models.html.j2",
        model=_title([run.model for run in runs]),
        made_from=MODELS,
        runs=runs,
        suites=suites,
        columns=columns,
        matrix=list(zip(runs, matrix, strict=True)),
        figures=figures,
        facts=_facts(table),
        methods=[say(f"methods.models_{k}") for k in ("numbers", "alike", "overlap", "samples")],
        severity=SEVERITY,
        command=command,
    )


def _title(models: list[str]) -> str:
    names = list(dict.fromkeys(models))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" +{more}" if more > 0 else "")


def _facts(table: ModelsTable) -> list[tuple[Bilingual, Bilingual]]:
    facts = [
        (say("models.runs"), same(len(table.runs))),
        (say("models.claims"), same(len(table.columns))),
    ]
    differing = sum(row.difference is not None for row in table.rows)
    if differing:
        facts.append((say("differs.chip"), say("models.differing", n=differing)))
    return facts
