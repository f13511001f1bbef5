"""One process of a training: send its output to its own log, run the worker, note how it failed.

Run by :mod:`core.parallel.launch`, by itself or under torchrun, as
``python -m core.parallel.rank LOG_DIR WORKER ARGUMENT…``.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import traceback
from pathlib import Path

from core.parallel.failure import log_path, record_exception, record_exit
from core.parallel.orphans import die_with_parent


def main(argv: list[str]) -> int:
    """Run module ``WORKER`` as ``__main__``; returns its exit code."""
    log_dir, worker, *arguments = argv
    rank = int(os.environ.get("RANK", "0"))
    die_with_parent(signal.SIGKILL)
    # The file descriptors themselves: what C++ libraries print belongs in the log too.
    log = os.open(log_path(Path(log_dir), rank), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)
    sys.argv = [worker, *arguments]
    try:
        runpy.run_module(worker, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        if stop.code:
            record_exit(Path(log_dir), rank, stop)
        raise
    except Exception as error:
        traceback.print_exc()
        return record_exception(Path(log_dir), rank, error)
    _leave_group()
    return 0


def _leave_group() -> None:
    torch = sys.modules.get("torch")
    if (
        torch is not None
        and torch.distributed.is_available()
        and torch.distributed.is_initialized()
    ):
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
