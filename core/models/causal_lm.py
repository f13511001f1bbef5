"""Opening a language or vision-language model with transformers, and what its files say of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem, UsageProblem
from core.models.vision import takes_images

DTYPES = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(device: str) -> str:
    """``auto`` → cuda, else mps, else cpu; a named device must be there."""
    import torch

    kind = device.split(":")[0]
    if kind not in DEVICES:
        raise UsageProblem(f"Unknown device '{device}'; choose one of {', '.join(DEVICES)}.")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, usable in there.items() if usable), "cpu")
    if not there.get(kind, True):
        raise EnvironmentProblem(
            f"The installed torch finds no {kind} device on this machine; use device cpu or auto."
        )
    return device


def choose_dtype(dtype: str, device: str) -> Any:
    """The torch dtype; ``auto`` → bfloat16 on CUDA, float32 elsewhere.

    Most CPUs emulate half precision, several times slower than float32.
    """
    import torch

    if dtype not in DTYPES:
        raise UsageProblem(f"Unknown dtype '{dtype}'; choose one of {', '.join(DTYPES)}.")
    if dtype == "auto":
        dtype = "bfloat16" if device.startswith("cuda") else "float32"
    return getattr(torch, dtype)


def load_model(path: Path, *, dtype: Any, device: str, trust_remote_code: bool = False) -> Any:
    """The model of a local folder, in evaluation mode, from safetensors only.

    Pickled weights are refused, because unpickling runs code. Raises :class:`EnvironmentProblem`
    where the folder cannot be read as a causal language model or lacks weights. One that takes
    pictures comes whole, with its image encoder, where transformers has it.
    """
    from safetensors import SafetensorError

    try:
        model, report = _auto_class(path, trust_remote_code).from_pretrained(
            path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            output_loading_info=True,
            # Told below, with names: transformers' own error points to a report it has logged.
            ignore_mismatched_sizes=True,
        )
    except (OSError, SafetensorError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise EnvironmentProblem(
            f"transformers cannot load the model in {path} ({_first_line(error)}); check that the "
            "folder holds config.json and whole safetensors files of a supported architecture."
        ) from error
    # transformers fills missing and mismatched weights with random numbers and goes on.
    if report["mismatched_keys"]:
        name, stored, declared = min(report["mismatched_keys"])
        raise EnvironmentProblem(
            f"The weights in {path} do not fit config.json: {name} is {_shape(stored)} in the file "
            f"and {_shape(declared)} by the config; they are of different models, so fetch both "
            "again."
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise EnvironmentProblem(
            f"The weights in {path} lack {len(missing)} of the model's tensors, {missing[0]} among "
            "them; download or convert the checkpoint again."
        )
    return model.to(device).eval()


def _auto_class(path: Path, trust_remote_code: bool) -> Any:
    """transformers' class for the folder: for image and text where it has one for this model."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    config = AutoConfig.from_pretrained(
        path, local_files_only=True, trust_remote_code=trust_remote_code
    )
    own_code = getattr(config, "auto_map", None) or {}
    known = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    if takes_images(config.to_dict()) and (known or "AutoModelForImageTextToText" in own_code):
        return AutoModelForImageTextToText
    return AutoModelForCausalLM


def _shape(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))


def attach_adapter(model: Any, adapter: Path) -> Any:
    """``model`` with a PEFT adapter active, not merged: merging would change the last bits."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise EnvironmentProblem(
            "Adapters need the package peft; install it with: pip install 'equipoise[model]'."
        ) from error
    from safetensors import SafetensorError

    if not (adapter / "adapter_config.json").is_file():
        raise EnvironmentProblem(
            f"{adapter} is no PEFT adapter (it has no adapter_config.json); give the folder that "
            "training wrote."
        )
    if not (adapter / "adapter_model.safetensors").is_file():
        raise EnvironmentProblem(
            f"The adapter in {adapter} has no adapter_model.safetensors; save it again as "
            "safetensors."
        )
    try:
        return PeftModel.from_pretrained(model, adapter).eval()
    except (
        OSError,
        SafetensorError,
        ValueError,
        KeyError,
        RuntimeError,
        TypeError,
        AttributeError,
    ) as error:
        raise EnvironmentProblem(
            f"The adapter in {adapter} does not fit this model ({_first_line(error)}); check that "
            "it was trained on it."
        ) from error


def end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Every token id that ends an answer, from the generation config and the tokenizer."""
    found: list[int] = []
    config = getattr(model, "generation_config", None)
    for declared in (getattr(config, "eos_token_id", None), tokenizer.eos_token_id):
        if declared is not None:
            found += declared if isinstance(declared, list | tuple) else [declared]
    return tuple(dict.fromkeys(int(token) for token in found))


def context_length(model: Any) -> float:
    """How many tokens the model reads at most; infinite where its config does not say."""
    declared = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return declared if isinstance(declared, int) and declared > 0 else math.inf


@contextmanager
def plain_generation_defaults(model: Any) -> Iterator[None]:
    """Within, ``generate`` takes nothing from the checkpoint's own sampling defaults.

    transformers fills what a call leaves open (repetition penalty, forbidden n-grams …) from
    generation_config.json; an audit's sampling is what the audit says.
    """
    from transformers import GenerationConfig

    holders = [model]
    if hasattr(model, "get_base_model"):
        holders.append(model.get_base_model())
    kept = [holder.generation_config for holder in holders]
    for holder in holders:
        holder.generation_config = GenerationConfig()
    try:
        yield
    finally:
        for holder, config in zip(holders, kept, strict=True):
            holder.generation_config = config


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".:")
