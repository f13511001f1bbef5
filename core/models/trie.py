"""Several continuations of one prompt as a trie of token ids, filled with log-probabilities.

The chain rule says log P(continuation) = Σ log P(token | prompt, earlier tokens); continuations
that begin alike share the first terms, and every inner node is one next-token question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Path = tuple[int, ...]


class ContinuationTrie:
    """``continuations``: one non-empty tuple of token ids each; duplicates are allowed."""

    def __init__(self, continuations: Sequence[Path]) -> None:
        if any(not c for c in continuations):
            raise ValueError("a continuation must have at least one token")
        self._continuations = tuple(continuations)
        self._children: dict[Path, dict[int, None]] = {}
        for ids in self._continuations:
            for depth, token in enumerate(ids):
                self._children.setdefault(ids[:depth], {})[token] = None
        self._values: dict[Path, dict[int, float]] = {}

    def inner_nodes(self) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """(path from the prompt, token ids whose log-probability is wanted there)."""
        for path, children in self._children.items():
            yield path, tuple(children)

    def children(self, path: Path) -> tuple[int, ...]:
        return tuple(self._children[path])

    def record(self, path: Path, logprobs: Mapping[int, float]) -> None:
        """Fill one node. KeyError if a child's value is missing."""
        self._values[path] = {token: float(logprobs[token]) for token in self._children[path]}

    @property
    def complete(self) -> bool:
        return len(self._values) == len(self._children)

    def token_logprobs(self) -> tuple[tuple[float, ...], ...]:
        """Natural-log probability of each token of each continuation, in the order given."""
        return tuple(
            tuple(self._values[ids[:d]][token] for d, token in enumerate(ids))
            for ids in self._continuations
        )
