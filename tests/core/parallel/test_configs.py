"""Generated configurations are what DeepSpeed, transformers and accelerate read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageProblem
from core.parallel.deepspeed_config import BATCH_KEYS, generated, read_user_config
from core.parallel.fsdp_config import FsdpSettings
from core.parallel.modes import Mode

#: What transformers would put in the place of "auto".
FILLED = {
    "train_batch_size": 4, "train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": 2,
    "gradient_clipping": 1.0, "enabled": False, "reduce_bucket_size": 1024,
    "stage3_prefetch_bucket_size": 900, "stage3_param_persistence_threshold": 320,
}  # fmt: skip


def filled(entries: dict[str, Any]) -> dict[str, Any]:
    return {
        key: filled(value)
        if isinstance(value, dict)
        else (FILLED[key] if value == "auto" else value)
        for key, value in entries.items()
    }


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("offload", [False, True])
@pytest.mark.parametrize(("mode", "stage"), [(Mode.ZERO2, 2), (Mode.ZERO3, 3)])
def test_deepspeed_parses_what_is_generated(
    mode: Mode, stage: int, offload: bool, gpu: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    parser = pytest.importorskip("deepspeed.runtime.config")
    settings = generated(mode, offload=offload, gpu=gpu)
    written = json.loads(settings.write(tmp_path / "ds.json").read_text())
    assert written == settings.to_dict()

    parsed = parser.DeepSpeedConfig(filled(written))
    zero = parsed.zero_config
    assert int(zero.stage) == stage
    assert parsed.train_batch_size == 4
    assert parsed.gradient_clipping == 1.0
    assert parsed.zero_force_ds_cpu_optimizer is False
    assert parsed.optimizer_name is None
    assert zero.reduce_bucket_size == 1024
    assert zero.gather_16bit_weights_on_model_save is (stage == 3)
    assert (zero.offload_optimizer is not None) is offload
    assert (zero.offload_param is not None) is (offload and stage == 3)
    if offload:
        assert zero.offload_optimizer.pin_memory is gpu
    if not gpu:
        assert zero.overlap_comm is False
    # A name that DeepSpeed does not know is kept as an extra field and has no effect.
    assert not zero.model_extra


def test_only_deepspeed_modes_have_a_deepspeed_configuration() -> None:
    with pytest.raises(ValueError, match="fsdp"):
        generated(Mode.FSDP, offload=False, gpu=False)


def own(tmp_path: Path, entries: object) -> Path:
    path = tmp_path / "own.json"
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return path


def test_a_users_file_is_kept_and_its_batch_sizes_completed(tmp_path: Path) -> None:
    mine = {"zero_optimization": {"stage": 2, "reduce_bucket_size": 5}, "train_batch_size": 8}
    read = read_user_config(own(tmp_path, mine), Mode.ZERO2, {"train_batch_size": 8})
    assert read["zero_optimization"] == mine["zero_optimization"]
    assert [read[key] for key in BATCH_KEYS] == [8, "auto", "auto"]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("{", "is no JSON"),
        ([1], "one JSON object"),
        ({}, "stage None, but --parallel zero2 is stage 2"),
        ({"zero_optimization": True}, "stage None"),
        ({"zero_optimization": {"stage": 3}}, "stage 3, but --parallel zero2"),
        ({"zero_optimization": {"stage": 2}, "train_batch_size": "8"}, "train_batch_size in"),
        ({"zero_optimization": {"stage": 2}, "train_batch_size": 16}, "is 16, but the command"),
    ],
)
def test_a_users_file_that_contradicts_the_command(
    tmp_path: Path, entries: object, says: str
) -> None:
    with pytest.raises(UsageProblem, match=says):
        read_user_config(own(tmp_path, entries), Mode.ZERO2, {"train_batch_size": 8})


def test_a_users_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No such file"):
        read_user_config(tmp_path / "none.json", Mode.ZERO3)


@pytest.fixture
def _environment_restored() -> Iterator[None]:
    """accelerate's plugins write into the environment."""
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.mark.usefixtures("_environment_restored")
@pytest.mark.parametrize("offload", [False, True])
def test_accelerate_takes_the_fsdp_settings(tmp_path: Path, offload: bool) -> None:
    """Through transformers' own translation, which ignores keys it does not know."""
    from accelerate.utils import FullyShardedDataParallelPlugin
    from torch.distributed.fsdp import CPUOffloadPolicy
    from transformers import TrainingArguments

    settings = FsdpSettings(cpu_offload=offload)
    entries = json.loads(settings.write(tmp_path / "fsdp.json").read_text())
    assert entries == settings.to_dict()
    arguments = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, fsdp=True, fsdp_config=dict(entries)
    )
    plugin = FullyShardedDataParallelPlugin(**arguments.fsdp_plugin_args)
    assert plugin.fsdp_version == 2
    assert plugin.reshard_after_forward is True
    assert isinstance(plugin.cpu_offload, CPUOffloadPolicy) is offload
    assert "FULL_STATE_DICT" in str(plugin.state_dict_type)
    understood = {name.removeprefix("fsdp_") for name in arguments.fsdp_plugin_args}
    # What is off by default is not passed on.
    assert {name.removeprefix("fsdp_") for name, on in entries.items() if on} <= understood
