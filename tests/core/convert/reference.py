"""Plain forward passes of the legacy architectures, from their published descriptions.

Qwen: Bai et al. 2023 (arXiv:2309.16609), section 2.3. InternLM: llama (Touvron et al. 2023,
arXiv:2302.13971) with biases in the attention. Baichuan: llama with one fused projection;
Baichuan2's output rows are normalised (Yang et al. 2023, arXiv:2309.10305, section 2.3).
All read the legacy tensors by their legacy names and use torch's elementary operations only.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import silu


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """(config, legacy tensors in float32)."""
    tensors = {k: v.float() for f in folder.glob("*.safetensors") for k, v in load_file(f).items()}
    return json.loads((folder / "config.json").read_text(encoding="utf-8")), tensors


def _rms(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


def _rotate(x: Tensor, base: float) -> Tensor:
    """Rotary positions (Su et al. 2021) of x: (heads, tokens, size), pairs (i, i + size/2)."""
    size = x.shape[-1]
    frequency = base ** (-torch.arange(0, size, 2).float() / size)
    angle = torch.arange(x.shape[1]).float()[:, None] * frequency[None]
    first, second = x[..., : size // 2], x[..., size // 2 :]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def _attend(
    q: Tensor, k: Tensor, v: Tensor, heads: int, base: float, stretch: Tensor | None = None
) -> Tensor:
    """Causal attention of (tokens, hidden) projections; ``stretch`` scales each query."""
    tokens, hidden = q.shape
    q, k, v = (x.view(tokens, heads, hidden // heads).transpose(0, 1) for x in (q, k, v))
    q, k = _rotate(q, base), _rotate(k, base)
    if stretch is not None:
        q = q * stretch[None, :, None]
    scores = q @ k.transpose(1, 2) / math.sqrt(hidden // heads)
    future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -math.inf).softmax(-1)
    return (weights @ v).transpose(0, 1).reshape(tokens, hidden)


def qwen1(folder: Path, ids: list[int]) -> Tensor:
    """Logits (tokens, vocabulary), with dynamic NTK and log-n attention as the config asks."""
    config, t = load(folder)
    heads = config.get("num_attention_heads") or config["n_head"]
    layers = config.get("num_hidden_layers") or config["n_layer"]
    epsilon, trained = config["layer_norm_epsilon"], config["seq_length"]
    base, tokens = float(config["rotary_emb_base"]), len(ids)
    if config["use_dynamic_ntk"]:
        size = t["transformer.wte.weight"].shape[1] // heads
        alpha = max(2 ** math.ceil(math.log2(tokens / trained) + 1) - 1, 1)
        base *= alpha ** (size / (size - 2))
    stretch = None
    if config["use_logn_attn"]:
        place = torch.arange(1, tokens + 1).float()
        stretch = (place.log() / math.log(trained)).clamp(min=1.0)
    x = t["transformer.wte.weight"][ids]
    for layer in range(layers):
        at = f"transformer.h.{layer}."
        y = _rms(x, t[f"{at}ln_1.weight"], epsilon)
        fused = y @ t[f"{at}attn.c_attn.weight"].T + t[f"{at}attn.c_attn.bias"]
        x = x + _attend(*fused.chunk(3, -1), heads, base, stretch) @ t[f"{at}attn.c_proj.weight"].T
        y = _rms(x, t[f"{at}ln_2.weight"], epsilon)
        gated = (y @ t[f"{at}mlp.w1.weight"].T) * silu(y @ t[f"{at}mlp.w2.weight"].T)
        x = x + gated @ t[f"{at}mlp.c_proj.weight"].T
    x = _rms(x, t["transformer.ln_f.weight"], epsilon)
    return x @ t.get("lm_head.weight", t["transformer.wte.weight"]).T


def _llama_like(
    config: dict[str, Any], t: dict[str, Tensor], ids: list[int], base: float
) -> Tensor:
    """The hidden states after the last norm of InternLM and Baichuan, fused or not."""
    epsilon, heads = config["rms_norm_eps"], config["num_attention_heads"]
    x = t["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."

        def project(name: str, y: Tensor, at: str = at) -> Tensor:
            bias = t.get(f"{at}self_attn.{name}.bias")
            out = y @ t[f"{at}self_attn.{name}.weight"].T
            return out if bias is None else out + bias

        y = _rms(x, t[f"{at}input_layernorm.weight"], epsilon)
        if f"{at}self_attn.W_pack.weight" in t:
            qkv = project("W_pack", y).chunk(3, -1)
        else:
            qkv = tuple(project(f"{part}_proj", y) for part in "qkv")
        x = x + project("o_proj", _attend(*qkv, heads, base))
        y = _rms(x, t[f"{at}post_attention_layernorm.weight"], epsilon)
        gate, up, down = (t[f"{at}mlp.{part}_proj.weight"].T for part in ("gate", "up", "down"))
        x = x + (silu(y @ gate) * (y @ up)) @ down
    return _rms(x, t["model.norm.weight"], epsilon)


def internlm1(folder: Path, ids: list[int]) -> Tensor:
    """Logits (tokens, vocabulary) of InternLM(1), within its trained length."""
    config, t = load(folder)
    base = float(config.get("rotary", {}).get("base", 10000))
    return _llama_like(config, t, ids, base) @ t["lm_head.weight"].T


def baichuan(folder: Path, ids: list[int], *, normalised_head: bool) -> Tensor:
    """Logits (tokens, vocabulary) of Baichuan-7B or, with its normalised head, Baichuan2-7B."""
    config, t = load(folder)
    head = t["lm_head.weight"]
    if normalised_head:
        head = head / head.norm(dim=1, keepdim=True)
    return _llama_like(config, t, ids, 10000.0) @ head.T
