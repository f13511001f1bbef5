"""log P(continuation | prompt with pictures), by plain rows.

A tree of tokens (:mod:`core.models.prefix_scoring`) is no way here: what a model makes of a picture
depends on positions of its own (Qwen2-VL's are three-dimensional), which the model works out from a
whole row. So every row is read by itself, padded on the right, where causal attention does not see
the padding and positions need not be told. Continuations that read the same tokens share a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.models.base import ScoreRequest
from core.models.batching import ScoreTokens
from core.models.image_prompts import PicturePrompts, move
from core.models.prefix_scoring import TokenLogprobs, gather, next_token_logits, unflatten

NOTE = "questions with pictures are scored without prefix sharing"


def score_with_pictures(
    model: Any,
    prompts: PicturePrompts,
    requests: Sequence[ScoreRequest],
    items: Sequence[ScoreTokens],
) -> list[TokenLogprobs]:
    """Scores of one planned batch (``items[i]`` are the tokens of ``requests[i]``), in its order.

    Natural logarithms; nan where not finite.
    """
    import torch

    shown: list[Any] = []
    tails: list[tuple[int, ...]] = []
    rows: list[int] = []
    columns: list[int] = []
    for request, item in zip(requests, items, strict=True):
        place: dict[tuple[int, ...], int] = {}
        for c in item.continuations:
            if c[:-1] not in place:
                place[c[:-1]] = len(tails)
                shown.append((request.messages, request.images))
                tails.append(c[:-1])
            rows += [place[c[:-1]]] * len(c)
            columns += range(len(item.prompt) - 1, len(item.prompt) - 1 + len(c))
    targets = [token for item in items for c in item.continuations for token in c]
    if not targets:
        return unflatten(items, [])
    inputs = move(prompts.inputs(shown, tails, left=False), model)
    kept = sorted(set(columns))
    positions = torch.tensor(kept, device=model.device)
    logits = next_token_logits(model, **inputs, logits_to_keep=positions)
    if logits.shape[1] != len(kept):
        logits = logits[:, positions]
    at = {column: n for n, column in enumerate(kept)}
    flat = [r * len(kept) + at[c] for r, c in zip(rows, columns, strict=True)]
    return unflatten(items, gather(logits.flatten(0, 1), flat, targets))
