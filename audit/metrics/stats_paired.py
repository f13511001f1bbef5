"""Two runs of the same questions: statistics of the change, and paired single answers.

Both runs are resampled together: a statistic of the change sees the same multiplicities on both
sides, so what occupations and wordings have in common cancels (the pairs are the sampled units:
Efron & Tibshirani 1993, §8.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from audit.metrics.stats_permutation import sign_flip_test
from audit.metrics.stats_proportions import mcnemar_exact
from audit.metrics.stats_rows import ratio
from audit.metrics.stats_types import FloatArray, TwoWayStatistic


def change(before: TwoWayStatistic, after: TwoWayStatistic) -> TwoWayStatistic:
    """after − before."""

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        return after(row_w, col_w) - before(row_w, col_w)

    return statistic


def magnitude_change(before: TwoWayStatistic, after: TwoWayStatistic) -> TwoWayStatistic:
    """|after| − |before|: negative where the bias became smaller, whatever its sign."""

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        now, was = after(row_w, col_w), before(row_w, col_w)
        return np.asarray(np.abs(now) - np.abs(was), dtype=np.float64)

    return statistic


def shrinkage(before: TwoWayStatistic, after: TwoWayStatistic) -> TwoWayStatistic:
    """(|before| − |after|)/|before|: 1 all gone, 0 unchanged, negative grown; NaN at before = 0."""

    def statistic(row_w: FloatArray, col_w: FloatArray) -> FloatArray:
        was = np.abs(before(row_w, col_w))
        return ratio(was - np.abs(after(row_w, col_w)), was)

    return statistic


@dataclass(frozen=True, slots=True)
class PairedAnswers:
    """``n`` pairs of single answers, of which ``gained`` became true and ``lost`` became false.

    ``p_mcnemar`` takes prompts as independent given the model; ``p_clusters`` flips the sign of
    whole clusters' net change and does not.
    """

    n: int
    n_clusters: int
    before: float
    after: float
    gained: int
    lost: int
    p_mcnemar: float
    p_clusters: float


def paired_answers(
    before: ArrayLike, after: ArrayLike, clusters: ArrayLike, *, seed: int = 0
) -> PairedAnswers:
    """Exact McNemar test of paired yes/no answers, (n,) bool each, with ``clusters`` (n,) labels.

    McNemar 1947. Raises ValueError for vectors of different lengths.
    """
    was, now = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    labels = np.asarray(clusters)
    if was.ndim != 1 or was.shape != now.shape or was.shape != labels.shape:
        raise ValueError(f"shapes differ: {was.shape}, {now.shape}, {labels.shape}")
    gained, lost = int((~was & now).sum()), int((was & ~now).sum())
    names, codes = np.unique(labels, return_inverse=True)
    net = np.bincount(codes, weights=now.astype(np.float64) - was, minlength=names.size)
    return PairedAnswers(
        n=int(was.size),
        n_clusters=int(names.size),
        before=float(was.mean()) if was.size else float("nan"),
        after=float(now.mean()) if was.size else float("nan"),
        gained=gained,
        lost=lost,
        p_mcnemar=mcnemar_exact(gained, lost).p_value,
        p_clusters=sign_flip_test(net, seed=seed).p_value,
    )
