"""One batch of prompts continued by transformers, every row by its own seed, limit and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from core.models.base import GenerateRequest, Generation
from core.models.batching import PromptTokens
from core.models.causal_lm import plain_generation_defaults
from core.models.chat import ChatRenderer
from core.models.seeded_sampling import RowLimits, SeededRows


def generate_rows(
    model: Any,
    renderer: ChatRenderer,
    end: Sequence[int],
    inputs: Mapping[str, Any],
    requests: Sequence[GenerateRequest],
    items: Sequence[PromptTokens],
) -> list[Generation]:
    """Answers to ``requests``, whose tokens are ``items``, in their order.

    ``inputs`` holds ``input_ids`` and ``attention_mask``, both (rows, longest) and padded on the
    left, and whatever the model takes beside them. ``end`` are the tokens that end an answer; they
    and stop strings are cut off.
    """
    width = inputs["input_ids"].shape[1]
    limits = [item.max_new for item in items]
    rows = SeededRows(
        [r.sampling for r in requests], [r.seed for r in requests], model.device, end[0]
    )
    stop = RowLimits(width, limits, renderer.stop, renderer.tokenizer)
    config = GenerationConfig(
        max_new_tokens=max(limits),
        do_sample=False,
        eos_token_id=list(end),
        pad_token_id=end[0],
    )
    with torch.inference_mode(), plain_generation_defaults(model):
        output = model.generate(
            **inputs,
            generation_config=config,
            logits_processor=LogitsProcessorList([rows]),
            stopping_criteria=StoppingCriteriaList([stop]),
        )
    answers = output[:, width:].tolist()
    return [
        _read(renderer, end, item, answer[: item.max_new], rows.failed_at.get(row))
        for row, (item, answer) in enumerate(zip(items, answers, strict=True))
    ]


def _read(
    renderer: ChatRenderer,
    end: Sequence[int],
    item: PromptTokens,
    answer: list[int],
    failed_at: int | None,
) -> Generation:
    """Cut one row at its end token or stop string; ``answer`` is already within its limit."""
    ended = next((i for i, token in enumerate(answer) if token in end), None)
    kept = answer if ended is None else answer[:ended]
    text = renderer.tokenizer.decode(
        kept, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    cuts = [text.find(s) for s in renderer.stop if s in text]
    if cuts:
        text = text[: min(cuts)]
    reason = "stop" if ended is not None or cuts else "length"
    # A row that has ended keeps being fed padding; what its logits do then is of no concern.
    if failed_at is not None and failed_at <= len(kept):
        reason = "error"
    used = len(kept) + (ended is not None)
    return Generation(item.key, text, reason, len(item.prompt), used)
