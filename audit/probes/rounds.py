"""A seeded choice among clusters that differ in size: each is taken once before any is taken twice.

:func:`audit.probes.base.stratified_limit` is for clusters that all meet the same wordings. In some
public benchmarks a cluster (a person, a term) has texts of its own, and some have many.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from audit.probes.base import drawn
from audit.schema import Item


def numbered(keys: Sequence[tuple[Hashable, Hashable, str]], *, seed: int) -> list[int]:
    """For each (stratum, cluster, id) its place in the cluster, in an order drawn by the seed.

    The files list a cluster's texts by their authors or along a page, so the first are no sample.
    """
    order = sorted(range(len(keys)), key=lambda i: drawn(seed, keys[i][2]))
    seen: dict[tuple[Hashable, Hashable], int] = {}
    places = [0] * len(keys)
    for i in order:
        own = keys[i][:2]
        places[i] = seen[own] = seen.get(own, -1) + 1
    return places


def by_rounds(items: Sequence[Item], limit: int, *, seed: int) -> list[Item]:
    """At most about ``limit`` items, equally many of every group, in the order of ``items``.

    The n-th round takes of every cluster the item whose fact ``nth`` is n; within a round the
    clusters stand in an order drawn by the seed. A group gets at least one item.
    """
    if len(items) <= limit:
        return list(items)
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    kept: set[str] = set()
    left = limit
    # The smallest group first: what it does not use goes to the others.
    for done, own in enumerate(sorted(groups.values(), key=len)):
        quota = max(1, left // (len(groups) - done))
        rounds = sorted(own, key=lambda item: (item.facts["nth"], drawn(seed, item.cluster)))
        kept |= {item.item for item in rounds[:quota]}
        left -= min(quota, len(own))
    return [item for item in items if item.item in kept]
