"""log π_ref of both sides of every pair, computed once by the model before any training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from remediate.dpo.encode import Encoded, columns

if TYPE_CHECKING:
    from remediate.dpo.pictures import PictureReader


def pair_logps(model: Any, batch: dict[str, Any]) -> tuple[Any, Any]:
    """Summed completion log-probabilities of (chosen, rejected), each (batch,), in nats.

    ``batch`` is of either collator. ``model`` carries TRL's fused LM head.
    """
    ids = batch["input_ids"]
    pictures = _pictures(model, batch)
    if "sides" in batch:
        counted = batch["sides"].sum(dim=1) > 0
        seen = {
            "attention_mask": _mask(model, batch["attention"]),
            "position_ids": batch["position_ids"],
            **pictures,
        }
        each = _token_logps(model, ids, ids.masked_fill(~counted, -100), seen)
        both = (each.unsqueeze(1) * batch["sides"][:, :, 1:]).sum(dim=2)
        return both[:, 0], both[:, 1]
    labels = ids.masked_fill(batch["completion_mask"] == 0, -100)
    seen = {"attention_mask": batch["attention_mask"], **pictures}
    each = _token_logps(model, ids, labels, seen)
    chosen, rejected = each.sum(dim=1).chunk(2, dim=0)
    return chosen, rejected


def _pictures(model: Any, batch: dict[str, Any]) -> dict[str, Any]:
    """What the model is given beside the tokens, in its precision; nothing for texts."""
    if "pictures" not in batch:
        return {}
    from core.models.image_prompts import move

    return move(batch["pictures"], _unwrapped(model))


def _token_logps(model: Any, ids: Any, labels: Any, seen: dict[str, Any]) -> Any:
    """log π of every label, (batch, length − 1), 0 where the label is −100.

    TRL's fused head never holds the logits of all tokens, and on a GPU projects labelled tokens
    only. On a CPU it projects every token, prompts and padding too, which with a small model is
    most of a step: there the model's own head is asked for the labelled columns.
    """
    from torch.nn import functional

    if ids.device.type != "cpu" or not _keeps_columns(model):
        out = model(input_ids=ids, labels=labels, fused_lm_head=True, use_cache=False, **seen)
        return out.log_probs
    columns = (labels != -100).any(dim=0)[1:].nonzero().squeeze(1)
    out = model(input_ids=ids, logits_to_keep=columns, use_cache=False, **seen)
    wanted = labels[:, columns + 1]
    nll = functional.cross_entropy(
        out.logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=-100, reduction="none"
    ).view_as(wanted)
    each = nll.new_zeros(ids.shape[0], ids.shape[1] - 1)
    return each.index_copy(1, columns, -nll)


def _keeps_columns(model: Any) -> bool:
    """Whether the model's forward takes ``logits_to_keep`` (columns whose logits are wanted)."""
    import inspect

    model = _unwrapped(model)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(base.forward).parameters


def _unwrapped(model: Any) -> Any:
    while hasattr(model, "module"):
        model = model.module  # DDP, DeepSpeed
    return model


def _mask(model: Any, seen: Any) -> Any:
    """``seen`` (true: visible) as the model's attention takes it.

    SDPA takes truth values whatever the precision; eager attention adds what it is given.
    """
    import torch

    model = _unwrapped(model)
    if getattr(model.config, "_attn_implementation", "") == "sdpa":
        return seen
    dtype = next(model.parameters()).dtype
    hidden = torch.finfo(dtype).min
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, hidden)


def lengths(batch: dict[str, Any]) -> tuple[Any, Any]:
    """Completion tokens of (chosen, rejected), each (batch,)."""
    if "lengths" in batch:
        return batch["lengths"][:, 0], batch["lengths"][:, 1]
    chosen, rejected = batch["completion_mask"].sum(dim=1).chunk(2, dim=0)
    return chosen, rejected


def agrees(
    model: Any,
    encoded: Sequence[Encoded],
    pad_token_id: int,
    *,
    atol: float,
    reader: PictureReader | None = None,
) -> bool:
    """Whether the shared-prefix layout gives ``model`` the same log-probabilities as two rows.

    Asked of a few pairs before anything is computed: an attention that ignores the mask, or a
    position that is not taken from ``position_ids``, shows at once. ``atol`` is in nats a pair.
    """
    from remediate.dpo.collate import PairCollator, SharedPrefixCollator

    few = list(encoded[:: max(1, len(encoded) // 6)])[:6]
    try:
        shared = reference_logps(model, few, SharedPrefixCollator(pad_token_id, reader))
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False  # a mask of another shape than this model takes
    plain = reference_logps(model, few, PairCollator(pad_token_id, reader))
    return bool(np.allclose(shared, plain, atol=atol, rtol=1e-4))


def reference_logps(
    model: Any,
    encoded: Sequence[Encoded],
    collate: Callable[[list[dict[str, Any]]], dict[str, Any]],
    *,
    batch_size: int = 16,
    progress: Callable[[int], None] = lambda n: None,
) -> np.ndarray:
    """Array (pairs, 2) of log-probabilities in nats, in the order given.

    Sorted by length inside, so that little is padded; the result does not depend on it beyond
    floating-point noise.
    """
    import torch
    from accelerate.utils import send_to_device

    device = next(model.parameters()).device
    out = np.empty((len(encoded), 2))
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]), reverse=True)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        examples = [columns(encoded[i]) | {"probe": 0} for i in rows]
        batch = send_to_device(collate(examples), device)
        with torch.inference_mode():
            chosen, rejected = pair_logps(model, batch)
        out[rows, 0] = chosen.float().cpu().numpy()
        out[rows, 1] = rejected.float().cpu().numpy()
        progress(len(rows))
    return out
