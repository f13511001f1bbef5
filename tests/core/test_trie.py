"""Continuations as a trie of token ids: each question once, no value lost or swapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.trie import ContinuationTrie, Path

CONTINUATIONS = st.lists(
    st.lists(st.integers(0, 4), min_size=1, max_size=5).map(tuple), min_size=1, max_size=8
)


def value(path: Path, token: int) -> float:
    """A made-up model: a different log-probability for every (path, token)."""
    return -1.0 - token - sum(10.0 ** -(i + 1) * (t + 1) for i, t in enumerate(path))


def fill(trie: ContinuationTrie) -> None:
    for path, children in list(trie.inner_nodes()):
        trie.record(path, {token: value(path, token) for token in children})


@given(CONTINUATIONS)
def test_every_continuation_gets_its_own_values(continuations: list[Path]) -> None:
    trie = ContinuationTrie(continuations)
    fill(trie)
    assert trie.complete
    assert trie.token_logprobs() == tuple(
        tuple(value(ids[:d], token) for d, token in enumerate(ids)) for ids in continuations
    )


@given(CONTINUATIONS)
def test_one_question_a_distinct_prefix(continuations: list[Path]) -> None:
    trie = ContinuationTrie(continuations)
    asked = dict(trie.inner_nodes())
    assert set(asked) == {ids[:d] for ids in continuations for d in range(len(ids))}
    for path, children in asked.items():
        at = len(path)
        wanted = {ids[at] for ids in continuations if len(ids) > at and ids[:at] == path}
        assert set(children) == wanted
        assert len(children) == len(wanted), "a child is asked for twice"
        assert trie.children(path) == children


def test_a_continuation_that_begins_another() -> None:
    trie = ContinuationTrie([(1,), (1, 2), (1,)])
    assert dict(trie.inner_nodes()) == {(): (1,), (1,): (2,)}
    trie.record((), {1: -0.5, 7: -9.0})
    assert not trie.complete
    trie.record((1,), {2: -0.25})
    assert trie.token_logprobs() == ((-0.5,), (-0.5, -0.25), (-0.5,))


def test_a_missing_value_is_an_error() -> None:
    trie = ContinuationTrie([(1,), (2,)])
    with pytest.raises(KeyError):
        trie.record((), {1: -0.5})
    assert not trie.complete


def test_an_empty_continuation_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        ContinuationTrie([(1,), ()])
