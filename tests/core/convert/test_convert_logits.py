"""Converted models against a plain forward of the legacy architecture: the same function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.models.convert import ConvertedModel, convert
from tests.core.convert import legacy_checkpoints as legacy
from tests.core.convert import reference

pytestmark = pytest.mark.model

PROMPT = "The nurse said she'd call back. 护士说她会回电话。\nدقيقة 🙂 1234"
TOLERANCE = 1e-4


def _baichuan(generation: int) -> Callable[[Path, list[int]], Tensor]:
    return lambda folder, ids: reference.baichuan(folder, ids, normalised_head=generation == 2)


CASES = {
    "qwen": (legacy.make_qwen1, {}, reference.qwen1),
    "qwen first release": (legacy.make_qwen1, {"first_release": True}, reference.qwen1),
    "qwen other rotary base": (legacy.make_qwen1, {"rotary_emb_base": 1000000}, reference.qwen1),
    "qwen tied": (legacy.make_qwen1, {"tied": True}, reference.qwen1),
    "qwen one file, 4 heads": (legacy.make_qwen1, {"shards": 1, "hidden": 128, "heads": 4},
                               reference.qwen1),
    "internlm": (legacy.make_internlm1, {}, reference.internlm1),
    "internlm without biases": (legacy.make_internlm1, {"bias": False}, reference.internlm1),
    "internlm dynamic rotary": (legacy.make_internlm1,
                                {"rotary": {"base": 30000, "type": "dynamic"}},
                                reference.internlm1),
    "baichuan": (legacy.make_baichuan, {"generation": 1}, _baichuan(1)),
    "baichuan2": (legacy.make_baichuan, {"generation": 2}, _baichuan(2)),
}  # fmt: skip


def _logits(converted: ConvertedModel, ids: list[int]) -> Tensor:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(converted.path, dtype=torch.float32)
    with torch.no_grad():
        logits: Tensor = model(torch.tensor([ids])).logits[0]
    return logits


def _ids(converted: ConvertedModel, text: str = PROMPT) -> list[int]:
    from transformers import AutoTokenizer

    return list(AutoTokenizer.from_pretrained(converted.path).encode(text))


@pytest.mark.parametrize("case", CASES)
def test_logits_equal_the_legacy_forward(case: str, tmp_path: Path) -> None:
    make, options, forward = CASES[case]
    source = make(tmp_path / "legacy", **options)
    converted = convert(source, tmp_path / "cache")
    ids = _ids(converted)
    expected = forward(source, ids)
    assert expected.std() > 0.3, "logits too flat to tell two models apart"
    assert (_logits(converted, ids) - expected).abs().max() < TOLERANCE


def test_the_head_of_baichuan2_matters(tmp_path: Path) -> None:
    """The same tensors as Baichuan-7B give other logits: the fold is not a no-operation."""
    source = legacy.make_baichuan(tmp_path / "legacy", generation=2)
    before = {f.name: f.read_bytes() for f in source.iterdir()}
    ids = _ids(convert(source, tmp_path / "cache"))
    assert {f.name: f.read_bytes() for f in source.iterdir()} == before
    plain = reference.baichuan(source, ids, normalised_head=False)
    folded = reference.baichuan(source, ids, normalised_head=True)
    assert (plain - folded).abs().max() > 0.1


def test_qwen_is_exact_up_to_the_cap_and_not_beyond(tmp_path: Path) -> None:
    """Dynamic NTK and log-n attention are the identity up to ``seq_length``: hence the cap."""
    source = legacy.make_qwen1(tmp_path / "legacy", seq_length=48)
    converted = convert(source, tmp_path / "cache")
    assert converted.max_context == 48
    ids = (_ids(converted) * 3)[:72]
    at_cap, beyond = ids[:48], ids
    difference = (_logits(converted, at_cap) - reference.qwen1(source, at_cap)).abs().max()
    assert difference < TOLERANCE
    assert (_logits(converted, beyond) - reference.qwen1(source, beyond)).abs().max() > 1e-2


def test_weights_keep_their_type_and_values(tmp_path: Path) -> None:
    """bfloat16 in, the same bits out; no tensor is rounded on the way."""
    source = legacy.make_qwen1(tmp_path / "legacy", dtype=torch.bfloat16)
    converted = convert(source, tmp_path / "cache")
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(converted.path)
    assert model.dtype == torch.bfloat16
    _, old = reference.load(source)
    new = {name: value.float() for name, value in model.state_dict().items()}
    assert torch.equal(new["lm_head.weight"], old["lm_head.weight"])
    fused = torch.cat([new[f"model.layers.1.self_attn.{p}_proj.weight"] for p in "qkv"])
    assert torch.equal(fused, old["transformer.h.1.attn.c_attn.weight"])
