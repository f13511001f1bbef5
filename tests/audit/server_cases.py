"""Audits of a scripted server, and what a failed command may say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.core.fake_server import FakeServer

#: Beginnings of the lines that report progress. Whatever else stands on stderr is a leak.
PROGRESS = (
    "Loading ", "Scoring answers: ", "Sampling answers: ", "Computing ", "Resuming: ", "Note: ",
)  # fmt: skip


def problem(stderr: str) -> str:
    """The one problem told at the end; before it, our own progress alone."""
    assert "Traceback" not in stderr
    *before, last = stderr.strip().splitlines()
    for line in before:
        assert line.startswith(PROGRESS), f"not ours: {line}"
    assert last.startswith("audit: "), stderr
    assert len(last) < 700
    return last


def server_words(server: FakeServer, out: Path, *more: str) -> list[str]:
    model = f"openai:fake@{server.url}"
    return ["run", model, "--suite", "pronouns", "--limit", "8", "--out", str(out), *more]


def primary_rows(folder: Path) -> list[dict[str, Any]]:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return [m for m in results["metrics"] if m["role"] == "primary"]
