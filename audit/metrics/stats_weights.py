"""Bootstrap weights: how often each cluster is drawn, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from audit.metrics.stats_types import FloatArray, IntArray

#: Elements of one (b, n) weight array; 2**22 float64 are 32 MiB.
MAX_ELEMENTS = 1 << 22
#: Above this many clusters a stratum is jackknifed by groups.
MAX_JACKKNIFE = 1000


def stratum_members(n: int, strata: ArrayLike | None) -> list[IntArray]:
    """Indices of each stratum's clusters, in order of the sorted stratum labels.

    Raises ValueError when ``strata`` is not one label a cluster.
    """
    if strata is None:
        return [np.arange(n, dtype=np.int64)]
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise ValueError(f"strata has shape {labels.shape}, expected ({n},): one label a cluster")
    _, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes, kind="stable").astype(np.int64)
    return np.split(order, np.cumsum(np.bincount(codes))[:-1]) if n else []


def chunk_sizes(total: int, chunk: int, width: int) -> Iterator[int]:
    """Split ``total`` resamples into chunks of at most ``chunk`` whose arrays stay bounded."""
    size = max(1, min(chunk, MAX_ELEMENTS // max(width, 1)))
    for start in range(0, total, size):
        yield min(size, total - start)


class ResamplingWeights:
    """Multinomial multiplicities, drawn within strata.

    Every stratum has a random stream of its own, so that the numbers do not depend on the size
    of the chunks in which they are asked for.
    """

    def __init__(self, n: int, strata: ArrayLike | None, seed: np.random.SeedSequence) -> None:
        self.n = n
        self.members = stratum_members(n, strata)
        children = seed.spawn(len(self.members))
        self._streams = [np.random.default_rng(child) for child in children]

    def draw(self, size: int) -> FloatArray:
        """(size, n) float64 counts; within each stratum a row adds up to the stratum's size."""
        weights = np.empty((size, self.n))
        for members, stream in zip(self.members, self._streams, strict=True):
            count = len(members)
            drawn = stream.integers(0, count, size=(size, count))
            drawn += (np.arange(size) * count)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
            weights[:, members] = counts
        return weights


def jackknife_groups(members: IntArray, most: int = MAX_JACKKNIFE) -> list[IntArray]:
    """The parts to leave out in turn: single clusters, or equal groups of a very large stratum.

    A group's influence is the sum of its clusters', and second and third cumulants add up, so the
    variance and the acceleration keep their meaning; only their Monte Carlo noise grows.
    """
    groups = min(len(members), most)
    return [members[start::groups] for start in range(groups)]
