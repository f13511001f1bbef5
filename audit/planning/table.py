"""What ``audit plan`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from audit.planning.detectable import Detectable
from audit.planning.needed import MOST, Count, Instead
from audit.planning.plan import POWER, Plan
from audit.planning.precision import Gain
from core.console import table_console

#: What a design can have more of.
_GROWN = ("clusters", "wordings", "samples")


def print_plan(plan: Plan) -> None:
    """Counts, then precision, then what it rests on."""
    console = table_console(100)
    console.print(_counts(plan))
    console.print(_time(plan), soft_wrap=True, markup=False)
    said = []
    if plan.detectable:
        console.print()
        console.print(_detectable(plan.detectable))
        said = [*_about_detectable(plan), *_marks(plan.detectable)]
    if plan.needed:
        console.print()
        console.print(_needed(plan))
        said.append(
            "Needed: so many of one, the others as planned, to find the effect with the same "
            f"power. none: not {MOST:,} times as many."
        )
    for line in said:
        console.print(line, soft_wrap=True, markup=False)
    for note in plan.notes:
        console.print(f"Note: {note}.", soft_wrap=True, markup=False)


def _counts(plan: Plan) -> Table:
    table = Table(title=Text("what would be asked"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "probe", "route"):
        table.add_column(name)
    for name in ("clusters", "wordings", "requests", "prompt\ntokens", "generated,\nat most"):
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


def _detectable(rows: Sequence[Detectable]) -> Table:
    table = Table(title=Text("what it could show"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "metric"):
        table.add_column(name)
    for name in ("margin", "detectable", *(f"twice the\n{of}" for of in _GROWN)):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        best = row.gain is Gain.AT_MOST
        table.add_row(
            row.suite,
            row.metric,
            "–" if row.margin is None else f"{row.margin:g}",
            _number(row.effect, least=row.at_best),
            _number(row.more_clusters, least=row.at_best),
            _number(row.more_wordings, least=row.at_best),
            _number(row.more_samples, least=best),
        )
    return table


def _number(value: float | None, *, least: bool) -> str:
    return "–" if value is None else f"{'≥ ' if least else ''}{value:.3f}"


def _about_detectable(plan: Plan) -> list[str]:
    source, other = plan.assumed.source, "another model's may be far larger or smaller"
    if plan.assumed.kept:
        source, other = f"{source}, a small model", f"{other}, so name a run of it by --like"
    return [
        f"Detectable: the true effect found with {POWER:.0%} power at 5 % shared among a suite's "
        "primary metrics (Holm's first step). `biased` also needs an estimate beyond the margin.",
        f"Variances are those of {source}: {other}.",
    ]


def _marks(rows: Sequence[Detectable]) -> list[str]:
    """What the signs mean that stand in the table."""
    found = []
    if any(row.gain is Gain.AT_MOST for row in rows):
        found.append(
            "≥: at best. One answer a question does not tell what of it is chance, which is all "
            "that more samples take away; a run with --samples 2 or more does."
        )
    if any(
        row.effect is not None and None in (row.more_wordings, row.more_samples) for row in rows
    ):
        found.append("–: not known. Wordings too few to be a sample do not tell what others give.")
    return found


def _needed(plan: Plan) -> Table:
    table = Table(title=Text("what it takes"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "metric"):
        table.add_column(name)
    for name in ("effect", *_GROWN, "clusters,\nwordings\nalike"):
        table.add_column(name, justify="right", no_wrap=True)
    at_best = {(row.suite, row.metric) for row in plan.detectable if row.at_best}
    for row in plan.needed:
        planned, least = row.planned, (row.suite, row.metric) in at_best
        table.add_row(
            row.suite,
            row.metric,
            f"{row.effect:g}",
            _count(planned.clusters, row.clusters, least=least),
            _count(planned.wordings, row.wordings, least=least),
            _count(planned.samples, row.samples, least=row.gain is Gain.AT_MOST),
            _both(row.both, least=least),
        )
    return table


def _count(planned: int | None, found: Count, *, least: bool) -> str:
    if isinstance(found, Instead):
        return found.value
    return f"{planned} → {'≥ ' if least else ''}{found}"


def _both(found: tuple[int, int] | Instead, *, least: bool) -> str:
    if isinstance(found, Instead):
        return found.value
    clusters, wordings = found
    return f"{'≥ ' if least else ''}{clusters} × {wordings}"
