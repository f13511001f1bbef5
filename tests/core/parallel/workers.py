"""Workers for the launcher's tests: ``python -m tests.core.parallel.workers WHAT ARGUMENT…``."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

RANK = int(os.environ.get("RANK", "0"))


def hello(out: str) -> None:
    print(f"hello from {RANK}")
    print("on the other stream", file=sys.stderr)
    names = ("OMP_NUM_THREADS", "DS_ACCELERATOR", "TORCH_EXTENSIONS_DIR", "EXTRA")
    seen = "\n".join(f"{name}={os.environ.get(name)}" for name in names)
    Path(out).write_text(seen, encoding="utf-8")


def _group() -> None:
    import torch.distributed as dist

    dist.init_process_group("gloo", timeout=timedelta(seconds=60))


def all_reduce(out: str) -> None:
    """Every process adds its number, counted from 1; each writes the sum."""
    import torch
    import torch.distributed as dist

    _group()
    total = torch.tensor([float(RANK + 1)])
    dist.all_reduce(total)
    (Path(out) / f"sum-{RANK}").write_text(str(total.item()), encoding="utf-8")
    print(f"sum {total.item()}")


def fail(kind: str) -> None:
    """Process 1 fails (or the only one); process 0 waits for it in a collective."""
    import torch.distributed as dist

    if "RANK" in os.environ:
        _group()
        if RANK != 1:
            dist.barrier()
            return
    if kind == "raise":
        raise ValueError("the adapter is upside down\nsecond line")
    if kind == "problem":
        from core.errors import UsageProblem

        raise UsageProblem("--batch 3 is no multiple of 2.")
    if kind == "cuda-memory":
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    if kind == "exit":
        print("the licence has run out", file=sys.stderr)
        sys.exit(7)
    os.kill(os.getpid(), getattr(signal, kind))


def wait(out: str) -> None:
    """Note the process id and wait to be interrupted; note that too."""
    (Path(out) / f"pid-{RANK}").write_text(str(os.getpid()), encoding="utf-8")
    print("waiting")
    try:
        time.sleep(120)
    except KeyboardInterrupt:
        (Path(out) / f"interrupted-{RANK}").touch()
        raise


def stubborn(out: str) -> None:
    """Ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wait(out)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
