"""What the tests of whole runs share: a quiet watcher, options, and the real command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.runner import RunOptions

ROOT = Path(__file__).parents[2]
AUDIT = Path(sys.executable).with_name("audit")


class Quiet:
    """A watcher that remembers; ``stop_after`` batches it plays Ctrl-C."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.said: list[str] = []
        self.batches: list[int] = []
        self.stop_after = stop_after

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.said.append(message)

    def start(self, what: str, total: int, done: int) -> None:
        self.said.append(f"{what}: {done} of {total}")

    def advance(self, n: int) -> None:
        self.batches.append(n)
        if len(self.batches) == self.stop_after:
            raise KeyboardInterrupt

    def stop(self) -> None:
        """Nothing is drawn."""


def options(model: Path | str, out: Path, **other: Any) -> RunOptions:
    """A small audit by transformers, unless ``other`` says otherwise."""
    usual: dict[str, Any] = {"suites": ("pronouns",), "backend": "transformers", "limit": 8}
    return RunOptions(str(model), out=out, **(usual | other))


def words(model: Path | str, out: Path, *more: str, suite: str = "pronouns") -> list[str]:
    """The command line of :func:`options`, without its limit."""
    line = ["run", str(model), "--suite", suite, "--backend", "transformers", "--out", str(out)]
    return [*line, *more]


def environment(**more: str) -> dict[str, str]:
    """One thread, as in the tests' own process: a sum's last bit depends on how it is split."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "120", **more}


def audit(*arguments: str, timeout: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the real command line to its end."""
    return subprocess.run(
        [str(AUDIT), *arguments], cwd=ROOT, env=environment(**env), timeout=timeout,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def start_audit(arguments: Sequence[str], **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(AUDIT), *arguments], cwd=ROOT, env=environment(**env),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def answered(folder: Path) -> int:
    """Committed answers of a run that may be under way."""
    try:
        with sqlite3.connect(f"file:{folder / 'journal.sqlite'}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0


def wait_for_answers(process: subprocess.Popen[str], folder: Path, wanted: int) -> int:
    """Wait until the run has committed at least ``wanted`` answers; returns how many."""
    end = time.monotonic() + 120
    while (found := answered(folder)) < wanted:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, f"only {found} answers"
        time.sleep(0.005)
    return found


def one_sentence(stderr: str) -> str:
    """The problem as told: the last line, one or two sentences, and nowhere a traceback."""
    assert "Traceback" not in stderr
    last = stderr.strip().splitlines()[-1]
    assert last.startswith("audit: "), stderr
    assert len(last) < 700
    return last


def manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))
