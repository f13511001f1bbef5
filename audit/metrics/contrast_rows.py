"""Every row of results.json for a suite that compares two levels of a factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from audit.metrics.cells import make_cells
from audit.metrics.contrast import (
    Contrast,
    contrast_values,
    gap_measure,
    paired_cells,
    paired_measure,
)
from audit.metrics.estimates import (
    Context,
    declared_margins,
    measure_row,
    metric_row,
    number,
    rate,
    routes_of,
)
from audit.metrics.route_agreement import route_agreement
from audit.metrics.significance import cohens_h
from audit.metrics.verdict import Evidence, Family, withhold_fairness
from audit.schema import Label, MetricRow, PrimaryMetric, Route

_CRAMPED = "answers are so one-sided for both levels that no gap could pass the margin"
_FIRST, _SECOND = f"{Label.POSITIVE}_first", f"{Label.NEGATIVE}_first"


def contrast_metrics(
    frame: pd.DataFrame,
    contrast: Contrast,
    *,
    suite: str,
    primary: Sequence[PrimaryMetric],
    seed: int,
    margins: Mapping[str, float] | None,
) -> list[MetricRow]:
    """``frame``: answers, ``RESPONSE_COLUMNS``.

    ``gap`` over all is primary by the likelihood route where there is one, else by the sampled
    one. Where hardly any answer is positive for either level, or hardly any is not, no gap could
    pass the margin: being within it shows nothing, and the evidence is insufficient.

    Exploratory: ``gap`` by language, wording, crossed factor and cluster, ``gap_logodds``,
    ``positive_rate`` of either level, ``order_effect``, ``refusal_gap``, ``route_agreement``.
    """
    if frame.empty:
        return []
    data = contrast_values(frame)
    margin = declared_margins(primary, margins).get("gap")
    routes = routes_of(data)
    family = Family()
    cramped: set[tuple[str, str]] = set()
    for route in routes:
        rows = data[data["route"] == route]
        for name, part in _slices(rows):
            lead = name == "all" and route is routes[0]
            role = "primary" if lead else "exploratory"
            context = Context(suite, name, route, role, seed, part, margin)
            if not _gap(family, context, contrast):
                cramped.add((name, route))
        plain = Context(suite, "all", route, "exploratory", seed, rows)
        _per_cluster(family, plain, contrast)
        for level in (contrast.first, contrast.second):
            _level(family, plain, level)
        _others(family, plain, contrast)
    if len(routes) == 2:
        route_agreement(family, _signed(data, contrast), suite=suite, seed=seed)
    judged = family.judged()
    for row in judged:
        if row.metric == "gap" and (row.slice, row.route) in cramped:
            withhold_fairness(row, _CRAMPED)
    return judged


def _slices(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """``all``, every language and crossed level of several, every wording of several."""
    out = [("all", rows)]
    langs = sorted(rows["lang"].unique())
    if len(langs) > 1:
        out += [(f"lang:{lang}", rows[rows["lang"] == lang]) for lang in langs]
    parts = rows["variant"].str.split("/")
    for name in sorted({p for found in parts for p in found} - {"", _FIRST, _SECOND}):
        out.append((name, rows[[name in found for found in parts]]))
    wordings = list(rows.groupby(["probe", "lang", "template"], sort=True))
    if len(wordings) > 1:
        out += [(f"probe:{p}/lang:{g}/template:{t}", part) for (p, g, t), part in wordings]
    return out


def _gap(family: Family, context: Context, contrast: Contrast) -> bool:
    """Add the row; whether the levels' rates leave room for a gap beyond the margin."""
    found = gap_measure(
        context.frame, contrast, primary=context.role == "primary", margin=context.margin
    )
    if found is None:
        family.add(metric_row(context, "gap", None, None, n_clusters=0))
        return True
    measure, paired = found
    size = number(cohens_h(_share(paired.first), _share(paired.second)))
    measure_row(family, context, measure, lambda _: size)
    margin, rates = context.margin or 0.0, (paired.first, paired.second)
    return not (max(rates) < margin or min(rates) > 1.0 - margin)


def _per_cluster(family: Family, context: Context, contrast: Contrast) -> None:
    """Single clusters have no sample of their own: an estimate, no interval and no test."""
    rows = context.frame
    paired = paired_cells(rows, rows["group"] == contrast.first, "value")
    if paired is None:
        return
    for cluster, value in zip(paired.cells.clusters, paired.cells.row_means, strict=True):
        own = replace(
            context,
            slice=f"{contrast.cluster}:{cluster}",
            frame=rows[rows["cluster"] == cluster],
        )
        family.add(metric_row(own, "gap", None, None, n_clusters=1, estimate=number(float(value))))


def _level(family: Family, context: Context, level: str) -> None:
    """``positive_rate``: P(positive) of one level, over the cells that it has."""
    rows = context.frame[context.frame["group"] == level]
    own = replace(context, slice=level, frame=rows)
    if rows.empty:
        return
    rates = make_cells(rows).row_means
    kept = np.clip(rates[~np.isnan(rates)], 0.0, 1.0)  # rounding may leave the unit interval
    if len(kept) < 2:
        family.add(metric_row(own, "positive_rate", None, None, n_clusters=len(kept)))
        return
    result = rate(kept, own, "positive_rate")
    row = metric_row(own, "positive_rate", result, None, n_clusters=len(kept))
    family.add(row, Evidence(result))


def _others(family: Family, context: Context, contrast: Contrast) -> None:
    """``gap_logodds``, ``order_effect`` (positive: the option named first gains), ``refusal_gap``.

    ``refusal_gap``: rate of refusals for the first level minus the second; all answers count.
    """
    rows, level = context.frame, context.frame["group"] == contrast.first
    ordered = rows[rows["variant"].str.startswith((_FIRST, _SECOND))]
    wanted = [("order_effect", ordered, ordered["variant"].str.startswith(_FIRST), "value")]
    if context.route == Route.LIKELIHOOD:
        wanted.append(("gap_logodds", rows, level, "logodds"))
    else:
        wanted.append(("refusal_gap", rows, level, "refused"))
    for metric, part, first, field in wanted:
        measure = paired_measure(
            metric, part, paired_cells(part, first, field),
            clusters=contrast.cluster, bounded=field != "logodds",
        )  # fmt: skip
        if measure is not None:
            measure_row(family, replace(context, frame=part), measure)


def _signed(data: pd.DataFrame, contrast: Contrast) -> pd.DataFrame:
    """Values whose mean over a cell's variants, both levels among them, is the cell's gap."""
    sign = np.where(data["group"] == contrast.first, 2.0, -2.0)
    return data.assign(value=sign * data["value"], variant=data["group"] + "/" + data["variant"])


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
