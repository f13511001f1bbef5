"""What every legacy family shares: the recipe of a conversion, and checked reading of configs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import EnvironmentProblem


@dataclass(frozen=True)
class ConvertedModel:
    """A legacy checkpoint in a layout that today's engines read.

    ``path`` holds config.json, safetensors shards with their index, tokenizer.json,
    tokenizer_config.json, generation_config.json and conversion.json (where it came from).
    ``max_context`` is in tokens; ``notes`` belong in front of the user and in the manifest.
    """

    path: Path
    notes: tuple[str, ...]
    max_context: int


@dataclass(frozen=True)
class TensorRule:
    """One tensor of the new checkpoint: where it comes from and what is done on the way.

    ``shape`` is the whole source tensor's. ``rows`` (begin, end) takes a part of its first axis:
    that is how fused projections are split. ``change`` is ``copy`` or ``normalise_rows`` (each
    row divided by its L2 norm).
    """

    target: str
    source: str
    shape: tuple[int, ...]
    rows: tuple[int, int] | None = None
    change: Literal["copy", "normalise_rows"] = "copy"


@dataclass(frozen=True)
class Recipe:
    """A conversion planned from config.json alone, before any weight is read.

    ``config`` is the new config.json without its dtype. ``ignored`` are endings of source names
    that hold no weights (rotary tables, masks). ``max_context`` is in tokens.
    """

    config: dict[str, Any]
    tensors: tuple[TensorRule, ...]
    max_context: int
    notes: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def whole(config: Mapping[str, Any], *names: str) -> int:
    """The first of ``names`` in ``config`` as a positive integer (later names are older keys)."""
    for name in names:
        value = config.get(name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise EnvironmentProblem(
                    f"config.json says {name} = {value!r}, which is no positive whole number. "
                    "Fetch the model's config.json again."
                )
            return value
    raise EnvironmentProblem(f"config.json has no {names[0]}. Fetch the model's config.json again.")


def divided(config: Mapping[str, Any], total: str, value: int, parts: int) -> int:
    """``value / parts`` where it must come out even; ``total`` names the key in the error."""
    if value % parts:
        raise EnvironmentProblem(
            f"config.json says {total} = {value}, which is no multiple of {parts}. "
            "Fetch the model's config.json again."
        )
    return value // parts


def rope(theta: float) -> dict[str, Any]:
    """Rotary position keys: ``rope_parameters`` as transformers 5 and vLLM read it, and the older
    ``rope_theta`` beside it, without which older readers would silently assume 10000."""
    return {
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "rope_theta": theta,
    }


def quantised(config: Mapping[str, Any], sibling: str) -> str | None:
    """Why a quantised legacy checkpoint cannot be converted, or None where it is not quantised."""
    if not config.get("quantization_config"):
        return None
    return (
        "its weights are quantised in a layout that only its own code reads; "
        f"use the unquantised {sibling} instead"
    )


def head(config: Mapping[str, Any], hidden: int, *, normalised: bool = False) -> list[TensorRule]:
    """The output projection, absent where it is tied to the input embeddings."""
    if config.get("tie_word_embeddings"):
        return []
    return [
        TensorRule(
            target="lm_head.weight",
            source="lm_head.weight",
            shape=(whole(config, "vocab_size", "padded_vocab_size"), hidden),
            change="normalise_rows" if normalised else "copy",
        )
    ]
