"""Why a training's process died, found in what it left behind, in two sentences."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import EnvironmentProblem, EquipoiseError, UsageProblem
from core.parallel.modes import Mode, ParallelConfig

#: How torch, CUDA, malloc and Python say that memory has run out.
_OUT_OF_MEMORY = re.compile(
    r"out of memory|OutOfMemoryError|not enough memory|can't allocate memory|"
    r"Cannot allocate memory|MemoryError|std::bad_alloc|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
#: A line that ends a traceback: ``RuntimeError: …``, ``torch.cuda.OutOfMemoryError: …``.
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Problem|Exit|Interrupt)\b(:|$)")
#: Lines that explain nothing: a traceback's frames and carets, warnings, progress bars, separators.
_NOISE = re.compile(
    r"^\s|^Traceback |warning|^[\W_]+$|\d+%\||^\[W\d|^During handling|^The above exception|"
    r"^frame #\d|^Fatal Python error|^terminate called",
    re.IGNORECASE,
)
#: Signals by which the machine or a defect kills a process first; peers fail in its wake.
_FATAL = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
#: What a process says when another has gone: never the cause, whatever the clocks say.
_PEER = re.compile(
    r"Connection (closed|reset) by peer|Broken pipe|remote process exited|Connection refused",
    re.IGNORECASE,
)
#: A log's end is where the cause stands.
_TAIL_BYTES = 65_536
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class RankFailure:
    """How one process ended."""

    rank: int
    exit_code: int
    """As :mod:`subprocess` has it: negative for a signal."""

    message: str = ""
    """One line, ``Type: text`` where an exception was seen."""

    kind: str = "other"
    """``usage`` and ``environment``: the worker's own words to the user; ``memory``; ``other``."""

    at: float = float("inf")
    """When, in seconds since the epoch; infinite if not known."""


def log_path(log_dir: Path, rank: int) -> Path:
    """Where the output of a process goes."""
    return log_dir / f"rank-{rank}.log"


def error_path(log_dir: Path, rank: int) -> Path:
    return log_dir / f"rank-{rank}.error.json"


def record_exception(log_dir: Path, rank: int, error: Exception) -> int:
    """Called in the dying process; returns its exit code."""
    code, kind = 1, "other"
    message = str(error)
    if isinstance(error, EquipoiseError):
        code = error.exit_code
        kind = "usage" if isinstance(error, UsageProblem) else "environment"
    else:
        message = f"{type(error).__name__}: {_first_line(message)}".removesuffix(": ")
        if _OUT_OF_MEMORY.search(f"{type(error).__name__} {error}"):
            kind = "memory"
    failure = RankFailure(rank, code, message, kind, time.time())
    error_path(log_dir, rank).write_text(json.dumps(asdict(failure)), encoding="utf-8")
    return code


def record_exit(log_dir: Path, rank: int, stop: SystemExit) -> None:
    """Called in a process that leaves by ``sys.exit(code or message)``: what it printed last."""
    said = isinstance(stop.code, str)
    line = str(stop.code) if said else last_meaningful_line(_tail(log_path(log_dir, rank)))
    code = stop.code if isinstance(stop.code, int) else 1
    kind = "memory" if _OUT_OF_MEMORY.search(line) else "other"
    failure = RankFailure(rank, code, line or f"exit code {code}", kind, time.time())
    error_path(log_dir, rank).write_text(json.dumps(asdict(failure)), encoding="utf-8")


def collect(log_dir: Path, exit_codes: Mapping[int, int]) -> list[RankFailure]:
    """Every failed process, the likeliest cause first.

    The first to fail is the cause, and a process killed outright before any: when it is gone, the
    others fail by "connection closed". One ended by SIGTERM was ended because another had failed.
    """
    ranks = set(exit_codes)
    ranks |= {int(p.name[5:].split(".")[0]) for p in log_dir.glob("rank-*.error.json")}
    failures = [_failure(log_dir, rank, exit_codes.get(rank)) for rank in sorted(ranks)]

    def order(failure: RankFailure) -> tuple[int, float, int]:
        code = failure.exit_code
        if code < 0 and -code in _FATAL:
            first = 0
        elif code == -signal.SIGTERM:
            first = 3
        elif _PEER.search(failure.message):
            first = 2
        else:
            first = 1
        return first, failure.at, failure.rank

    return sorted(failures, key=order)


def _failure(log_dir: Path, rank: int, code: int | None) -> RankFailure:
    noted = error_path(log_dir, rank)
    if noted.is_file():
        return RankFailure(**json.loads(noted.read_text(encoding="utf-8")))
    assert code is not None  # a rank without a note is known by its exit code
    tail = _tail(log_path(log_dir, rank))
    line = last_meaningful_line(tail)
    if code < 0:
        name = signal.Signals(-code).name
        killed = f"it was killed by {name}" + (f" after: {line}" if line else "")
        memory = code == -signal.SIGKILL or (_OUT_OF_MEMORY.search(line) is not None)
        return RankFailure(rank, code, killed, "memory" if memory else "other")
    kind = "memory" if _OUT_OF_MEMORY.search(line) else "other"
    return RankFailure(rank, code, line or f"exit code {code}", kind)


def problem(
    failures: list[RankFailure], log_dir: Path, config: ParallelConfig, *, gpus: int
) -> EquipoiseError:
    """The error to raise: the worker's own words, or ours with the log and what to change."""
    cause = failures[0]
    if cause.kind == "usage":
        return UsageProblem(cause.message)
    if cause.kind == "environment":
        return EnvironmentProblem(cause.message)
    who = "The worker"
    if config.world_size > 1:
        who = f"Process {cause.rank} of {config.world_size} (counted from 0)"
    log = log_path(log_dir, cause.rank)
    told = cause.message.rstrip(".")
    if cause.kind == "memory":
        sure = "ran out of memory"
        if cause.exit_code == -signal.SIGKILL:
            sure = "was killed, most often because memory ran out"
        return EnvironmentProblem(
            f"{who} {sure} ({told}). {memory_advice(config, gpus=gpus)}; its log is {log}."
        )
    return EnvironmentProblem(f"{who} failed: {told}. Its log is {log}.")


def memory_advice(config: ParallelConfig, *, gpus: int) -> str:
    """What to change when memory has run out, the cheapest first."""
    ways = ["Lower --micro-batch"]
    if gpus:
        if config.mode is Mode.NONE and gpus > 1:
            ways.append(f"add --parallel zero3 --nproc {gpus}")
        elif config.mode in (Mode.DDP, Mode.ZERO2) and config.world_size > 1:
            ways.append("use --parallel zero3")
        if config.mode not in (Mode.NONE, Mode.DDP) and not config.offload:
            ways.append("add --offload")
    elif config.nproc > 1:
        # Processes without a GPU live in the same memory: offloading moves nothing.
        ways.append(f"use fewer processes than --nproc {config.nproc}")
    ways.append("train by QLoRA (--tuner qlora)")
    return f"{', '.join(ways[:-1])} or {ways[-1]}"


def last_meaningful_line(text: str) -> str:
    """The line that says what went wrong: the last exception, else the last that is no noise.

    ``what():`` of a C++ exception counts as one. At most 300 characters; "" for no such line.
    """
    lines: list[str] = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    for line in reversed(lines):
        if line.lstrip().startswith("what():"):
            return line.lstrip()[:_LONGEST]
        if _EXCEPTION.match(line):
            return line[:_LONGEST]
    return next((line for line in reversed(lines) if not _NOISE.search(line)), "")[:_LONGEST]


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return log.read().decode("utf-8", errors="replace")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:_LONGEST]
