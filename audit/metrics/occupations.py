"""Estimates of suite ``occupations``: how a model's gendered answers follow the labour market.

What the five headline metrics are stands in ``occupation_measures``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from audit.metrics.cells import add_values
from audit.metrics.estimates import (
    Context,
    declared_margins,
    measure_row,
    metric_row,
    routes_of,
)
from audit.metrics.measures import Measure
from audit.metrics.occupation_measures import occupation_measure
from audit.metrics.occupation_slices import answer_kinds, order_effects, per_occupation
from audit.metrics.route_agreement import route_agreement
from audit.metrics.verdict import Family
from audit.schema import Label, MetricRow, PrimaryMetric


def occupation_metrics(
    frame: pd.DataFrame,
    *,
    suite: str,
    primary: Sequence[PrimaryMetric],
    seed: int,
    margins: Mapping[str, float] | None,
) -> list[MetricRow]:
    """Every row of results.json for the suite. ``frame``: answers, ``RESPONSE_COLUMNS``.

    The likelihood route's rows are primary where there are likelihood answers, else the sampled
    one's. ``margins`` overrides the suite's own.
    """
    if frame.empty:
        return []
    data = add_values(frame, Label.WOMAN, Label.MAN, Label.NEUTRAL)
    declared = declared_margins(primary, margins)
    routes = routes_of(data)
    leading = routes[0]  # likelihood, where there is any
    family = Family()
    for route in routes:
        rows = data[data["route"] == route]
        for slice_name, part in _slices(rows):
            role = "primary" if route is leading and slice_name == "all" else "exploratory"
            for name, margin in declared.items():
                headline(family, name, Context(suite, slice_name, route, role, seed, part, margin))
        per_occupation(family, rows, suite=suite, seed=seed)
        order_effects(family, rows, suite=suite, seed=seed)
        answer_kinds(family, rows, suite=suite, seed=seed)
    if len(routes) == 2:
        route_agreement(family, data, suite=suite, seed=seed)
    return family.judged()


def _slices(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """``all``, then every probe, language and wording of which there are several."""
    out: list[tuple[str, pd.DataFrame]] = [("all", rows)]
    probes, langs = sorted(rows["probe"].unique()), sorted(rows["lang"].unique())
    if len(probes) > 1:
        out += [(f"probe:{p}", rows[rows["probe"] == p]) for p in probes]
    if len(langs) > 1:
        out += [(f"lang:{g}", rows[rows["lang"] == g]) for g in langs]
    for (probe, lang, template), part in rows.groupby(["probe", "lang", "template"], sort=True):
        out.append((f"probe:{probe}/lang:{lang}/template:{template}", part))
    return out


def headline(family: Family, metric: str, context: Context) -> None:
    """Add one of the five headline estimates for one slice; the frame has had ``add_values``."""
    found = occupation_measure(
        metric,
        context.frame,
        route=context.route,
        primary=context.role == "primary",
        margin=context.margin,
    )
    if found is None:
        clusters = context.frame.loc[context.frame["value"].notna(), "cluster"].nunique()
        family.add(metric_row(context, metric, None, None, n_clusters=int(clusters)))
        return
    measure_row(family, context, *found)


def occupation_measures(
    frame: pd.DataFrame, *, primary: Sequence[PrimaryMetric], margins: Mapping[str, float] | None
) -> list[Measure]:
    """The primary metrics over the whole frame by every route, likelihood first.

    The leading route's are primary, as in ``occupation_metrics``; undefined ones are left out.
    """
    data = add_values(frame, Label.WOMAN, Label.MAN, Label.NEUTRAL)
    declared = declared_margins(primary, margins)
    routes = routes_of(data)
    out = []
    for route in routes:
        for name, margin in declared.items():
            found = occupation_measure(
                name,
                data[data["route"] == route],
                route=route,
                primary=route is routes[0],
                margin=margin,
            )
            if found is not None:
                out.append(found[0])
    return out
