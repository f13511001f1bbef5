"""DeepSpeed's configuration for ZeRO-2 and ZeRO-3: ours as typed fields, or the user's file.

Names and defaults are those of DeepSpeed 0.19 (``deepspeed/runtime/zero/config.py`` and
``offload_config.py``). ``"auto"`` is filled by transformers from the training arguments and the
model (``HfTrainerDeepSpeedConfig``), so that a number is never said twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import UsageProblem
from core.parallel.modes import Mode, ParallelConfig

Auto = Literal["auto"]
AUTO: Auto = "auto"

#: Keys whose number must agree with the training arguments: transformers stops on a mismatch, but
#: only after the model has been loaded.
BATCH_KEYS = ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")


@dataclass(frozen=True, slots=True)
class Offload:
    """Where something lives while it is not needed (Ren et al. 2021, *ZeRO-Offload*)."""

    device: Literal["cpu"] = "cpu"
    """Host memory. NVMe needs DeepSpeed's async_io library and a disk chosen by the user: write
    your own file for it."""

    pin_memory: bool = True
    """Page-locked host memory, for transfers that overlap with computing; DeepSpeed's default is
    true. False where there is no GPU: nothing is transferred."""

    def to_dict(self) -> dict[str, Any]:
        return {"device": self.device, "pin_memory": self.pin_memory}


@dataclass(frozen=True, slots=True)
class ZeroConfig:
    """``zero_optimization``: what is divided among the processes and in what portions."""

    stage: Literal[2, 3]
    """2: optimiser states and gradients; 3: parameters too (Rajbhandari et al. 2020, section 5)."""

    offload_optimizer: Offload | None = None
    """Optimiser states in host memory, updated by the CPU. DeepSpeed's default: none."""

    offload_param: Offload | None = None
    """Divided parameters in host memory; stage 3 alone. DeepSpeed's default: none."""

    overlap_comm: bool | None = None
    """Reduce gradients while the backward pass goes on; needs CUDA streams and 4.5 times the
    bucket in memory. DeepSpeed's default: on in stage 3, off below."""

    contiguous_gradients: bool = True
    """Gradients go into one buffer as they appear, against fragmentation. DeepSpeed's default."""

    reduce_bucket_size: int | Auto = AUTO
    """Elements reduced at once. DeepSpeed's default, 5e8, costs 2 GB in fp32 however small the
    adapter; ``auto`` is hidden size squared."""

    stage3_prefetch_bucket_size: int | Auto = AUTO
    """Elements fetched ahead. DeepSpeed's default: 5e7; ``auto``: 0.9 · hidden size squared."""

    stage3_param_persistence_threshold: int | Auto = AUTO
    """Parameters with fewer elements are not divided: fetching a norm's weights costs more than
    they weigh. DeepSpeed's default: 1e5; ``auto``: 10 · hidden size."""

    stage3_gather_16bit_weights_on_model_save: bool = True
    """Gather the whole state before saving. DeepSpeed's default is false, and then what is saved
    is each process's shard (empty tensors to anyone else)."""

    def to_dict(self) -> dict[str, Any]:
        """``zero_optimization`` as DeepSpeed reads it; stage 3's keys in stage 3 alone."""
        entries: dict[str, Any] = {
            "stage": self.stage,
            "contiguous_gradients": self.contiguous_gradients,
            "reduce_bucket_size": self.reduce_bucket_size,
        }
        if self.overlap_comm is not None:
            entries["overlap_comm"] = self.overlap_comm
        if self.offload_optimizer is not None:
            entries["offload_optimizer"] = self.offload_optimizer.to_dict()
        if self.stage == 3:
            for name in (
                "stage3_prefetch_bucket_size",
                "stage3_param_persistence_threshold",
                "stage3_gather_16bit_weights_on_model_save",
            ):
                entries[name] = getattr(self, name)
            if self.offload_param is not None:
                entries["offload_param"] = self.offload_param.to_dict()
        return entries


