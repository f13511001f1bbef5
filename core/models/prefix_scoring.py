"""log P(continuation | prompt) for many prompts that begin alike, each shared token read once.

Prompts made from one template share most of their tokens, and the continuations of one prompt
share all of it. :class:`TreeScorer` merges the texts of a batch into a token tree and feeds the
tree as *one* sequence: every token keeps the position it has in its own text and attends to its
ancestors only, so keys and values of a shared beginning are computed once and used by all who
share it, without padding. (Tree attention is known from speculative decoding: Miao et al.,
"SpecInfer", ASPLOS 2024, section 4.) In exact arithmetic the result equals reading every text by
itself.

:class:`PlainScorer` is the ordinary way, one padded row a text: the fallback for models whose
layers are not plain full attention over explicit positions (sliding windows, state spaces, ALiBi),
and what ``benchmarks/prefix_scoring.py`` compares with.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from core.models.batching import ScoreTokens, TokenTree, plan_rows, plan_trees

TokenLogprobs = tuple[tuple[float, ...], ...]

#: Largest difference, in nats, between the two scorers on random tokens for the tree to be
#: trusted. A mask or position that a model ignores costs tenths of nats to several nats.
_TOLERANCE = {"float32": 1e-3, "float64": 1e-3}
_HALF_TOLERANCE = 0.15


class Scorer(Protocol):
    """Plans batches over tokenised requests and scores one of them at a time."""

    name: str

    def plan(self, items: Sequence[ScoreTokens]) -> list[list[int]]: ...

    def score(self, items: Sequence[ScoreTokens]) -> list[TokenLogprobs]:
        """Scores of one planned batch, in the order given; nats; nan where not finite."""
        ...


def _forward_arguments(model: Any) -> frozenset[str]:
    """The names of the arguments that the model itself (under an adapter's wrapper) takes."""
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    return frozenset(inspect.signature(bare.forward).parameters)


def next_token_logits(model: Any, **arguments: Any) -> torch.Tensor:
    """(rows, positions, vocabulary) logits; arguments that the model does not take are left out."""
    takes = _forward_arguments(model)
    with torch.inference_mode():
        logits: torch.Tensor = model(
            **{k: v for k, v in arguments.items() if k in takes}, use_cache=False
        ).logits
    return logits


def gather(logits: torch.Tensor, rows: list[int], targets: list[int]) -> list[float]:
    """log softmax(logits)[row, target] of each pair; ``logits`` (n, vocabulary), any float type."""
    if not rows:
        return []
    # Row by row blocks keep the float32 copy of a half-precision vocabulary small.
    norms = torch.cat([torch.logsumexp(block.float(), dim=-1) for block in logits.split(64)])
    at = torch.tensor(rows, device=logits.device)
    picked = logits[at, torch.tensor(targets, device=logits.device)].float() - norms[at]
    return [value if math.isfinite(value) else math.nan for value in picked.tolist()]


def unflatten(items: Sequence[ScoreTokens], flat: list[float]) -> list[TokenLogprobs]:
    values = iter(flat)
    return [tuple(tuple(next(values) for _ in c) for c in item.continuations) for item in items]


class TreeScorer:
    """Scores a batch as one tree-shaped sequence of at most ``max_tokens`` tokens.

    Memory grows with ``max_tokens`` squared (the mask) and with the number of scored positions
    times the vocabulary (their logits); nothing is kept between batches.
    """

    name = "prefix tree"

    def __init__(self, model: Any, *, max_tokens: int) -> None:
        self.model = model
        self.max_tokens = max_tokens

    def plan(self, items: Sequence[ScoreTokens]) -> list[list[int]]:
        return plan_trees(items, max_tokens=self.max_tokens)

    def score(self, items: Sequence[ScoreTokens]) -> list[TokenLogprobs]:
        tree = TokenTree()
        nodes = [tree.add(item) for item in items]
        wanted = [node for paths in nodes for path in paths for node in path]
        targets = [token for item in items for c in item.continuations for token in c]
        kept = sorted(set(wanted))
        if not kept:
            return unflatten(items, [])
        logits = self._logits(tree, kept)
        place = {node: row for row, node in enumerate(kept)}
        return unflatten(items, gather(logits, [place[n] for n in wanted], targets))

    def _logits(self, tree: TokenTree, kept: list[int]) -> torch.Tensor:
        device = self.model.device
        positions = torch.tensor(kept, device=device)
        logits = next_token_logits(
            self.model,
            input_ids=torch.tensor([tree.tokens], device=device),
            attention_mask=_ancestor_mask(tree, self.model.dtype).to(device),
            position_ids=torch.tensor([tree.depths], device=device),
            logits_to_keep=positions,
        )[0]
        return logits if len(logits) == len(kept) else logits[positions]


def _ancestor_mask(tree: TokenTree, dtype: torch.dtype) -> torch.Tensor:
    """(1, 1, n, n) additive mask: 0 where the column's token is the row's own or an ancestor."""
    seen = np.zeros((len(tree), len(tree)), dtype=bool)
    for node, parent in enumerate(tree.parents):
        if parent >= 0:
            seen[node] = seen[parent]
        seen[node, node] = True
    # Additive, because eager attention adds what it is given and SDPA takes either form.
    mask = torch.full(seen.shape, torch.finfo(dtype).min, dtype=dtype)
    return mask.masked_fill_(torch.from_numpy(seen), 0.0)[None, None]


class PlainScorer:
    """One left-padded row a text, batches of like length, logits at the scored positions only.

    Continuations of one prompt that read the same tokens (all one-token ones do) share a row.
    """

    name = "plain rows"

    def __init__(self, model: Any, *, max_tokens: int) -> None:
        self.model = model
        self.max_tokens = max_tokens

    def plan(self, items: Sequence[ScoreTokens]) -> list[list[int]]:
        return plan_rows(items, max_tokens=self.max_tokens)

    def score(self, items: Sequence[ScoreTokens]) -> list[TokenLogprobs]:
        texts: list[tuple[int, ...]] = []
        rows: list[int] = []
        columns: list[int] = []
        for item in items:
            place: dict[tuple[int, ...], int] = {}
            for c in item.continuations:
                text = item.prompt + c[:-1]
                if text not in place:
                    place[text] = len(texts)
                    texts.append(text)
                # Counted from the end of the left-padded row.
                rows += [place[text]] * len(c)
                columns += range(-len(c), 0)
        targets = [token for item in items for c in item.continuations for token in c]
        if not targets:
            return unflatten(items, [])
        ids, mask, positions = left_padded(texts, self.model.device)
        keep = -min(columns)
        logits = next_token_logits(
            self.model,
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            logits_to_keep=keep,
        )[:, -keep:]
        width = logits.shape[1]
        flat = [r * width + width + c for r, c in zip(rows, columns, strict=True)]
        return unflatten(items, gather(logits.flatten(0, 1), flat, targets))


def left_padded(
    texts: Sequence[Sequence[int]], device: Any, pad: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, attention mask and positions, each (rows, longest), padded on the left."""
    width = max(map(len, texts))
    ids = torch.tensor([[pad] * (width - len(t)) + list(t) for t in texts], device=device)
    mask = torch.tensor([[0] * (width - len(t)) + [1] * len(t) for t in texts], device=device)
    return ids, mask, (mask.cumsum(-1) - 1).clamp_min(0)


def choose_scorer(model: Any, *, max_tokens: int) -> tuple[Scorer, str]:
    """The fastest scorer that is right for this model, and why the tree was not used (or "").

    What the configuration says is not trusted alone: the two scorers are compared on a few random
    tokens, which takes two small forward passes.
    """
    plain = PlainScorer(model, max_tokens=max_tokens)
    reason = _unfit_for_tree(model)
    if reason:
        return plain, reason
    tree = TreeScorer(model, max_tokens=max_tokens)
    items = _check_items(model.config.get_text_config().vocab_size)
    try:
        difference = _largest_difference(tree.score(items), plain.score(items))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return plain, f"the model does not take a tree-shaped mask ({type(error).__name__})"
    allowed = _TOLERANCE.get(str(model.dtype).removeprefix("torch."), _HALF_TOLERANCE)
    # Written so that a nan difference also falls back.
    if not difference <= allowed:
        return plain, f"the model reads a tree-shaped mask differently ({difference:.2g} nats)"
    return tree, ""


def _unfit_for_tree(model: Any) -> str:
    """Why this model cannot read a token tree, or ""."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    if model.config._attn_implementation not in ("sdpa", "eager"):
        return f"attention by {model.config._attn_implementation} takes no explicit mask"
    if "position_ids" not in _forward_arguments(model):
        return "the model takes no explicit positions"
    layers = DynamicCache(config=model.config).layers
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return "not every layer is full attention"
    return ""


def _check_items(vocab_size: int) -> list[ScoreTokens]:
    random = np.random.default_rng(20)

    def draw(n: int) -> tuple[int, ...]:
        return tuple(int(t) for t in random.integers(vocab_size, size=n))

    head = draw(6)
    continuations = (draw(1), draw(3))
    return [ScoreTokens(f"{n}", head + draw(n), continuations) for n in (3, 5, 9)]


def _largest_difference(left: list[TokenLogprobs], right: list[TokenLogprobs]) -> float:
    pairs = [
        abs(a - b)
        for one, other in zip(left, right, strict=True)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x, y, strict=True)
    ]
    return float(np.max(pairs))
