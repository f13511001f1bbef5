"""What a training worker calls to become one process of many.

In this order: :func:`prepare`, the training arguments with :func:`training_arguments` in them, and
only then the model: ZeRO-3 divides parameters while they load if, and only if, the arguments exist.
"""

from __future__ import annotations

import importlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.errors import UsageProblem
from core.parallel.deepspeed_config import deepspeed_settings
from core.parallel.environment import gpu_count
from core.parallel.fsdp_config import FsdpSettings
from core.parallel.fsdp_on_cpu import shard_on_cpus
from core.parallel.modes import Mode, ParallelConfig

#: A collective that waits longer has lost a peer. Half an hour covers a slow first step on a CPU.
_TIMEOUT = timedelta(minutes=30)


def prepare(config: ParallelConfig | Path) -> ParallelConfig:
    """Set the threads, and start DeepSpeed's process group where the mode is DeepSpeed's.

    ``config`` may be the file written by :meth:`ParallelConfig.write`; returns the configuration.
    transformers computes batch sizes when the training arguments are built, and on a CPU it would
    count one process if the group did not exist by then.
    """
    if isinstance(config, Path):
        config = ParallelConfig.read(config)
    import torch

    if config.distributed and "RANK" not in os.environ:
        raise UsageProblem(
            f"--parallel {config.mode} was set but this process is none of a group: start the "
            "worker by core.parallel.launch or torchrun."
        )
    if not config.distributed:
        _one_gpu()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    if config.mode.deepspeed and not torch.distributed.is_initialized():
        deepspeed: Any = importlib.import_module("deepspeed")
        deepspeed.init_distributed(
            dist_backend=backend(config), auto_mpi_discovery=False, verbose=False, timeout=_TIMEOUT
        )
    if config.mode is Mode.FSDP and not gpu_count():
        shard_on_cpus(_TIMEOUT)
    return config


def _one_gpu() -> None:
    """Hide all GPUs but the first: the trainer would spread a lone process over them by
    ``nn.DataParallel``, which neither quantised weights nor memory estimates expect."""
    if gpu_count() > 1:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES") or "0"
        os.environ["CUDA_VISIBLE_DEVICES"] = seen.split(",")[0]


def backend(config: ParallelConfig) -> str:
    """``gloo`` on CPUs, ``nccl`` on GPUs; both for FSDP with offloading, whose states are on the
    host."""
    if not gpu_count():
        return "gloo"
    if config.mode is Mode.FSDP and config.offload:
        return "cuda:nccl,cpu:gloo"
    return "nccl"


def training_arguments(config: ParallelConfig, *, dtype: str | None = None) -> dict[str, Any]:
    """Keyword arguments for transformers' ``TrainingArguments`` and TRL's configurations.

    ``dtype``: ``bfloat16`` or ``float32`` adds ``bf16``; None leaves precision to the caller. Each
    call returns fresh dictionaries, because transformers writes into the ones it is given.
    """
    gpu = gpu_count() > 0
    arguments: dict[str, Any] = {}
    if not gpu:
        arguments["use_cpu"] = True
    if dtype is not None:
        arguments["bf16"] = dtype == "bfloat16"
    if not config.distributed:
        return arguments
    arguments |= {"ddp_backend": backend(config), "ddp_timeout": int(_TIMEOUT.total_seconds())}
    if config.mode is Mode.DDP:
        # Every adapter takes part in every step; looking for unused ones costs a graph walk.
        arguments["ddp_find_unused_parameters"] = False
    elif config.mode.deepspeed:
        arguments["deepspeed"] = deepspeed_settings(config, gpu=gpu)
    elif config.mode is Mode.FSDP:
        arguments["fsdp"] = True
        arguments["fsdp_config"] = FsdpSettings(cpu_offload=config.offload).to_dict()
    return arguments
