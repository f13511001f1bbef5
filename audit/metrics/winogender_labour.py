"""Suite ``winogender``: does "she" pull a pronoun to the occupations that women hold?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.metrics.estimates import Context, metric_row, one_way
from audit.metrics.significance import spearman_test, weighted_spearman
from audit.metrics.verdict import Evidence, Family
from audit.metrics.winogender_schemas import ORDERS


def labour_agreement(family: Family, context: Context) -> None:
    """Rank correlation over occupations of the share of women and the pull of "she".

    The pull: how much more the pronoun is taken to mean the occupation where it is "she" than where
    it is "he" (the axes of the paper's figure 4).
    """
    rows = context.frame
    meant = rows["value"].where(rows["means_occupation"], 1.0 - rows["value"])
    table = (
        rows.assign(value=meant.astype(float))
        .groupby(["cluster", "schema", "gender", "variant"])["value"]
        .mean()
        .unstack(["gender", "variant"])
        .reindex(columns=pd.MultiIndex.from_product([("female", "male"), ORDERS]))
    )
    values = table.to_numpy(dtype=np.float64).reshape(-1, 2, len(ORDERS)).mean(axis=2)
    pull = pd.Series(values[:, 0] - values[:, 1], index=table.index)
    by_job = pull.groupby(level="cluster").mean().dropna()
    women = rows.drop_duplicates("cluster").set_index("cluster")["reference"].loc[by_job.index]
    metric = "winogender_spearman"
    if len(by_job) < 3:
        family.add(metric_row(context, metric, None, None, n_clusters=len(by_job)))
        return
    x, y = women.to_numpy(dtype=np.float64), by_job.to_numpy(dtype=np.float64)
    result = one_way(weighted_spearman(x, y), len(x), context, metric, rank=True)
    test = spearman_test(x, y, seed=context.seed)
    family.add(metric_row(context, metric, result, test, n_clusters=len(x)), Evidence(result))