@dataclass(frozen=True, slots=True)
class DeepSpeedSettings:
    """The whole configuration.

    It names no optimiser: the trainer's own (torch's AdamW, or LoRA+'s groups) is used then, the
    same in every mode, where DeepSpeed's would be compiled at first use and see one group.
    """

    zero: ZeroConfig

    train_batch_size: int | Auto = AUTO
    """Examples an optimiser step: processes × micro batch × accumulation."""

    train_micro_batch_size_per_gpu: int | Auto = AUTO
    """Examples a forward pass, per process."""

    gradient_accumulation_steps: int | Auto = AUTO
    """Forward passes an optimiser step."""

    gradient_clipping: float | Auto = AUTO
    """Largest norm of the gradient (Pascanu et al. 2013). DeepSpeed's default: 0, no clipping."""

    zero_force_ds_cpu_optimizer: bool = False
    """Whether offloading insists on DeepSpeedCPUAdam, which g++ compiles for this machine's
    processor. DeepSpeed's default is true, and refuses torch's AdamW."""

    bf16: bool | Auto = AUTO
    """bfloat16 weights with fp32 master copies; ``auto``: as the training arguments say."""

    steps_per_print: int = 1_000_000
    """Steps between DeepSpeed's own lines; its default is 10, and the trainer logs already."""

    def to_dict(self) -> dict[str, Any]:
        """What ``TrainingArguments(deepspeed=…)`` takes."""
        entries: dict[str, Any] = {name: getattr(self, name) for name in BATCH_KEYS}
        return entries | {
            "gradient_clipping": self.gradient_clipping,
            "bf16": {"enabled": self.bf16},
            "zero_optimization": self.zero.to_dict(),
            "zero_force_ds_cpu_optimizer": self.zero_force_ds_cpu_optimizer,
            "steps_per_print": self.steps_per_print,
        }

    def write(self, path: Path) -> Path:
        """Save as JSON; returns ``path``."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        return path


def generated(mode: Mode, *, offload: bool, gpu: bool) -> DeepSpeedSettings:
    """Our settings for ``zero2`` or ``zero3``; ``gpu``: whether the worker trains on one."""
    if not mode.deepspeed:
        raise ValueError(f"{mode} is not a mode of DeepSpeed")
    away = Offload(pin_memory=gpu) if offload else None
    return DeepSpeedSettings(
        ZeroConfig(
            stage=3 if mode is Mode.ZERO3 else 2,
            offload_optimizer=away,
            offload_param=away if mode is Mode.ZERO3 else None,
            overlap_comm=None if gpu else False,
        )
    )


def deepspeed_settings(config: ParallelConfig, *, gpu: bool) -> dict[str, Any]:
    """What the training arguments get: the user's file, checked, or else ours."""
    if config.deepspeed_config is not None:
        return read_user_config(config.deepspeed_config, config.mode)
    return generated(config.mode, offload=config.offload, gpu=gpu).to_dict()


def read_user_config(path: Path, mode: Mode, batch: dict[str, int] | None = None) -> dict[str, Any]:
    """The user's DeepSpeed JSON. Raises :class:`UsageProblem` where it contradicts the command.

    ``batch``: the numbers that the training arguments will give to :data:`BATCH_KEYS`; where it
    is given, a number in the file must be the same.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(
            f"--deepspeed-config {path} cannot be read ({error.strerror or error})."
        ) from error
    except ValueError as error:
        raise UsageProblem(f"--deepspeed-config {path} is no JSON ({error}).") from error
    if not isinstance(found, dict):
        raise UsageProblem(f"--deepspeed-config {path} must hold one JSON object.")
    zero = found.get("zero_optimization")
    stage = zero.get("stage") if isinstance(zero, dict) else None
    wanted = 3 if mode is Mode.ZERO3 else 2
    if stage != wanted:
        raise UsageProblem(
            f"{path} has zero_optimization.stage {stage}, but --parallel {mode} is stage {wanted}. "
            f"Change one of the two."
        )
    for key in BATCH_KEYS:
        value = found.get(key, AUTO)
        if value == AUTO:
            # Left out, DeepSpeed cannot work it out before transformers has filled the rest.
            found[key] = AUTO
        elif not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UsageProblem(f'{key} in {path} must be "auto" or a whole number above 0.')
        elif batch is not None and key in batch and batch[key] != value:
            raise UsageProblem(
                f'{key} in {path} is {value}, but the command says {batch[key]}: write "auto".'
            )
    return found
