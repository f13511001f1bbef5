"""No process of a training outlives the command that started it, however that ended."""

from __future__ import annotations

import ctypes
import importlib
import signal
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1


def die_with_parent(how: signal.Signals) -> None:
    """Have the kernel send ``how`` to this process when its parent dies, even by SIGKILL.

    Linux alone (``prctl(2)``, PR_SET_PDEATHSIG); elsewhere nothing is done.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all its descendants, in whatever sessions they are."""
    psutil: Any = importlib.import_module("psutil")
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)
