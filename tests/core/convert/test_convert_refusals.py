"""What cannot be converted says so in a sentence, and names the tensor or what runs instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import EnvironmentProblem
from core.models.convert import convert, is_legacy, why_not
from tests.core.convert.legacy_checkpoints import make_baichuan, make_internlm1, make_qwen1

QWEN = {"architectures": ["QWenLMHeadModel"], "model_type": "qwen", "hidden_size": 4096}
BAICHUAN = {"architectures": ["BaichuanForCausalLM"], "model_type": "baichuan"}
INTERNLM = {"architectures": ["InternLMForCausalLM"], "model_type": "internlm"}
REFUSED = {
    "qwen-vl": (QWEN | {"visual": {"width": 1664}}, "qwen2-vl-7b-instruct"),
    "qwen-audio": (QWEN | {"audio": {"n_mels": 80}}, "qwen2-audio-7b-instruct"),
    "qwen-7b int4": (QWEN | {"quantization_config": {"bits": 4}}, "qwen-7b-chat"),
    "qwen-72b int8": (
        QWEN | {"hidden_size": 8192, "quantization_config": {"bits": 8}},
        "qwen-72b-chat",
    ),
    "qwen rotary part": (QWEN | {"rotary_pct": 0.25}, "qwen-7b-chat"),
    "qwen biases": (QWEN | {"no_bias": False}, "qwen-7b-chat"),
    "baichuan 13b": (
        BAICHUAN | {"hidden_size": 5120, "num_hidden_layers": 40, "model_max_length": 4096},
        "baichuan2-7b-chat",
    ),
    "small alibi": (BAICHUAN | {"hidden_size": 64, "model_max_length": 512}, "baichuan2-7b-chat"),
    "baichuan2 4 bits": (
        BAICHUAN | {"max_position_embeddings": 4096, "quantization_config": {"bits": 4}},
        "baichuan2-7b-chat",
    ),
    "internlm rotary": (INTERNLM | {"rotary": {"type": "yarn"}}, "internlm-chat-7b"),
    "internlm gelu": (INTERNLM | {"hidden_act": "gelu"}, "internlm-chat-7b"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_reason_names_a_runnable_sibling(case: str, tmp_path: Path) -> None:
    config, sibling = REFUSED[case]
    assert is_legacy(config)
    reason = why_not(config)
    assert reason is not None
    assert sibling in reason
    names = resources.files("core.models").joinpath("data/models.tsv").read_text("utf-8")
    known = {line.split("\t")[0] for line in names.splitlines()}
    suggested = re.findall(r"\b(?:qwen|baichuan|internlm)[\w.]*(?:-[\w.]+)+", reason)
    assert suggested
    assert set(suggested) <= known


@pytest.mark.parametrize(
    "config", [{}, {"architectures": None}, {"architectures": ["LlamaForCausalLM"]}]
)
def test_other_models_are_not_legacy(config: dict[str, Any]) -> None:
    assert not is_legacy(config)
    assert why_not(config) == "it is not of a legacy architecture"


def _edit(folder: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / name
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def _edit_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    """Rewrite a checkpoint's only weight file."""
    (path,) = folder.glob("*.safetensors")
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    _edit(folder, "model.safetensors.index.json",
          lambda index: index.update(weight_map=dict.fromkeys(tensors, path.name)))  # fmt: skip


WK = "transformer.h.1.attn.c_attn.bias"
DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing tensor": (
        lambda f: _edit_tensors(f, lambda t: t.pop(WK)), f"lacks the tensor {WK}"
    ),
    "surplus tensor": (
        lambda f: _edit_tensors(f, lambda t: t.update({"transformer.h.0.extra": torch.ones(2)})),
        "has the tensor transformer.h.0.extra, unknown",
    ),
    "wrong shape": (
        lambda f: _edit_tensors(f, lambda t: t.update({WK: t[WK][:-1].clone()})),
        rf"tensor {WK} in shape \(191,\) where config.json asks for \(192,\)",
    ),
    "integers": (
        lambda f: _edit_tensors(f, lambda t: t.update({WK: t[WK].to(torch.int8)})),
        f"tensor {WK} in type I8",
    ),
    "no heads": (
        lambda f: _edit(f, "config.json", lambda c: c.pop("num_attention_heads")),
        "has no num_attention_heads",
    ),
    "a text for a number": (
        lambda f: _edit(f, "config.json", lambda c: c.update(hidden_size="big")),
        "hidden_size = 'big'",
    ),
    "odd inner size": (
        lambda f: _edit(f, "config.json", lambda c: c.update(intermediate_size=193)),
        "no multiple of 2",
    ),
    "heads of another size": (
        lambda f: _edit(f, "config.json", lambda c: c.update(kv_channels=48)),
        "kv_channels = 48",
    ),
    "quantised": (
        lambda f: _edit(f, "config.json", lambda c: c.update(quantization_config={"bits": 4})),
        "cannot be converted: its weights are quantised",
    ),
    "not legacy": (
        lambda f: _edit(f, "config.json", lambda c: c.update(architectures=["GPT2LMHeadModel"])),
        "of no legacy architecture",
    ),
    "no tokenizer": (lambda f: (f / "qwen.tiktoken").unlink(), "tokenizer"),
    "two tokenizers": (
        lambda f: (f / "other.tiktoken").write_bytes((f / "qwen.tiktoken").read_bytes()),
        r"has 2 files \*.tiktoken",
    ),
    "truncated weights": (
        lambda f: next(f.glob("*.safetensors")).write_bytes(
            next(f.glob("*.safetensors")).read_bytes()[:-100]
        ),
        "truncated or damaged",
    ),
    "pickled weights": (
        lambda f: [
            next(f.glob("*.safetensors")).rename(f / "pytorch_model.bin"),
            (f / "model.safetensors.index.json").unlink(),
        ],
        "pickled weights",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_named_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    damage, says = DAMAGE[case]
    source = make_qwen1(tmp_path / "legacy", shards=1)
    damage(source)
    with pytest.raises(EnvironmentProblem, match=says):
        convert(source, tmp_path / "cache")
    assert [p for p in tmp_path.glob("cache/converted/*") if not p.name.endswith(".lock")] == []


def test_tokenizer_and_weights_of_different_models(tmp_path: Path) -> None:
    """More tokens than embeddings: files of two models."""
    source = make_internlm1(tmp_path / "legacy", vocab_size=690)
    with pytest.raises(
        EnvironmentProblem, match=r"700 tokens but config.json says vocab_size = 690"
    ):
        convert(source, tmp_path / "cache")


def test_rotary_tables_are_not_surplus(tmp_path: Path) -> None:
    source = make_baichuan(tmp_path / "legacy")
    names = {n for f in source.glob("*.safetensors") for n in load_file(f)}
    assert any(n.endswith("rotary_emb.inv_freq") for n in names)
    convert(source, tmp_path / "cache")


def test_too_full_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    source = make_qwen1(tmp_path / "legacy")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(EnvironmentProblem, match="disk is too full"):
        convert(source, tmp_path / "cache")
