"""The smallest effect a design detects, from answers to its own questions.

The questions of a planned run are a part of those of a finished one, so the error the verdict would
find in it can be computed rather than derived: the planned questions' answers are taken out of the
finished run, and the verdict's own bootstrap is run on them. What twice the clusters or wordings
would give is then a matter of parts: with V_R and V_C the variances by resampling clusters alone
and wordings alone, the estimate's variance V = V_R + V_C − V_E (cells' noise is in both) splits
into clusters V − V_C, wordings V − V_R, and cells. Each shrinks with its own number, cells with
both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from audit.metrics.measures import Measure
from audit.metrics.significance import cluster_bootstrap, smallest_detectable_effect

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Precision:
    """One metric's error in a design. Variances in squared units of the metric.

    ``clusters``, ``wordings`` and ``cells`` add up to the variance the verdict's interval rests on,
    with ``df`` degrees of freedom; wordings and cells are 0 where one wording alone is asked.
    """

    metric: str
    margin: float | None
    clusters: float
    wordings: float
    cells: float
    df: float

    def detectable(
        self, *, alpha: float, power: float, more_clusters: float = 1, more_wordings: float = 1
    ) -> float | None:
        """The true effect found with ``power`` at level ``alpha``; None where nothing varies.

        ``more_clusters`` and ``more_wordings``: times as many of one, equally filled.
        """
        variance = (
            self.clusters / more_clusters
            + self.wordings / more_wordings
            + self.cells / (more_clusters * more_wordings)
        )
        if not variance > 0:
            return None
        error = math.sqrt(variance)
        return smallest_detectable_effect(error, alpha=alpha, power=power, df=self.df)


def precision(measure: Measure, *, seed: int = 0) -> Precision | None:
    """The error of a measure of the planned questions; None where the bootstrap has none."""
    result = measure.bootstrap(measure.statistic, n_resamples=RESAMPLES, level=0.95, seed=seed)
    total = result.standard_error**2
    if math.isnan(total):
        return None
    if not measure.wordings_sampled:
        return Precision(measure.metric, measure.margin, total, 0.0, 0.0, result.calibration.df)
    n_rows, n_cols = len(measure.clusters), len(measure.columns)
    by_rows = cluster_bootstrap(
        lambda w: measure.statistic(w, np.ones((len(w), n_cols))), n_rows,
        strata=measure.row_strata, n_resamples=RESAMPLES, seed=seed,
    ).standard_error ** 2  # fmt: skip
    by_columns = cluster_bootstrap(
        lambda w: measure.statistic(np.ones((len(w), n_rows)), w), n_cols,
        strata=measure.col_strata, n_resamples=RESAMPLES, seed=seed,
    ).standard_error ** 2  # fmt: skip
    clusters = min(max(total - by_columns, 0.0), total)
    wordings = min(max(total - by_rows, 0.0), total - clusters)
    return Precision(
        measure.metric, measure.margin, clusters, wordings, total - clusters - wordings,
        result.calibration.df,
    )  # fmt: skip
