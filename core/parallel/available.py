"""How much memory this machine has free for a training."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

_CGROUP = Path("/sys/fs/cgroup")


def gpu_memory() -> int | None:
    """Free bytes on the GPU that has the fewest; None without a GPU."""
    import torch

    if not torch.cuda.is_available():
        return None
    return min(int(torch.cuda.mem_get_info(i)[0]) for i in range(torch.cuda.device_count()))


def host_memory(cgroup: Path = _CGROUP) -> int:
    """Bytes the machine can still give, or this container where it is allowed less.

    A container sees the whole machine's memory in ``/proc`` and is killed at its own limit
    (cgroup v2: ``memory.max``, ``memory.current``).
    """
    psutil: Any = importlib.import_module("psutil")
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = int((cgroup / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return free if limit == "max" else max(0, min(free, int(limit) - used))
