"""Degrees of freedom where clusters differ in size: a mean of observations rests on the large ones.

The jackknife's variance is a quadratic form in the clusters' means. Were observations independent
with one variance, it would be distributed as about χ² with (E V)²·2/Var V degrees of freedom: n − 1
where clusters are of one size, far fewer where a few hold most observations (Bell & McCaffrey
2002, Survey Methodology 28:169-181; Imbens & Kolesár 2016, Rev. Econ. Statist. 98:701-712).
Independence is their working assumption for the number alone, not for the variance. Where a
cluster's observations are alike Satterthwaite's approximation fails: of CrowS-Pairs' 40 writers, of
whom one wrote a fifth of the pairs, it asks for 3 degrees of freedom, while the t of clusters that
are alike throughout has the tails of 10 (simulated), as has this number.
"""

from __future__ import annotations

import numpy as np

from audit.metrics.stats_types import FloatArray


def working_df(sizes: FloatArray) -> float:
    """Degrees of freedom of the jackknife of a mean over strata, at least 1.

    ``sizes``: (S, R) observations by stratum and cluster; strata weigh the same.
    """
    strata, clusters = sizes.shape
    variance = np.zeros((clusters, clusters))  # of what leaving each cluster out changes
    for size in sizes:
        share = size / size.sum()
        present = (size > 0) & (share < 1.0)
        leverage = np.where(present, share / np.where(present, 1.0 - share, 1.0), 0.0)
        change = leverage[:, None] * (np.eye(clusters) - share[None]) / strata
        change -= change.mean(axis=0)
        one = np.where(present, 1.0 / np.where(present, size, 1.0), 0.0)
        variance += (change * one) @ change.T
    squares = float((variance**2).sum())
    return max(float(np.trace(variance)) ** 2 / squares, 1.0) if squares > 0 else 1.0
