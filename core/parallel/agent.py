"""torchrun with its account of a failure as JSON instead of a table.

``python -m core.parallel.agent STATUS.json TORCHRUN_ARGUMENT…`` takes what
``python -m torch.distributed.run`` takes, and watches the processes of this machine.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from core.parallel.orphans import die_with_parent


def main(argv: list[str]) -> int:
    """Returns 0 if every process did, else 1 with ``{rank: exit code}`` in the status file."""
    status, *arguments = argv
    # A polite signal: torchrun passes it on and waits for the processes.
    die_with_parent(signal.SIGTERM)
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        run.run(run.parse_args(arguments))
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        Path(status).write_text(json.dumps(codes), encoding="utf-8")
        return 1
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
