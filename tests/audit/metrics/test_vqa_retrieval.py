"""Bias of ranked lists against values worked out by hand."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

from audit.metrics.vqa_retrieval import bias_at_k, max_skew_at_k, min_skew_at_k, ndkl, skew_at_k

M, W = "man", "woman"


def test_bias_at_k() -> None:
    ranked = [M, M, W, "other", W]
    assert bias_at_k(ranked, 1) == 1.0
    assert bias_at_k(ranked, 3) == pytest.approx(1 / 3)
    assert bias_at_k(ranked, 4) == pytest.approx(1 / 3)  # "other" counts for neither
    assert bias_at_k(ranked, 5) == 0.0
    assert bias_at_k(["other", M], 1) == 0.0
    assert bias_at_k(ranked, 3, first=W, second=M) == pytest.approx(-1 / 3)


def test_skew_at_k() -> None:
    """Half of the list are men; two of the three best are, and one of three is a woman."""
    ranked = [M, M, W, W]
    assert skew_at_k(ranked, 3) == pytest.approx({M: math.log(4 / 3), W: math.log(2 / 3)})
    assert max_skew_at_k(ranked, 3) == pytest.approx(math.log(4 / 3))
    assert min_skew_at_k(ranked, 3) == pytest.approx(math.log(2 / 3))
    assert skew_at_k(ranked, 4) == pytest.approx({M: 0.0, W: 0.0})


def test_a_value_that_is_not_among_the_best_has_a_finite_skew() -> None:
    assert skew_at_k([M, M, W, W], 2) == pytest.approx({M: math.log(2), W: 0.0})


def test_a_desired_share_of_ones_own() -> None:
    found = skew_at_k([M, W, W, W], 2, desired={M: 1, W: 3})
    assert found == pytest.approx({M: math.log(0.5 / 0.25), W: math.log(0.5 / 0.75)})


def test_ndkl_by_hand() -> None:
    """Man, woman: D_1 is all men (KL = log 2 to one half), D_2 is even (0)."""
    discount = (1.0, 1 / math.log2(3))
    assert ndkl([M, W]) == pytest.approx(math.log(2) / sum(discount))
    assert ndkl([M]) == 0.0
    two = [discount[0], discount[1], 1 / 2, 1 / math.log2(5)]
    thirds = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    expected = (math.log(2) * (two[0] + two[1]) + thirds * two[2]) / sum(two)
    assert ndkl([M, M, W, W]) == pytest.approx(expected)


def test_ndkl_is_least_where_values_alternate_and_blind_to_names() -> None:
    lists = set(permutations([M, M, W, W]))
    values = {ranked: ndkl(ranked) for ranked in lists}
    least = min(values.values())
    even = {ranked for ranked, value in values.items() if value == pytest.approx(least)}
    assert even == {(M, W, M, W), (M, W, W, M), (W, M, M, W), (W, M, W, M)}
    swapped = {M: W, W: M}
    for ranked, value in values.items():
        assert ndkl([swapped[v] for v in ranked]) == pytest.approx(value)
        assert value >= 0.0


@pytest.mark.parametrize("k", [0, 3])
def test_a_k_out_of_range(k: int) -> None:
    for function in (bias_at_k, skew_at_k, max_skew_at_k, min_skew_at_k):
        with pytest.raises(ValueError, match="2 items are ranked"):
            function([M, W], k)


def test_shares_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="positive"):
        skew_at_k([M, W], 1, desired={M: 1.0, W: 0.0})
    with pytest.raises(ValueError, match=r"no desired share is given for \['woman'\]"):
        ndkl([M, W], desired={M: 1.0})
    with pytest.raises(ValueError, match="nothing is ranked"):
        ndkl([])
