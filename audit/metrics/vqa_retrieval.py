"""Bias of a ranked list of pictures: Bias@K, Skew@K, NDKL.

For models that retrieve (CLIP-like): rank the pictures of one occupation by their similarity to a
text that names no gender, and hand over what each picture shows, best first. Nothing here asks a
model; the functions work on any ranked list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def bias_at_k(ranked: Sequence[str], k: int, *, first: str = "man", second: str = "woman") -> float:
    """(n_first − n_second) / (n_first + n_second) among the ``k`` best; 0 where neither is there.

    Positive: more of ``first``. Wang, Liu & Wang 2021 ("Are Gender-Neutral Queries Really
    Gender-Neutral?", EMNLP); as used by Hall et al. 2023 (VisoGender, NeurIPS). Items of other
    values count for neither. Raises ValueError for a ``k`` outside 1..len(ranked).
    """
    top = _top(ranked, k)
    one, two = top.count(first), top.count(second)
    return (one - two) / (one + two) if one + two else 0.0


def skew_at_k(
    ranked: Sequence[str], k: int, *, desired: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Value → log(share among the ``k`` best / desired share), in nats.

    Geyik, Ambler & Kenthapadi 2019 (KDD). ``desired``: None takes the shares in the
    whole list, as VisoGender does, so that a random order has Skew 0 on average. Where a value is
    not among the best its share is taken as 1/k, the smallest that could be seen (Berg et al. 2022
    do the same): the logarithm of 0 would hide how short the list is. Raises ValueError for a ``k``
    out of range or a desired share that is not positive.
    """
    top, wanted = _top(ranked, k), _desired(ranked, desired)
    return {
        value: math.log((top.count(value) or 1) / k) - math.log(share)
        for value, share in wanted.items()
    }


def max_skew_at_k(
    ranked: Sequence[str], k: int, *, desired: Mapping[str, float] | None = None
) -> float:
    """The largest Skew@K of any value: how far the most favoured is ahead (Geyik et al. 2019)."""
    return max(skew_at_k(ranked, k, desired=desired).values())


def min_skew_at_k(
    ranked: Sequence[str], k: int, *, desired: Mapping[str, float] | None = None
) -> float:
    """The smallest Skew@K: how far the least favoured is behind (Geyik et al. 2019)."""
    return min(skew_at_k(ranked, k, desired=desired).values())


def ndkl(ranked: Sequence[str], *, desired: Mapping[str, float] | None = None) -> float:
    """Normalised discounted cumulative KL divergence of the whole list, in nats; 0 is ideal.

    NDKL = (1/Z) Σ_i KL(D_i ‖ D) / log₂(i + 1), Z = Σ_i 1 / log₂(i + 1), with D_i the shares among
    the first i and D the desired ones (Geyik et al. 2019). It has no sign: it cannot
    say who is favoured. ``desired`` as in :func:`skew_at_k`; an item whose value has no desired
    share raises ValueError, as an empty list does.
    """
    wanted = _desired(ranked, desired)
    unknown = sorted(set(ranked) - set(wanted))
    if unknown:
        raise ValueError(f"no desired share is given for {unknown}")
    counts = dict.fromkeys(wanted, 0)
    total = norm = 0.0
    for place, value in enumerate(ranked, start=1):
        counts[value] += 1
        shares = {name: count / place for name, count in counts.items() if count}
        divergence = math.fsum(
            share * (math.log(share) - math.log(wanted[name])) for name, share in shares.items()
        )
        discount = 1.0 / math.log2(place + 1)
        total += divergence * discount
        norm += discount
    return total / norm


def _top(ranked: Sequence[str], k: int) -> list[str]:
    if not 1 <= k <= len(ranked):
        raise ValueError(f"k is {k}, but {len(ranked)} items are ranked")
    return list(ranked[:k])


def _desired(ranked: Sequence[str], desired: Mapping[str, float] | None) -> dict[str, float]:
    if not ranked:
        raise ValueError("nothing is ranked")
    if desired is None:
        values = list(ranked)
        return {value: values.count(value) / len(values) for value in sorted(set(values))}
    if min(desired.values(), default=0.0) <= 0.0:
        raise ValueError(f"desired shares must be positive: {dict(desired)}")
    total = math.fsum(desired.values())
    return {value: share / total for value, share in desired.items()}
