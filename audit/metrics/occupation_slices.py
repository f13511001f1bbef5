"""Exploratory rows of suite ``occupations``: single jobs, order effects, kinds of answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from audit.metrics.cells import Cells, make_cells, worst_missing
from audit.metrics.estimates import Context, measure_row, metric_row, number, rate
from audit.metrics.measures import Measure, mean_test, over_cells
from audit.metrics.significance import (
    Statistic,
    cluster_bootstrap,
    row_mean,
    sign_flip_test,
    weighted_mean,
)
from audit.metrics.stats_types import FloatArray, IntArray
from audit.metrics.verdict import Evidence, Family
from audit.schema import Label, Route


def per_occupation(family: Family, rows: pd.DataFrame, *, suite: str, seed: int) -> None:
    """``woman_share`` (parity: 0.5) and, by likelihood, ``woman_logodds`` (0) of every job.

    The units are the job's wordings: interval by bootstrap over them, test by sign flips of
    their distances from parity.
    """
    route = str(rows["route"].iat[0])
    measures = [("woman_share", "value", 0.5)]
    if route == Route.LIKELIHOOD:
        measures.append(("woman_logodds", "logodds", 0.0))
    for metric, field, parity in measures:
        cells = make_cells(rows, field)
        for i, cluster in enumerate(cells.clusters):
            part = rows[rows["cluster"] == cluster]
            context = Context(suite, f"occupation:{cluster}", route, "exploratory", seed, part)
            values = cells.values[i]
            kept = ~np.isnan(values)
            if not kept.any():
                family.add(metric_row(context, metric, None, None, n_clusters=0))
                continue
            mean = _balanced_mean(values, cells.strata)
            result = cluster_bootstrap(
                mean,
                len(values),
                strata=cells.strata,
                n_resamples=context.resamples,
                method="percentile",
                seed=seed,
            )
            test = sign_flip_test(values[kept] - parity, n_permutations=4096, seed=seed)
            named = replace(test, test="sign flips over wordings against parity")
            row = metric_row(context, metric, result, named, n_clusters=int(kept.sum()))
            family.add(row, Evidence(result))


def _balanced_mean(values: FloatArray, strata: IntArray) -> Statistic:
    """Mean of a job's (C,) cells under (b, C) multiplicities, every stratum weighing the same."""
    means = [
        weighted_mean(np.where(strata == s, values, np.nan))
        for s in np.unique(strata[~np.isnan(values)])
    ]

    def statistic(weights: FloatArray) -> FloatArray:
        return np.asarray(np.mean([mean(weights) for mean in means], axis=0))

    return statistic


def order_effects(family: Family, rows: pd.DataFrame, *, suite: str, seed: int) -> None:
    """``order_effect``: answers with "woman" offered first minus those with "man" first.

    In nats of log-odds by likelihood, in share of women by sampled answers; positive: the option
    named first gains. Only probes that counterbalance an order have one.
    """
    route = str(rows["route"].iat[0])
    field = "logodds" if route == Route.LIKELIHOOD else "value"
    ordered = rows[rows["variant"].isin(("woman_first", "man_first"))]
    if ordered["variant"].nunique() < 2:
        return
    effects = order_cells(ordered, field)
    context = Context(suite, "all", route, "exploratory", seed, ordered)
    per_row = effects.row_means
    unit = "nats of log-odds" if field == "logodds" else "share of women"
    measure = Measure(
        metric="order_effect",
        route=route,
        primary=False,
        margin=None,
        clusters=effects.clusters,
        columns=effects.columns,
        statistic=over_cells(effects, row_mean),
        blocks=effects.block_means(np.ones((1, len(effects.columns))))[0],
        change_test=mean_test("sign flips over occupations"),
        n_clusters=int((~np.isnan(per_row)).sum()),
        thinnest=int((~np.isnan(per_row)).sum()),
        missing=worst_missing(ordered),
        col_strata=effects.column_strata,
        note=f"in {unit}",
    )
    measure_row(family, context, measure)
    for job, value in zip(effects.clusters, per_row, strict=True):
        part = ordered[ordered["cluster"] == job]
        single = Context(suite, f"occupation:{job}", route, "exploratory", seed, part)
        family.add(
            metric_row(
                single, "order_effect", None, None, n_clusters=1, estimate=number(float(value))
            )
        )


def order_cells(ordered: pd.DataFrame, field: str) -> Cells:
    """Cells of the difference woman_first − man_first."""
    first = ordered[ordered["variant"] == "woman_first"]
    second = ordered[ordered["variant"] == "man_first"]
    signed = pd.concat([first.assign(_d=2 * first[field]), second.assign(_d=-2 * second[field])])
    # make_cells averages the two variants: (2·first − 2·second)/2 is their difference.
    return make_cells(signed, "_d")


def answer_kinds(family: Family, rows: pd.DataFrame, *, suite: str, seed: int) -> None:
    """Rates of each kind of answer among sampled ones, overall and by probe.

    Clusters are occupations, since repeated answers about one job are not independent.
    """
    route = str(rows["route"].iat[0])
    if route != Route.SAMPLED:
        return
    parts = [("all", rows)] + [
        (f"probe:{probe}", part) for probe, part in rows.groupby("probe", sort=True)
    ]
    kinds = (Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED)
    for slice_name, part in parts:
        context = Context(suite, slice_name, route, "exploratory", seed, part)
        for kind in kinds:
            metric = f"{kind.value if kind is not Label.REFUSED else 'refusal'}_rate"
            hits = (part["label"] == kind).astype(float)
            rates = np.asarray(hits.groupby(part["cluster"]).mean(), dtype=np.float64)
            if len(rates) < 2:
                family.add(
                    metric_row(
                        context, metric, None, None, n_clusters=len(rates),
                        estimate=float(rates[0]),
                    )
                )  # fmt: skip
                continue
            result = rate(rates, context, metric)
            row = metric_row(context, metric, result, None, n_clusters=len(rates))
            family.add(row, Evidence(result))
