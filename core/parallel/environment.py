"""What a worker's processes find in their environment, and what the machine offers them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from core.errors import EnvironmentProblem, UsageProblem
from core.parallel.cpu_ops import extensions_dir
from core.parallel.modes import ParallelConfig

#: What torchrun tells its processes. Inherited by a lone process, it would wait for peers.
_GROUP = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def gpu_count() -> int:
    """CUDA devices that torch can use; 0 for a CPU build."""
    import torch

    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0


def processors() -> int:
    """Processors this process may run on (a container or ``taskset`` may allow fewer than all)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_per_process(config: ParallelConfig) -> int:
    """``--threads``, else the processors shared evenly among this machine's processes."""
    return config.threads or max(1, processors() // config.nproc)


def check_machine(config: ParallelConfig, *, gpus: int) -> None:
    """Raise where this machine cannot do what ``config`` asks."""
    if gpus and config.nproc > gpus:
        raise UsageProblem(
            f"--nproc {config.nproc} is more than the {gpus} GPU{'s' if gpus > 1 else ''} here: "
            f"each process needs its own. Use --nproc {gpus}."
        )
    if config.mode.deepspeed and importlib.util.find_spec("deepspeed") is None:
        raise EnvironmentProblem(
            f"--parallel {config.mode} needs the package deepspeed, which is not installed. "
            "Run: pip install deepspeed (or use --parallel fsdp)."
        )


def worker_environment(
    config: ParallelConfig, *, gpus: int, base: Mapping[str, str]
) -> dict[str, str]:
    """``base`` and what the worker needs; what ``base`` sets already is kept, threads apart.

    Sets ``OMP_NUM_THREADS`` (torchrun's own default is 1), ``TORCH_EXTENSIONS_DIR``,
    ``PYTHONUNBUFFERED``, the interpreter's folder on ``PATH`` (``ninja`` lies there in a virtual
    environment that is not activated), and on a machine without a GPU ``DS_ACCELERATOR=cpu`` and
    the loopback interface for gloo where all processes are on one machine. A process group that
    this process belongs to is not inherited.
    """
    environment = dict(base)
    for name in _GROUP:
        # torchrun sets its own for the processes of a group.
        environment.pop(name, None)
    environment["OMP_NUM_THREADS"] = str(threads_per_process(config))
    # Waiting threads that spin take the processor from whoever they wait for, as soon as
    # anything else runs on the machine.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    environment["PYTHONUNBUFFERED"] = "1"
    here = str(Path(sys.executable).parent)
    places = environment.get("PATH", os.defpath).split(os.pathsep)
    if here not in places:
        environment["PATH"] = os.pathsep.join((here, *places))
    environment.setdefault("TORCH_EXTENSIONS_DIR", str(extensions_dir()))
    # A tokenizer's own threads and forked data loaders do not go together.
    environment.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not gpus:
        environment.setdefault("DS_ACCELERATOR", "cpu")
        if config.nnodes == 1 and sys.platform == "linux":
            # gloo looks its own host name up, which fails in many containers.
            environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    return environment
