"""The part of a ``LlamaForCausalLM`` that InternLM(1) and the Baichuans share name for name.

Both are llama (Touvron et al. 2023, arXiv:2302.13971) but for the attention's input projections
(and Baichuan2's output head), so only those are left to their own modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.convert.common import TensorRule, divided, head, rope, whole

IGNORED = (".rotary_emb.inv_freq",)


def llama_config(config: Mapping[str, Any], *, theta: float, bias: bool) -> dict[str, Any]:
    """The config.json of the converted model. ``bias`` covers all four attention projections."""
    heads = whole(config, "num_attention_heads")
    hidden = whole(config, "hidden_size")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": whole(config, "vocab_size"),
        "hidden_size": hidden,
        "intermediate_size": whole(config, "intermediate_size"),
        "num_hidden_layers": whole(config, "num_hidden_layers"),
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": divided(config, "hidden_size", hidden, heads),
        "hidden_act": "silu",
        "max_position_embeddings": whole(config, "max_position_embeddings"),
        "rms_norm_eps": config.get("rms_norm_eps", 1e-6),
        **rope(theta),
        "attention_bias": bias,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "initializer_range": config.get("initializer_range", 0.02),
        "tie_word_embeddings": bool(config.get("tie_word_embeddings", False)),
        "use_cache": True,
    }


def wrong_activation(config: Mapping[str, Any], sibling: str) -> str | None:
    """Why an activation other than SiLU cannot be converted, or None."""
    if (activation := config.get("hidden_act", "silu")) == "silu":
        return None
    return (
        f"its activation is {activation}, which no published model of the family uses; "
        f"its nearest runnable sibling is {sibling}"
    )


def same_names(config: Mapping[str, Any], *, normalised_head: bool = False) -> list[TensorRule]:
    """Rules for every tensor outside the attention, whose names do not change."""
    hidden, inner = whole(config, "hidden_size"), whole(config, "intermediate_size")
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (whole(config, "vocab_size"), hidden)
    }
    for layer in range(whole(config, "num_hidden_layers")):
        at = f"model.layers.{layer}."
        shapes |= {
            f"{at}input_layernorm.weight": (hidden,),
            f"{at}post_attention_layernorm.weight": (hidden,),
            f"{at}mlp.gate_proj.weight": (inner, hidden),
            f"{at}mlp.up_proj.weight": (inner, hidden),
            f"{at}mlp.down_proj.weight": (hidden, inner),
        }
    shapes["model.norm.weight"] = (hidden,)
    rules = [TensorRule(name, name, shape) for name, shape in shapes.items()]
    return rules + head(config, hidden, normalised=normalised_head)
