"""The smallest effect a design detects, from the variance components of a run that was made.

The variance of an estimate over crossed clusters and wordings is V_c/c + V_w/w + V_e/(c·w)
(clusters, wordings, and what is left in their cells; Cornfield & Tukey 1956, Annals of Mathematical
Statistics 27:907-949). The bootstrap over clusters alone estimates V_c/c + V_e/(cw), over wordings
alone V_w/w + V_e/(cw), and the pigeonhole bootstrap, which the verdicts use, V_c/c + V_w/w +
3·V_e/(cw) (Owen 2007, Annals of Applied Statistics 1:386-411, theorem 1). Three equations, three
unknowns; a component below zero is taken as zero. Another design divides each by its own counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.metrics.measures import Measure
from audit.metrics.significance import (
    cluster_bootstrap,
    pigeonhole_bootstrap,
    smallest_detectable_effect,
)

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Design:
    """How many clusters and wordings are asked, and how many pairs of them (all: their product)."""

    clusters: int
    wordings: int
    cells: int

    def times(self, clusters: int = 1, wordings: int = 1) -> Design:
        """As many times more clusters and wordings, equally filled."""
        return Design(
            self.clusters * clusters, self.wordings * wordings, self.cells * clusters * wordings
        )


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of one metric's estimate, in squared units of it, in the run it was taken from.

    ``clusters``, ``wordings``, ``cells`` add up to the estimate's variance in that run, which had
    ``n_clusters`` and ``n_wordings`` of each and asked every cluster in every wording.
    """

    suite: str
    metric: str
    margin: float | None
    clusters: float
    wordings: float
    cells: float
    n_clusters: int
    n_wordings: int

    def standard_error(self, design: Design) -> float:
        """The error the verdict's bootstrap would find in a design (see the module)."""
        return math.sqrt(sum(self._parts(design)))

    def detectable(self, design: Design, *, alpha: float, power: float = 0.8) -> float:
        """The true effect found with ``power`` at level ``alpha``.

        Student's quantiles with the degrees of freedom of Satterthwaite (1946) for the sum of the
        two factors' variances; two wordings know little of wordings.
        """
        by_clusters, by_wordings, _ = self._parts(design)
        terms = ((by_clusters, max(design.clusters - 2, 1)), (by_wordings, design.wordings - 1))
        weight = sum(v**2 / df for v, df in terms if v > 0 and df > 0)
        df = (by_clusters + by_wordings) ** 2 / weight if weight > 0 else None
        error = self.standard_error(design)
        return smallest_detectable_effect(error, alpha=alpha, power=power, df=df)

    def _parts(self, design: Design) -> tuple[float, float, float]:
        return (
            self.clusters * self.n_clusters / design.clusters,
            self.wordings * self.n_wordings / design.wordings,
            3 * self.cells * self.n_clusters * self.n_wordings / design.cells,
        )


def components(suite: str, measure: Measure, *, seed: int = 0) -> Components:
    """The three components of one measure of a finished run."""
    n_rows, n_cols = len(measure.clusters), len(measure.columns)
    rows = _variance(
        cluster_bootstrap(
            lambda w: measure.statistic(w, np.ones((len(w), n_cols))), n_rows,
            strata=measure.row_strata, n_resamples=RESAMPLES, seed=seed,
        ).distribution
    )  # fmt: skip
    if not measure.wordings_sampled:
        return Components(suite, measure.metric, measure.margin, rows, 0.0, 0.0, n_rows, n_cols)
    columns = _variance(
        cluster_bootstrap(
            lambda w: measure.statistic(np.ones((len(w), n_rows)), w), n_cols,
            strata=measure.col_strata, n_resamples=RESAMPLES, seed=seed,
        ).distribution
    )  # fmt: skip
    both = _variance(
        pigeonhole_bootstrap(
            measure.statistic, n_rows, n_cols, row_strata=measure.row_strata,
            col_strata=measure.col_strata, n_resamples=RESAMPLES, seed=seed,
        ).distribution
    )  # fmt: skip
    cells = max(both - rows - columns, 0.0)
    return Components(
        suite, measure.metric, measure.margin, max(rows - cells, 0.0), max(columns - cells, 0.0),
        cells, n_rows, n_cols,
    )  # fmt: skip


def primary_components(suite: str, measures: Sequence[Measure]) -> list[Components]:
    """Components of a suite's primary measures."""
    return [components(suite, measure) for measure in measures if measure.primary]


def _variance(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.var(finite, ddof=1)) if finite.size > 1 else math.nan
