"""Which requests share a forward pass, decided ahead and by the requests alone.

Two runs that put a request into different batches get answers that differ in the last bits,
because matrix kernels sum in an order that depends on the shape. So every plan here is a pure
function of the tokens and keys, and *idempotent*: planning one planned batch again gives that
batch back. A caller that plans over all requests and later asks only for some whole batches
therefore repeats exactly the computation of an uninterrupted run.

No torch here: a plan can be made where no model is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """A prompt to be continued by at most ``max_new`` tokens."""

    key: str
    prompt: tuple[int, ...]
    max_new: int


@dataclass(frozen=True, slots=True)
class ScoreTokens:
    """A prompt and the continuations whose log-probability is wanted, as token ids."""

    key: str
    prompt: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]

    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The distinct sequences a model must read, one a row, in order of first appearance.

        A continuation's last token is predicted and never read, so all one-token continuations
        of a prompt need the prompt alone.
        """
        return tuple(dict.fromkeys(self.prompt + c[:-1] for c in self.continuations))


@dataclass(slots=True)
class TokenTree:
    """Token sequences merged where they begin alike; every node is one token read once.

    Nodes are numbered in insertion order, so a parent's number is below its children's;
    ``parents`` is -1 at a root and ``depths`` counts from 0, the token's position in its text.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    _children: dict[tuple[int, int], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tokens)

    def insert(self, ids: Iterable[int], below: int = -1) -> list[int]:
        """Add a sequence below a node (-1: as a text of its own); return its nodes in order."""
        path = []
        for token in ids:
            node = self._children.get((below, token))
            if node is None:
                node = len(self.tokens)
                self._children[below, token] = node
                self.tokens.append(token)
                self.parents.append(below)
                self.depths.append(0 if below < 0 else self.depths[below] + 1)
            path.append(node)
            below = node
        return path

    def add(self, item: ScoreTokens) -> list[list[int]]:
        """Add a request; for each continuation, the nodes whose next-token logits score it.

        Shapes: one list a continuation, as long as the continuation; the prompt must not be empty.
        """
        last = self.insert(item.prompt)[-1]
        return [[last, *self.insert(c[:-1], last)][: len(c)] for c in item.continuations]


def _greedy(order: Iterable[int], admit: Callable[[int, bool], bool]) -> list[list[int]]:
    """Fill batches in the given order; ``admit(index, fresh)`` says whether one more fits.

    With ``fresh`` the batch is a new one: the index must be taken, however large.
    """
    batches: list[list[int]] = []
    for index in order:
        if batches and admit(index, False):
            batches[-1].append(index)
        else:
            admit(index, True)
            batches.append([index])
    return batches


def _padded(
    order: Sequence[int],
    rows_and_length: Callable[[int], tuple[int, int]],
    max_rows: int | None,
    max_tokens: int,
) -> list[list[int]]:
    rows = longest = 0

    def admit(index: int, fresh: bool) -> bool:
        nonlocal rows, longest
        more, length = rows_and_length(index)
        all_rows = more if fresh else rows + more
        padded = length if fresh else max(longest, length)
        too_many = max_rows is not None and all_rows > max_rows
        if not fresh and (too_many or all_rows * padded > max_tokens):
            return False
        rows, longest = all_rows, padded
        return True

    return _greedy(order, admit)


def plan_by_kind(
    kinds: Sequence[int], plan: Callable[[list[int]], list[list[int]]]
) -> list[list[int]]:
    """Batches of one kind each: ``plan`` splits the indices of a kind, kinds in rising order.

    Questions that show different numbers of pictures are no company for each other: a batch's
    image tensors are stacked, and text alone needs none.
    """
    return [
        [members[j] for j in batch]
        for kind in sorted(set(kinds))
        for members in [[i for i, k in enumerate(kinds) if k == kind]]
        for batch in plan(members)
    ]


def plan_generation(
    items: Sequence[PromptTokens], *, max_rows: int, max_tokens: int
) -> list[list[int]]:
    """Batches (indices into ``items``) for generation: alike in answer limit, then in length.

    A batch has at most ``max_rows`` rows and, unless it is a single row, at most ``max_tokens``
    cached tokens, padding and answers included.
    """
    order = sorted(
        range(len(items)), key=lambda i: (items[i].max_new, len(items[i].prompt), items[i].key)
    )
    return _padded(
        order, lambda i: (1, len(items[i].prompt) + items[i].max_new), max_rows, max_tokens
    )


def plan_rows(items: Sequence[ScoreTokens], *, max_tokens: int) -> list[list[int]]:
    """Batches for plain scoring: by length, at most ``max_tokens`` with padding."""
    rows = [item.rows() for item in items]
    longest = [max(map(len, r), default=0) for r in rows]
    order = sorted(range(len(items)), key=lambda i: (longest[i], items[i].key))
    return _padded(order, lambda i: (len(rows[i]), longest[i]), None, max_tokens)


def plan_trees(items: Sequence[ScoreTokens], *, max_tokens: int) -> list[list[int]]:
    """Batches for scoring by prefix tree: neighbours in token order, at most ``max_tokens`` nodes.

    In lexicographic order of their tokens, prompts with the longest common beginnings are
    neighbours, so filling batches in that order keeps the trees small.
    """
    order = sorted(range(len(items)), key=lambda i: (items[i].prompt, items[i].key))
    tree = TokenTree()

    def admit(index: int, fresh: bool) -> bool:
        nonlocal tree
        if fresh:
            tree = TokenTree()
        # An overfull tree needs no rollback: the batch is closed and the next begins a new tree.
        tree.add(items[index])
        return fresh or len(tree) <= max_tokens

    return _greedy(order, admit)
