"""Adapter + base → a model of its own, and the check that it is the same model."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

#: Largest difference of a log-probability (nats) between base + adapter and merged, by dtype.
#: float32: 10 times what was seen (9e-5 in logits); bfloat16 has 8 bits of mantissa.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.15, "float16": 0.05}
#: What a model's folder holds beside its weights: tokenizer, and processor of pictures.
_BESIDE = (
    "tokenizer*", "*.model", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json",
    "chat_template*", "generation_config.json", "processor_config.json",
    "preprocessor_config.json", "video_preprocessor_config.json",
)  # fmt: skip
#: Token ids of a text, or what a model is called with where a prompt shows pictures.
Prompt = Sequence[int] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MergeCheck:
    """Log-probabilities of next tokens, base + adapter against merged, on ``n_prompts`` prompts."""

    n_prompts: int
    max_difference: float
    tolerance: float
    dtype: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def merge(base: Path, adapter: Path, out: Path, prompts: Sequence[Prompt]) -> MergeCheck:
    """Write ``out`` (safetensors, tokenizer, processor, config) whole or not at all.

    The base is read anew in full precision, whatever it was trained in: merging into quantised
    weights would round the update away (QLoRA). On ``prompts`` base + adapter and the saved model
    are compared. Raises :class:`EnvironmentProblem` where they differ
    by more than :data:`TOLERANCE`.
    """
    from peft import PeftModel

    from core.models.causal_lm import choose_device, choose_dtype, load_model
    from core.models.quiet import no_progress_bars

    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with no_progress_bars():
        model = load_model(base, dtype=dtype, device=device)
        model = PeftModel.from_pretrained(model, adapter)
        before = _next_token_logprobs(model, prompts)
        # Tokens that are never said have log-probabilities that are mostly rounding.
        likely = [row.topk(min(50, len(row))).indices for row in before]
        merged = model.merge_and_unload(safe_merge=True)
        try:
            merged.save_pretrained(partial, safe_serialization=True)
            for pattern in _BESIDE:
                for file in base.glob(pattern):
                    if not (partial / file.name).exists():
                        shutil.copyfile(file, partial / file.name)
        except OSError as error:
            raise EnvironmentProblem(
                f"The merged model cannot be written to {out} ({error.strerror or error}): free "
                "some space and run the same command again."
            ) from error
        del model, merged
        saved = load_model(partial, dtype=dtype, device=device)
        after = _next_token_logprobs(saved, prompts)
    name = str(dtype).removeprefix("torch.")
    check = MergeCheck(
        n_prompts=len(prompts),
        max_difference=max(
            float((one[kept] - other[kept]).abs().max())
            for one, other, kept in zip(before, after, likely, strict=True)
        ),
        tolerance=TOLERANCE[name],
        dtype=name,
    )
    if not check.max_difference <= check.tolerance:
        raise EnvironmentProblem(
            f"The merged model differs from base + adapter by {check.max_difference:.3g} nats, "
            f"more than {check.tolerance}: it is left in {partial}; use the adapter instead "
            "(--no-merge)."
        )
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    return check


def _next_token_logprobs(model: Any, prompts: Sequence[Prompt]) -> list[Any]:
    """For every prompt the log-probabilities of all next tokens, shape (vocabulary,), nats."""
    import torch

    from core.models.image_prompts import move

    found = []
    with torch.inference_mode():
        for prompt in prompts:
            if isinstance(prompt, Mapping):
                inputs = move(prompt, model)
            else:
                device = next(model.parameters()).device
                inputs = {"input_ids": torch.tensor([list(prompt)], device=device)}
            logits = model(**inputs).logits[0, -1].float()
            found.append(torch.log_softmax(logits, dim=-1).cpu())
    return found
