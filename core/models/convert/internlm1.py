"""InternLM(1), ``InternLMForCausalLM`` → ``LlamaForCausalLM``.

Llama with biases in all four attention projections (config ``bias``, true for the 7B models and
false for the 20B ones), which llama's ``attention_bias`` covers. Later releases declare dynamic
NTK positions; those act only beyond ``max_position_embeddings``, where the model is capped.
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

ARCHITECTURE = "InternLMForCausalLM"
#: Ends an answer of the chat models (their own chat code stops at ``</s>`` or at this).
END_OF_ANSWER = "<eoa>"


def why_not(config: Mapping[str, Any]) -> str | None:
    """Why this InternLM cannot be converted and what runs instead; None where it can."""
    if reason := quantised(config, "internlm-chat-7b"):
        return reason
    kind = (config.get("rotary") or {}).get("type", "origin")
    if kind not in ("origin", "dynamic"):
        return (
            f"its rotary positions are of the unknown type {kind!r}; "
            "its nearest runnable sibling is internlm-chat-7b"
        )
    return wrong_activation(config, "internlm-chat-7b")


def recipe(config: Mapping[str, Any]) -> Recipe:
    """Plan the conversion."""
    hidden, context = whole(config, "hidden_size"), whole(config, "max_position_embeddings")
    bias = bool(config.get("bias", True))
    kinds = {"weight": (hidden, hidden)} | ({"bias": (hidden,)} if bias else {})
    attention = [
        TensorRule(name, name, shape)
        for layer in range(whole(config, "num_hidden_layers"))
        for part in "qkvo"
        for kind, shape in kinds.items()
        for name in (f"model.layers.{layer}.self_attn.{part}_proj.{kind}",)
    ]
    theta = float((config.get("rotary") or {}).get("base", 10000))
    return Recipe(
        config=llama_config(config, theta=theta, bias=bias),
        tensors=(*same_names(config), *attention),
        max_context=context,
        notes=(
            "Converted from InternLMForCausalLM to LlamaForCausalLM: the same weights under new "
            "names, without running any code from the hub.",
            f"Context capped at {context:,} tokens, the length it was trained on.",
        ),
        ignored=IGNORED,
    )
