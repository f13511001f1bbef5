"""Real processes: what is streamed, logged, forwarded and said when one dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.parallel.launch import launch
from core.parallel.modes import Mode, ParallelConfig

ROOT = Path(__file__).parents[3]
WORKER = "tests.core.parallel.workers"
ONE = ParallelConfig()
TWO = ParallelConfig(mode=Mode.DDP, nproc=2)


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def run(tmp_path: Path, config: ParallelConfig, *arguments: str, **options: Any) -> int:
    options.setdefault("on_line", lambda _: None)
    env = {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return launch(WORKER, arguments, config, log_dir=tmp_path / "logs", env=env, **options)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_one_process_streams_logs_and_gets_its_environment(tmp_path: Path) -> None:
    lines: list[str] = []
    config = ParallelConfig(threads=3)
    out = tmp_path / "seen"
    assert run(tmp_path, config, "hello", str(out), on_line=lines.append, env={"EXTRA": "x"}) == 0
    assert lines == ["hello from 0", "on the other stream"]
    assert (tmp_path / "logs" / "rank-0.log").read_text().splitlines() == lines
    seen = dict(line.split("=", 1) for line in out.read_text().splitlines())
    assert seen["OMP_NUM_THREADS"] == "3"
    assert seen["DS_ACCELERATOR"] == "cpu"
    assert seen["EXTRA"] == "x"
    assert "torch_extensions" in seen["TORCH_EXTENSIONS_DIR"]


def test_a_second_run_appends_and_streams_only_what_is_new(tmp_path: Path) -> None:
    for times in (1, 2):
        lines: list[str] = []
        run(tmp_path, ONE, "hello", str(tmp_path / "seen"), on_line=lines.append)
        assert lines == ["hello from 0", "on the other stream"]
        assert (tmp_path / "logs" / "rank-0.log").read_text().count("hello") == times


def test_in_process_runs_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = list(sys.argv)
    assert run(tmp_path, ONE, "hello", str(tmp_path / "seen"), in_process=True) == 0
    assert "hello from 0" in capsys.readouterr().out
    assert sys.argv == kept
    assert not (tmp_path / "logs").exists()


def test_two_processes_reduce_and_only_the_first_is_streamed(tmp_path: Path) -> None:
    lines: list[str] = []
    assert run(tmp_path, TWO, "all_reduce", str(tmp_path), on_line=lines.append) == 0
    assert [(tmp_path / f"sum-{rank}").read_text() for rank in (0, 1)] == ["3.0", "3.0"]
    assert [line for line in lines if line.startswith("sum")] == ["sum 3.0"]
    assert "sum 3.0" in (tmp_path / "logs" / "rank-1.log").read_text()


def test_two_machines_meet_at_the_master(tmp_path: Path) -> None:
    """Both on this machine: each launch stands for one and starts one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def machine(number: int) -> int:
        config = ParallelConfig(
            mode=Mode.DDP, nnodes=2, node_rank=number, master=f"127.0.0.1:{port}"
        )
        out = tmp_path / str(number)
        out.mkdir()
        return run(out, config, "all_reduce", str(tmp_path), env={"GLOO_SOCKET_IFNAME": "lo"})

    with ThreadPoolExecutor() as machines:
        assert list(machines.map(machine, (0, 1))) == [0, 0]
    assert [(tmp_path / f"sum-{rank}").read_text() for rank in (0, 1)] == ["3.0", "3.0"]
    assert (tmp_path / "1" / "logs" / "rank-1.log").is_file()


@pytest.mark.parametrize("config", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("raise", r"failed: ValueError: the adapter is upside down\. Its log is .*rank-\d\.log"),
        ("exit", "failed: the licence has run out"),
        ("cuda-memory", r"ran out of memory \(OutOfMemoryError: CUDA out.*Lower --micro-batch"),
        ("SIGKILL", r"was killed, most often because memory ran out.*SIGKILL.*--micro-batch"),
        ("SIGSEGV", "failed: it was killed by SIGSEGV"),
    ],
)
def test_a_process_that_dies_is_named_with_its_reason(
    tmp_path: Path, config: ParallelConfig, kind: str, says: str
) -> None:
    with pytest.raises(EnvironmentProblem, match=says) as caught:
        run(tmp_path, config, "fail", kind)
    message = str(caught.value)
    assert "Traceback" not in message
    assert "\n" not in message
    assert message.startswith("Process 1 of 2" if config is TWO else "The worker")
    assert ("use fewer processes" in message) == (
        config is TWO and kind in ("cuda-memory", "SIGKILL")
    )


def test_a_problem_of_the_worker_keeps_its_words_and_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"^--batch 3 is no multiple of 2\.$"):
        run(tmp_path, TWO, "fail", "problem")


def test_an_error_of_an_earlier_run_is_not_told_again(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem):
        run(tmp_path, ONE, "fail", "raise")
    with pytest.raises(EnvironmentProblem, match="SIGSEGV"):
        run(tmp_path, ONE, "fail", "SIGSEGV")


_COMMAND = """
import sys
from pathlib import Path
from core.parallel.launch import launch
from core.parallel.modes import ParallelConfig
out, mode, nproc, what = sys.argv[1:]
try:
    launch("tests.core.parallel.workers", [what, out], ParallelConfig(mode=mode, nproc=int(nproc)),
           log_dir=Path(out) / "logs")
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(tmp_path: Path, mode: str, nproc: int, what: str) -> subprocess.Popen[bytes]:
    """The launcher in a process of its own, once every worker waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, str(tmp_path), mode, str(nproc), what],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: len(list(tmp_path.glob("pid-*"))) == nproc, 60)
    time.sleep(0.3)  # into the sleep, past the note
    return process


def pids(tmp_path: Path) -> list[int]:
    return [int(path.read_text()) for path in tmp_path.glob("pid-*")]


@pytest.mark.parametrize(("mode", "nproc"), [("none", 1), ("ddp", 2)])
def test_ctrl_c_reaches_every_process(tmp_path: Path, mode: str, nproc: int) -> None:
    command = start(tmp_path, mode, nproc, "wait")
    command.send_signal(signal.SIGINT)
    assert command.wait(30) == 130
    assert len(list(tmp_path.glob("interrupted-*"))) == nproc
    assert not any(alive(pid) for pid in pids(tmp_path))


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    command = start(tmp_path, "ddp", 2, "stubborn")
    command.send_signal(signal.SIGINT)
    time.sleep(1)
    assert all(alive(pid) for pid in pids(tmp_path))
    command.send_signal(signal.SIGINT)
    assert command.wait(10) == 130
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path)), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize(("mode", "nproc"), [("none", 1), ("ddp", 2)])
def test_killing_the_command_leaves_no_orphan(tmp_path: Path, mode: str, nproc: int) -> None:
    command = start(tmp_path, mode, nproc, "wait")
    command.kill()
    command.wait(10)
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path)), 30)
