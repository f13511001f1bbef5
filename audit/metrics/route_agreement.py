"""Do the two routes say the same? Rank correlation of the clusters' values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.metrics.cells import make_cells
from audit.metrics.estimates import Context, metric_row, one_way
from audit.metrics.significance import spearman_test, weighted_spearman
from audit.metrics.verdict import Evidence, Family
from audit.schema import Route


def route_agreement(family: Family, data: pd.DataFrame, *, suite: str, seed: int) -> None:
    """``route_agreement``: Spearman's correlation between likelihood and sampled cluster values.

    Overall, and for every probe asked by both routes (there the prompts are the same).
    """
    shared = [
        str(probe)
        for probe, part in data.groupby("probe", sort=True)
        if part["route"].nunique() == 2
    ]
    for slice_name, part in [
        ("all", data),
        *((f"probe:{p}", data[data["probe"] == p]) for p in shared),
    ]:
        asked = part[part["route"] == Route.LIKELIHOOD]
        said = part[part["route"] == Route.SAMPLED]
        by_likelihood, by_sample = make_cells(asked), make_cells(said)
        left = dict(zip(by_likelihood.clusters, by_likelihood.row_means, strict=True))
        right = dict(zip(by_sample.clusters, by_sample.row_means, strict=True))
        pairs = np.array([(left[c], right[c]) for c in sorted(left.keys() & right.keys())])
        pairs = pairs[~np.isnan(pairs).any(axis=1)] if len(pairs) else np.empty((0, 2))
        context = Context(suite, slice_name, "both", "exploratory", seed, part)
        if len(pairs) < 3:
            family.add(metric_row(context, "route_agreement", None, None, n_clusters=len(pairs)))
            continue
        x, y = pairs[:, 0], pairs[:, 1]
        result = one_way(weighted_spearman(x, y), len(x), context, "route_agreement", rank=True)
        test = spearman_test(x, y, seed=seed)
        row = metric_row(context, "route_agreement", result, test, n_clusters=len(x))
        family.add(row, Evidence(result))
