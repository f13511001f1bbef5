"""FSDP without a GPU, which PyTorch can do and accelerate would leave out without a word.

accelerate 1.15 looks at its FSDP plugin for accelerators alone (``AcceleratorState.__init__``,
``accelerate/state.py``): processes on CPUs get DDP instead, every one with the whole model. The
losses are the same, so nobody notices. Here its answer to "what kind of processes are these?" is
corrected before the training arguments ask; ``fully_shard`` itself divides over gloo.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from core.errors import EnvironmentProblem


def shard_on_cpus(timeout: timedelta) -> None:
    """Have accelerate apply FSDP in this process. Call before the training arguments are built.

    Starts the gloo process group. Raises :class:`EnvironmentProblem` for an accelerate that is
    built otherwise.
    """
    import torch
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType

    original = getattr(PartialState, "_prepare_backend", None)
    if original is None:
        raise EnvironmentProblem(
            "This version of accelerate cannot be told to shard on CPUs. "
            "Use --parallel zero3, or accelerate 1.15."
        )
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo", timeout=timeout)

    def prepare_backend(self: Any, *arguments: Any, **named: Any) -> tuple[Any, Any]:
        backend, kind = original(self, *arguments, **named)
        # Any kind that accelerate shards will do; the device is settled by the variable below.
        return backend, DistributedType.MULTI_GPU if kind == DistributedType.MULTI_CPU else kind

    PartialState._prepare_backend = prepare_backend
    os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
