"""Qwen(1), ``QWenLMHeadModel`` → ``Qwen2ForCausalLM``.

The architecture is that of the Qwen technical report (Bai et al. 2023, arXiv:2309.16609, section
2.3): pre-norm RMSNorm, rotary positions, untied embeddings, biases in the query, key and value
projections only, SwiGLU. Qwen2 kept all of it, so the same weights under new names are the same
function. Two things have no counterpart, dynamic NTK and log-n attention (same section, "Context
length extension"): both are the identity up to ``seq_length`` tokens, where the model is capped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import EnvironmentProblem
from core.models.convert.common import Recipe, TensorRule, divided, head, quantised, rope, whole

ARCHITECTURE = "QWenLMHeadModel"
_SIZES = {2048: "1_8b", 4096: "7b", 5120: "14b", 8192: "72b"}


def why_not(config: Mapping[str, Any]) -> str | None:
    """Why this Qwen cannot be converted and what runs instead; None where it can."""
    if config.get("visual"):
        return (
            "it reads images through an encoder that only its own code knows; "
            "its nearest runnable successors are qwen2-vl-7b-instruct and qwen2.5-vl-7b-instruct"
        )
    if config.get("audio"):
        return (
            "it reads sound through an encoder that only its own code knows; "
            "its nearest runnable successor is qwen2-audio-7b-instruct"
        )
    size = _SIZES.get(config.get("hidden_size") or config.get("n_embd") or 0, "7b")
    if reason := quantised(config, f"qwen-{size}-chat"):
        return reason
    if config.get("rotary_pct", 1.0) != 1.0:
        return (
            f"it rotates only {config['rotary_pct']:g} of each head (rotary_pct), which no current "
            "engine does for this family; its nearest runnable sibling is qwen-7b-chat"
        )
    if not config.get("no_bias", True):
        return (
            "it has biases in every layer (no_bias is false), which no published Qwen has; "
            "its nearest runnable sibling is qwen-7b-chat"
        )
    return None


def recipe(config: Mapping[str, Any]) -> Recipe:
    """Plan the conversion. The first releases' GPT-2 style keys (``n_embd`` …) are understood."""
    hidden = whole(config, "hidden_size", "n_embd")
    layers = whole(config, "num_hidden_layers", "n_layer")
    heads = whole(config, "num_attention_heads", "n_head")
    vocabulary = whole(config, "vocab_size", "padded_vocab_size")
    context = whole(config, "seq_length")
    # The config counts both halves of the gated unit together.
    both = whole(config, "intermediate_size", "ffn_hidden_size")
    inner = divided(config, "intermediate_size", both, 2)
    if config.get("kv_channels", hidden // heads) * heads != hidden:
        raise EnvironmentProblem(
            f"config.json says kv_channels = {config['kv_channels']} with {heads} heads, which does"
            f" not make hidden_size = {hidden}. Fetch the model's config.json again."
        )
    tensors = [TensorRule("model.embed_tokens.weight", "transformer.wte.weight",
                          (vocabulary, hidden))]  # fmt: skip
    for layer in range(layers):
        tensors += _layer(layer, hidden, inner)
    tensors.append(TensorRule("model.norm.weight", "transformer.ln_f.weight", (hidden,)))
    return Recipe(
        config={
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "vocab_size": vocabulary,
            "hidden_size": hidden,
            "intermediate_size": inner,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "hidden_act": "silu",
            "max_position_embeddings": context,
            "rms_norm_eps": config.get("layer_norm_epsilon", 1e-6),
            **rope(float(config.get("rotary_emb_base", 10000))),
            "use_sliding_window": False,
            "attention_dropout": 0.0,
            "initializer_range": config.get("initializer_range", 0.02),
            "tie_word_embeddings": bool(config.get("tie_word_embeddings", False)),
            "use_cache": True,
        },
        tensors=(*tensors, *head(config, hidden)),
        max_context=context,
        notes=(
            "Converted from QWenLMHeadModel to Qwen2ForCausalLM: the same weights under new names, "
            "without running any code from the hub.",
            f"Context capped at {context:,} tokens, the length it was trained on: its dynamic NTK "
            "and log-n attention act only beyond that and have no counterpart.",
        ),
        ignored=(".rotary_emb.inv_freq", ".attn.masked_bias", ".attn.bias"),
    )


def _layer(layer: int, hidden: int, inner: int) -> list[TensorRule]:
    old, new = f"transformer.h.{layer}.", f"model.layers.{layer}."
    fused = [
        TensorRule(
            target=f"{new}self_attn.{name}_proj.{kind}",
            source=f"{old}attn.c_attn.{kind}",
            shape=(3 * hidden, hidden) if kind == "weight" else (3 * hidden,),
            rows=(part * hidden, (part + 1) * hidden),
        )
        for part, name in enumerate("qkv")
        for kind in ("weight", "bias")
    ]
    renamed = (
        ("input_layernorm", "ln_1", (hidden,)),
        ("self_attn.o_proj", "attn.c_proj", (hidden, hidden)),
        ("post_attention_layernorm", "ln_2", (hidden,)),
        # w2 goes through the activation, w1 is what it gates.
        ("mlp.gate_proj", "mlp.w2", (inner, hidden)),
        ("mlp.up_proj", "mlp.w1", (inner, hidden)),
        ("mlp.down_proj", "mlp.c_proj", (hidden, inner)),
    )
    return fused + [
        TensorRule(f"{new}{target}.weight", f"{old}{source}.weight", shape)
        for target, source, shape in renamed
    ]
