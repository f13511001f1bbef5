"""What ``audit plan`` prints."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from audit.planning.plan import POWER, Plan
from core.console import table_console


def print_plan(plan: Plan) -> None:
    """Counts, then precision, then what it rests on."""
    console = table_console(120)
    console.print(_counts(plan))
    console.print(_time(plan), soft_wrap=True, markup=False)
    if plan.detectable:
        console.print()
        console.print(_detectable(plan))
        console.print(
            f"Detectable: found with {POWER:.0%} power at 5 % shared among a suite's primary "
            f"metrics (Holm's first step). Answers are assumed to vary as in {plan.assumed}; "
            "another model's may differ, so name a run of it by --like.",
            soft_wrap=True,
            markup=False,
        )
    for note in plan.notes:
        console.print(f"Note: {note}.", soft_wrap=True, markup=False)


def _counts(plan: Plan) -> Table:
    table = Table(title=Text("what would be asked"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "probe", "route"):
        table.add_column(name)
    for name in ("clusters", "wordings", "requests", "prompt tokens", "generated, at most"):
        table.add_column(name, justify="right")
    for row in plan.counts:
        table.add_row(
            row.suite, row.probe, row.route,
            *(f"{n:,}" for n in (
                row.clusters, row.wordings, row.requests, row.prompt_tokens, row.generated_tokens
            )),
        )  # fmt: skip
    return table


def _time(plan: Plan) -> str:
    size = sum(row.bytes for row in plan.counts) / 1e6
    known = plan.seconds
    if known is None:
        how = "give a model, --like RUN or --rate to know how long it takes"
    else:
        assert plan.rate is not None
        how = f"about {_duration(known)} (by {plan.rate.source})"
    return f"{plan.requests:,} requests, about {size:.1f} MB of answers; {how}."


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _detectable(plan: Plan) -> Table:
    table = Table(title=Text("what it could show"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "metric"):
        table.add_column(name)
    for name in ("margin", "detectable", "with twice the clusters", "with twice the wordings"):
        table.add_column(name, justify="right")
    for row in plan.detectable:
        margin = "–" if row.margin is None else f"{row.margin:g}"
        found = [
            "–" if x is None else f"{x:.3f}"
            for x in (row.effect, row.more_clusters, row.more_wordings)
        ]
        table.add_row(row.suite, row.metric, margin, *found)
    return table
