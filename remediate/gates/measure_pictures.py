"""What a vision-language model says of held-out pictures when nobody asks about gender."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.manifest import read_json
from core.models.base import GenerateRequest
from remediate.gates.measure import ANSWER_TOKENS, answer_row

#: Questions asked; every picture of the held-out side is one, in an order that is a hash.
_QUESTIONS = 48


def measure_pictures(model: Any, renderer: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """``seen``: as ``answers`` of :mod:`remediate.gates.measure`, of what else is to be seen.

    ``vocabulary``: tokens the model knows; judging wants it to tell whether it writes texts at all.
    """
    from remediate.counterfactual_data.picture_pairs import held_out_requests, open_gallery
    from remediate.repair import read_picture_options
    from remediate.workers import picture_reader

    gallery = open_gallery(
        read_picture_options(settings["picture_set"]), settings["seed"], tuple(settings["langs"])
    )
    reader = picture_reader(settings, Path(settings["model"]), renderer)
    base = read_json(Path(settings["answers"]))["seen"] if settings["answers"] else None
    asked = held_out_requests(gallery)[:_QUESTIONS]
    return {
        "seen": {r.key: _answer(model, renderer, reader, r, base) for r in asked},
        "vocabulary": len(renderer.tokenizer),
    }


def _answer(
    model: Any, renderer: Any, reader: Any, asked: GenerateRequest, base: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Greedy answer, and log-probabilities along the base's greedy answer."""
    import torch

    from core.models.causal_lm import plain_generation_defaults
    from core.models.image_prompts import move
    from remediate.workers import pad_id

    inputs = move(reader.inputs(asked.messages, asked.images), model)
    length = inputs["input_ids"].shape[1]
    end = renderer.tokenizer.eos_token_id
    with torch.inference_mode(), plain_generation_defaults(model):
        own = model.generate(
            **inputs,
            max_new_tokens=ANSWER_TOKENS,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=pad_id(renderer.tokenizer),
        )[0, length:].tolist()
    given = base[asked.key] if base else None
    ids = given["ids"] if given else own
    with torch.inference_mode():
        whole = move(reader.inputs(asked.messages, asked.images, ids), model)
        logits = model(**whole).logits[0, length - 1 : -1].float()
        logprobs = torch.log_softmax(logits, dim=-1).cpu()
    return answer_row(renderer, own, ids, logprobs, given)
