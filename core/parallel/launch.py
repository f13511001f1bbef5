"""Start a training worker in one process or many, watch it, and say why it failed."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from core.parallel.cpu_ops import prebuild_cpu_ops
from core.parallel.environment import check_machine, gpu_count, worker_environment
from core.parallel.failure import (
    RankFailure,
    collect,
    error_path,
    last_meaningful_line,
    log_path,
    problem,
)
from core.parallel.modes import ParallelConfig
from core.parallel.orphans import kill_tree

#: Between two looks at the processes and at the log, in seconds.
_POLL = 0.1
#: How long the others may take to end when one has died, and all after Ctrl-C, in seconds.
_GRACE = 20
_AGENT_LOG = "torchrun.log"


def launch(
    worker: str,
    arguments: Sequence[str],
    config: ParallelConfig,
    *,
    log_dir: Path,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = print,
    in_process: bool = False,
) -> int:
    """Run ``python -m worker arguments…`` as ``config`` says and wait for it; returns 0.

    Every process writes ``log_dir/rank-N.log`` (appended to, so that a resumed training keeps its
    history); new lines of process 0 are also given to ``on_line``. ``env`` is added to this
    process's environment. ``in_process`` runs a lone process here, without a log.

    Raises :class:`~core.errors.EnvironmentProblem` when a process fails, naming the cause and the
    log, after all processes are gone; a problem that the worker itself raised keeps its words and
    exit code. Ctrl-C is passed on; the processes get 20 seconds, a second Ctrl-C none, and
    :class:`KeyboardInterrupt` goes up.
    """
    if in_process and not config.distributed:
        return _run_here(worker, arguments)
    gpus = gpu_count()
    check_machine(config, gpus=gpus)
    environment = worker_environment(config, gpus=gpus, base={**os.environ, **(env or {})})
    if config.mode.deepspeed and not gpus:
        prebuild_cpu_ops(Path(environment["TORCH_EXTENSIONS_DIR"]))
    log_dir.mkdir(parents=True, exist_ok=True)
    status = log_dir / "status.json"
    for stale in (status, *(error_path(log_dir, rank) for rank in range(config.world_size))):
        stale.unlink(missing_ok=True)
    rank = ["-m", "core.parallel.rank", str(log_dir), worker, *arguments]
    command = [sys.executable, *rank]
    if config.distributed:
        agent = [sys.executable, "-m", "core.parallel.agent", str(status)]
        flags = [*config.torchrun_args, "--shutdown-timeout", str(_GRACE)]
        command = [*agent, *flags, *rank]
    first = config.node_rank * config.nproc
    lines = _new_lines(log_path(log_dir, first))
    with (log_dir / _AGENT_LOG).open("ab") as agent_log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=agent_log,
            stderr=agent_log,
            # A terminal's Ctrl-C reaches us alone; we pass it on, once.
            start_new_session=True,
        )
    try:
        code = _watch(process, lines, on_line)
    except BaseException:
        kill_tree(process.pid)
        raise
    if code == 0:
        return 0
    if not config.distributed:
        codes = {0: code}
    elif status.is_file():
        codes = {int(rank): at for rank, at in json.loads(status.read_text()).items()}
    else:
        codes = {}
    failures = collect(log_dir, codes) or [_agent_failure(log_dir, code)]
    raise problem(failures, log_dir, config, gpus=gpus)


def _run_here(worker: str, arguments: Sequence[str]) -> int:
    kept = sys.argv
    sys.argv = [worker, *arguments]
    try:
        runpy.run_module(worker, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = kept
    return 0


def _watch(
    process: subprocess.Popen[bytes],
    lines: Callable[[], Iterator[str]],
    on_line: Callable[[str], None],
) -> int:
    """Tell the lines as they come until the process ends; returns its exit code."""
    try:
        while process.poll() is None:
            for line in lines():
                on_line(line)
            time.sleep(_POLL)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        # A second Ctrl-C interrupts this wait, and the caller kills what is left.
        deadline = time.monotonic() + _GRACE + 5
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL)
        raise
    for line in lines():
        on_line(line)
    return process.returncode


def _new_lines(path: Path) -> Callable[[], Iterator[str]]:
    """A function giving the lines that were completed in ``path`` since it was last called."""
    offset = path.stat().st_size if path.is_file() else 0
    rest = b""

    def read() -> Iterator[str]:
        nonlocal offset, rest
        if not path.is_file():
            return
        with path.open("rb") as log:
            log.seek(offset)
            new = log.read()
        offset += len(new)
        # A progress bar ends its states by a carriage return.
        *whole, rest = (rest + new).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield line.decode("utf-8", errors="replace")

    return read


def _agent_failure(log_dir: Path, code: int) -> RankFailure:
    """torchrun itself failed: no rendezvous, a port in use, no such host."""
    text = (log_dir / _AGENT_LOG).read_text(encoding="utf-8", errors="replace")
    return RankFailure(0, code, last_meaningful_line(text) or f"torchrun ended with code {code}")
