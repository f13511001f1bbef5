"""Nobody's better, and the best that is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EnvironmentProblem
from remediate.sweep.choose import choose, judged, non_dominated
from remediate.sweep.measure import capability
from tests.remediate.sweep.sample_sweep import CELLS, content, finished


def row(name: str, bias: float, cost: float) -> dict[str, Any]:
    gates = {"a": {"used": cost}, "b": {"used": 0.0}}
    return judged(name, {"status": "done", "bias": bias, "gates": gates})


ROWS = [
    row("cheap", 1.0, 0.1),
    row("good", 0.4, 0.9),
    row("worse", 1.0, 0.5),
    row("dear", 0.1, 1.2),
]
USELESS = judged("useless", ROWS[0] | {"before": {"bias": 0.9}})
FAILED = judged("failed", {"status": "failed", "reason": "memory"})


def test_the_smallest_bias_within_the_bounds_is_chosen() -> None:
    assert choose([*ROWS, FAILED]) == "good"
    assert choose([*ROWS, row("cheaper", 0.4, 0.8)]) == "cheaper"
    assert choose([ROWS[3], FAILED]) is None
    assert choose([]) is None
    assert choose([USELESS]) is None


def test_the_front_leaves_out_what_another_beats() -> None:
    assert non_dominated([*ROWS, FAILED]) == {"cheap", "good", "dear"}
    assert non_dominated([USELESS]) == set(), "the untrained model beats it"
    twins = [row("one", 0.5, 0.5), row("two", 0.5, 0.5)]
    assert non_dominated(twins) == {"one", "two"}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8))
def test_whoever_is_beaten_is_beaten_by_one_on_the_front(points: list[tuple[int, int]]) -> None:
    rows = [row(str(n), bias, cost) for n, (bias, cost) in enumerate(points)]
    front = {name: next(r for r in rows if r["name"] == name) for name in non_dominated(rows)}
    assert front
    for own in rows:
        better = [
            f for f in front.values() if f["bias"] <= own["bias"] and f["cost"] <= own["cost"]
        ]
        assert better
        strictly = any((f["bias"], f["cost"]) != (own["bias"], own["cost"]) for f in better)
        assert (own["name"] in front) is not strictly


def test_cost_is_the_largest_part_and_holds_up_to_all_of_it() -> None:
    found = judged("x", finished(CELLS["parity-s160-lr0.0003"][1]))
    assert found["cost"] == pytest.approx(0.68)
    assert found["holds"]
    assert not judged("x", finished(CELLS["parity-s160-lr0.001"][1]))["holds"]
    assert content()["chosen"] == "parity-s160-lr0.0003"


def measured(nll: float, shift: float, right: int) -> dict[str, Any]:
    """A measurement: 8 passages of ~100 tokens, 8 answers of one token, 10 sentences."""
    return {
        "passages": {
            f"en/{n}": {"nll": 100 * (nll + 0.001 * n), "tokens": 100} for n in range(8)
        },
        "answers": {
            f"en/{n}": {"logprobs": [[-0.2 - shift - 0.001 * n * shift, -2.0 + shift]]}
            for n in range(8)
        },
        "stated": {f"en/0/job{n}/woman": int(n < right) for n in range(10)},
    }  # fmt: skip


def test_accuracy_is_judged_at_its_mean_and_texts_at_their_limit() -> None:
    same = capability(measured(3.0, 0.0, 10), measured(3.0, 0.0, 10))
    assert [gate["used"] for gate in same.values()] == [0.0, 0.0, 0.0]
    worse = capability(measured(3.0, 0.0, 10), measured(3.015, 0.2, 9))
    assert worse["perplexity_ratio"]["used"] == pytest.approx(0.504, abs=0.01)
    assert worse["kl_per_token"]["used"] == pytest.approx(worse["kl_per_token"]["bound"] / 0.1)
    assert worse["kl_per_token"]["bound"] > worse["kl_per_token"]["cost"] > 0
    assert worse["unambiguous_accuracy"]["used"] == pytest.approx(0.1 / 0.02)
    better = capability(measured(3.0, 0.0, 9), measured(2.9, 0.0, 10))
    assert better["perplexity_ratio"]["used"] == 0.0
    assert better["unambiguous_accuracy"]["used"] == 0.0


def test_a_model_that_says_no_number_fails_its_cell() -> None:
    with pytest.raises(EnvironmentProblem, match=r"perplexity_ratio .* not a number"):
        capability(measured(3.0, 0.0, 10), measured(float("nan"), 0.0, 10))
