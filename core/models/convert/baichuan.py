"""Baichuan-7B and Baichuan2-7B → ``LlamaForCausalLM``.

Llama whose query, key and value projections are stored as one (``W_pack``). Baichuan2 (Yang et
al. 2023, arXiv:2309.10305, section 2.3, "NormHead") divides each row of the output projection by
its L2 norm at inference: that is done once, here. The 13B models use ALiBi instead of rotary
positions and have no runnable counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.convert.common import Recipe, TensorRule, quantised, whole
from core.models.convert.llama_layout import (
    IGNORED,
    llama_config,
    same_names,
    wrong_activation,
)

#: The first 7B release spelt its class with a capital C; the 13B ones and Baichuan2 did not.
ARCHITECTURES = ("BaiChuanForCausalLM", "BaichuanForCausalLM")
_VOCABULARY = {64000: 1, 125696: 2}
_SIBLING = "baichuan2-7b-chat"


def generation(config: Mapping[str, Any]) -> int:
    """1 or 2: which Baichuan this is, by its published vocabulary size, else by its class name."""
    known = _VOCABULARY.get(config.get("vocab_size") or 0)
    return known or (1 if ARCHITECTURES[0] in (config.get("architectures") or ()) else 2)


def why_not(config: Mapping[str, Any]) -> str | None:
    """Why this Baichuan cannot be converted and what runs instead; None where it can."""
    if _alibi(config):
        return (
            "its 13B models use ALiBi positions, which no current engine has for them; "
            f"its nearest runnable sibling is {_SIBLING}"
        )
    if reason := quantised(config, _SIBLING):
        return reason
    if generation(config) == 2 and config.get("tie_word_embeddings"):
        return (
            "its normalised output head is tied to the input embeddings, so it cannot be folded in;"
            f" its nearest runnable sibling is {_SIBLING}"
        )
    return wrong_activation(config, _SIBLING)


def _alibi(config: Mapping[str, Any]) -> bool:
    large = config.get("hidden_size") == 5120 and config.get("num_hidden_layers") == 40
    return large or ("model_max_length" in config and "max_position_embeddings" not in config)


def recipe(config: Mapping[str, Any]) -> Recipe:
    """Plan the conversion."""
    hidden, context = whole(config, "hidden_size"), whole(config, "max_position_embeddings")
    second = generation(config) == 2
    attention: list[TensorRule] = []
    for layer in range(whole(config, "num_hidden_layers")):
        at = f"model.layers.{layer}.self_attn."
        attention += [
            TensorRule(
                target=f"{at}{name}_proj.weight",
                source=f"{at}W_pack.weight",
                shape=(3 * hidden, hidden),
                rows=(part * hidden, (part + 1) * hidden),
            )
            for part, name in enumerate("qkv")
        ]
        attention.append(TensorRule(f"{at}o_proj.weight", f"{at}o_proj.weight", (hidden, hidden)))
    folded = " with its normalised head folded in" if second else ""
    return Recipe(
        config=llama_config(config, theta=10000.0, bias=False),
        tensors=(*same_names(config, normalised_head=second), *attention),
        max_context=context,
        notes=(
            f"Converted from Baichuan{'2' if second else ''} to LlamaForCausalLM{folded}, "
            "without running any code from the hub.",
            f"Context capped at {context:,} tokens, the length it was trained on.",
        ),
        ignored=IGNORED,
    )
