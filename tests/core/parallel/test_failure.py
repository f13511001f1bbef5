from __future__ import annotations

import json
import signal
from dataclasses import asdict
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem
from core.parallel.failure import (
    RankFailure,
    collect,
    error_path,
    last_meaningful_line,
    log_path,
    memory_advice,
    problem,
    record_exception,
)  # fmt: skip
from core.parallel.modes import Mode, ParallelConfig

TRACEBACK = """\
Loading weights: 100%|██████████| 272/272 [00:00<00:00, 900.0it/s]\r
Traceback (most recent call last):
  File "train.py", line 3, in main
    model(x)
    ~~~~~^^^
RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x5 and 6x7)
/x/site-packages/foo.py:3: UserWarning: something else
  warnings.warn("x")
[W1124 10:19:54 reducer.cpp:1529] Warning: find_unused_parameters=True
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TRACEBACK, "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x5 and 6x7)"),
        (
            "terminate called after throwing 'std::bad_alloc'\n  what():  std::bad_alloc\n",
            "what():  std::bad_alloc",
        ),
        ("step 3\nremediate: the disk is full.\n\n", "remediate: the disk is full."),
        (" 50%|█████     | 1/2 [00:01<00:01]\r\n", ""),
        ("", ""),
        ("E" * 1000, "E" * 300),
    ],
)
def test_the_line_that_says_what_went_wrong(text: str, line: str) -> None:
    assert last_meaningful_line(text) == line


def note(folder: Path, failure: RankFailure) -> None:
    error_path(folder, failure.rank).write_text(json.dumps(asdict(failure)))


def test_the_first_to_fail_is_the_cause_unless_another_was_killed(tmp_path: Path) -> None:
    note(tmp_path, RankFailure(0, 1, "ValueError: b", at=20.0))
    note(tmp_path, RankFailure(2, 1, "ValueError: a", at=10.0))
    note(tmp_path, RankFailure(3, 1, "RuntimeError: Connection closed by peer", at=5.0))
    assert [f.rank for f in collect(tmp_path, {0: 1, 2: 1, 3: 1})] == [2, 0, 3]
    killed = collect(tmp_path, {0: 1, 1: -signal.SIGKILL, 4: -signal.SIGTERM})
    assert [f.rank for f in killed] == [1, 2, 0, 3, 4]
    assert killed[0].kind == "memory"


def test_a_cpp_allocation_failure_is_memory(tmp_path: Path) -> None:
    log_path(tmp_path, 0).write_text("terminate called\n  what():  std::bad_alloc\n")
    found = collect(tmp_path, {0: -signal.SIGABRT})
    assert found[0].kind == "memory"
    told = str(problem(found, tmp_path, ParallelConfig(), gpus=0))
    assert told.startswith("The worker ran out of memory (it was killed by SIGABRT")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory: x"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_memory_is_recognised(tmp_path: Path, error: Exception) -> None:
    record_exception(tmp_path, 0, error)
    found = collect(tmp_path, {0: 1})
    assert found[0].kind == "memory"
    assert isinstance(problem(found, tmp_path, ParallelConfig(), gpus=0), EnvironmentProblem)


def test_another_error_is_not_memory(tmp_path: Path) -> None:
    record_exception(tmp_path, 0, KeyError("memory"))
    assert collect(tmp_path, {0: 1})[0].kind == "other"


@pytest.mark.parametrize(
    ("config", "gpus", "says", "not_says"),
    [
        (ParallelConfig(), 0, "--tuner qlora", "--offload"),
        (ParallelConfig(), 4, "--parallel zero3 --nproc 4", "--offload"),
        (ParallelConfig(mode=Mode.ZERO2, nproc=2), 2, "--parallel zero3, add --offload", "fewer"),
        (ParallelConfig(mode=Mode.ZERO3, nproc=2, offload=True), 2, "--micro-batch", "--offload"),
        (ParallelConfig(mode=Mode.ZERO3, nproc=2), 0, "fewer processes", "--offload"),
    ],
)
def test_advice_fits_the_machine(
    config: ParallelConfig, gpus: int, says: str, not_says: str
) -> None:
    advice = memory_advice(config, gpus=gpus)
    assert says in advice
    assert not_says not in advice
