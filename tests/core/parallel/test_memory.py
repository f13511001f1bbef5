"""The estimate's arithmetic, by hand and against models in memory."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.parallel.available import gpu_memory, host_memory
from core.parallel.contents import Training, activation_bytes, weight_bytes
from core.parallel.duration import training_flops, training_seconds
from core.parallel.memory import Estimate, estimate, first_fitting
from core.parallel.modes import Mode
from core.parallel.shape import Linear, ModelShape, read_shape, shape_of
from tests.core.tiny_models import make_model, save_model

#: A billion-parameter model of ten blocks, with round numbers.
BIG = ModelShape(
    parameters=1_000_000_000, layers=10, hidden=2_000, intermediate=8_000, heads=20,
    key_value=1_000, vocabulary=50_000,
    linears=tuple(Linear("q_proj", 8_000, 10_000) for _ in range(10)),
)  # fmt: skip
TRAINING = Training(sequence_length=100, micro_batch=4, rank=10)


def by_mode(**options: object) -> dict[Mode, Estimate]:
    found = estimate(BIG, TRAINING, quantisations=("none",), **options)  # type: ignore[arg-type]
    assert [e.mode for e in found] == list(Mode)
    return {e.mode: e for e in found}


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
def test_the_shape_is_that_of_the_real_model(tmp_path: Path, family: str) -> None:
    from peft import LoraConfig, get_peft_model

    model = make_model(family=family)
    expected = sum(p.numel() for p in model.parameters())
    save_model(tmp_path / "m", family=family)
    (tmp_path / "m" / "model.safetensors").unlink()
    shape = read_shape(tmp_path / "m")
    assert shape == shape_of(model)
    assert shape.parameters == expected
    assert (shape.layers, shape.hidden, shape.vocabulary) == (2, 32, 259)
    adapted = get_peft_model(model, LoraConfig(r=3, target_modules="all-linear"))
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    assert shape.lora_parameters(3) == trained


def test_targets_are_counted_alone() -> None:
    shape = shape_of(make_model())
    # 2 layers, q: 32 → 32, v: 32 → 2 heads of 8.
    assert shape.lora_parameters(4, ("q_proj", "v_proj")) == 2 * 4 * (32 + 32 + 32 + 16)
    assert shape.key_value == 16


def test_a_model_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing-known"}))
    with pytest.raises(EnvironmentProblem, match="cannot be told from its config"):
        read_shape(tmp_path)


def test_what_is_divided_by_which_mode() -> None:
    trained = 10 * 10 * 18_000
    four = by_mode(nproc=4, gpu=True)
    none, ddp, zero2, zero3, fsdp = (four[mode] for mode in Mode)
    assert none.nproc == 1
    assert none.weights == ddp.weights == zero2.weights == 4_000_000_000 + 4 * trained
    assert zero3.weights == fsdp.weights == none.weights // 4
    assert none.gradients == ddp.gradients == 4 * trained
    assert zero2.gradients == zero3.gradients == fsdp.gradients == trained
    assert none.optimizer == ddp.optimizer == 8 * trained
    assert fsdp.optimizer == 2 * trained
    assert zero2.optimizer == zero3.optimizer == 3 * trained  # and the fp32 copy
    assert ddp.buffers == 4 * trained
    assert none.buffers == 0
    assert len({e.activations for e in four.values()}) == 1
    assert none.logits == 3 * 4 * 100 * 4 * 50_000


def test_offloading_moves_what_is_divided_and_only_from_a_gpu() -> None:
    there = by_mode(nproc=2, gpu=True, offload=True)
    assert there[Mode.DDP].on_host == 0
    zero2, zero3 = there[Mode.ZERO2], there[Mode.ZERO3]
    assert zero2.on_host == zero2.optimizer + zero2.gradients
    assert zero3.on_host == zero2.on_host + zero3.weights
    assert zero3.device_bytes == zero3.total - zero3.on_host
    assert zero3.machine_bytes == 2 * zero3.on_host
    assert all(e.on_host == 0 for e in by_mode(nproc=2, offload=True).values())


def test_quantised_weights() -> None:
    # 0.8 of the billion are in linear layers; the rest keeps its precision.
    assert weight_bytes(BIG, "bfloat16", "none") == 2_000_000_000
    nf4 = weight_bytes(BIG, "bfloat16", "nf4")
    assert nf4 == pytest.approx(400e6 + 0.8e9 * (4 + 0.127) / 8, rel=1e-3)
    assert weight_bytes(BIG, "bfloat16", "int8") == pytest.approx(400e6 + 0.8e9, rel=5e-3)
    full = weight_bytes(BIG, "float32", "nf4")
    adapters = 4 * BIG.lora_parameters(10)
    *_, zero3, fsdp = estimate(BIG, TRAINING, nproc=4, quantisations=("nf4",))
    assert zero3.weights == full // 4 + adapters // 4
    assert fsdp.weights == pytest.approx((full - 800e6) + 200e6 + adapters // 4, rel=1e-3)
    # 0.2 billion in fp32 are 800 MB whole and 200 MB divided by four.


def test_activations_by_hand() -> None:
    token = 4 * (6 * 2_000 + 2 * 1_000 + 4 * 8_000) + 4 * 10
    assert activation_bytes(BIG, TRAINING) == 400 * token * 10
    less = dataclasses.replace(TRAINING, checkpointing=True)
    assert activation_bytes(BIG, less) == 400 * (token + 4 * 2_000 * 10)
    eager = dataclasses.replace(TRAINING, eager_attention=True)
    assert activation_bytes(BIG, eager) == 400 * (token + 4 * 2 * 20 * 100) * 10


def test_what_fits() -> None:
    estimates = estimate(BIG, TRAINING, nproc=4, gpu=True)
    none = estimates[0]
    assert first_fitting(estimates, none.device_bytes) is none
    chosen = first_fitting(estimates, none.device_bytes - 1)
    assert chosen is not None
    assert chosen.mode is Mode.ZERO3  # DDP's and ZeRO-2's buffers and copies are no help
    assert first_fitting(estimates, 1_000) is None
    # A GPU's free memory is not enough where the host has none for what is moved there.
    away = by_mode(nproc=2, gpu=True, offload=True)[Mode.ZERO3]
    assert away.fits(away.device_bytes, away.machine_bytes)
    assert not away.fits(away.device_bytes, away.machine_bytes - 1)
    # Processes without a GPU share one memory.
    two = by_mode(nproc=2)[Mode.DDP]
    assert two.fits(2 * two.total)
    assert not two.fits(2 * two.total - 1)


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("5000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    assert host_memory(tmp_path) == 3_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert host_memory(tmp_path) > 3_000_000
    assert host_memory(tmp_path / "none") > 3_000_000


def test_no_gpu_no_gpu_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_memory() is None


def test_durations() -> None:
    assert training_flops(BIG, 10) == 6e10
    assert training_flops(BIG, 10, trained=0) == pytest.approx(6e10 * 2 / 3)
    assert training_flops(BIG, 10, trained=0, checkpointing=True) == 6e10
    assert training_seconds(BIG, 1_000, tokens_per_second=50) == 20
    assert training_seconds(BIG, 1_000, flops_per_second=6e11) == pytest.approx(10)
    with pytest.raises(UsageProblem, match="above 0"):
        training_seconds(BIG, 1, tokens_per_second=0)
    with pytest.raises(ValueError, match="give"):
        training_seconds(BIG, 1)
