"""The statistics of an audit, in one place. It knows arrays, no probe and no model.

Intervals: ``cluster_bootstrap`` (t, BCa or percentile) where one factor is sampled,
``pigeonhole_bootstrap`` where two are; ``wilson_interval`` and ``exact_interval`` for single
proportions. Tests: ``permutation_test`` and ``sign_flip_test`` at cluster level, ``mcnemar_exact``
for paired answers, ``tost`` for "fair within the margin" (``constant_equivalence`` where all
clusters are equal). Families: ``holm``, ``benjamini_hochberg``. Sizes: ``cohens_h``,
``odds_ratio``, ``smallest_detectable_effect``, ``clusters_needed``,
``clusters_for_equivalence``.

Statistics are functions of multiplicities (how often each cluster was drawn), so that thousands
of resamples are a few matrix products; ``weighted_*`` and ``two_way_*`` build the usual ones.
"""

from __future__ import annotations

from audit.metrics.stats_calibration import bootstrap_p_value, is_degenerate
from audit.metrics.stats_constant import Room, constant_equivalence
from audit.metrics.stats_decisions import (
    benjamini_hochberg,
    clusters_for_equivalence,
    clusters_needed,
    holm,
    smallest_detectable_effect,
    tost,
)
from audit.metrics.stats_permutation import (
    mean_difference_test,
    permutation_test,
    sign_flip_test,
    slope_test,
    spearman_test,
)
from audit.metrics.stats_proportions import (
    cohens_h,
    exact_interval,
    mcnemar_exact,
    odds_ratio,
    wilson_interval,
)
from audit.metrics.stats_resampling import cluster_bootstrap, pigeonhole_bootstrap
from audit.metrics.stats_rows import row_mean, row_slope, row_spearman, weighted_midranks
from audit.metrics.stats_statistics import (
    cells_from_rows,
    two_way_contrast,
    two_way_mean,
    two_way_slope,
    two_way_spearman,
    weighted_cell_means,
    weighted_contrast,
    weighted_mean,
    weighted_slope,
    weighted_spearman,
)
from audit.metrics.stats_types import (
    BootstrapResult,
    Calibration,
    Interval,
    Statistic,
    TestResult,
    TwoWayStatistic,
)

__all__ = [
    "BootstrapResult",
    "Calibration",
    "Interval",
    "Room",
    "Statistic",
    "TestResult",
    "TwoWayStatistic",
    "benjamini_hochberg",
    "bootstrap_p_value",
    "cells_from_rows",
    "cluster_bootstrap",
    "clusters_for_equivalence",
    "clusters_needed",
    "cohens_h",
    "constant_equivalence",
    "exact_interval",
    "holm",
    "is_degenerate",
    "mcnemar_exact",
    "mean_difference_test",
    "odds_ratio",
    "permutation_test",
    "pigeonhole_bootstrap",
    "row_mean",
    "row_slope",
    "row_spearman",
    "sign_flip_test",
    "slope_test",
    "smallest_detectable_effect",
    "spearman_test",
    "tost",
    "two_way_contrast",
    "two_way_mean",
    "two_way_slope",
    "two_way_spearman",
    "weighted_cell_means",
    "weighted_contrast",
    "weighted_mean",
    "weighted_midranks",
    "weighted_slope",
    "weighted_spearman",
    "wilson_interval",
]
