"""The real command line: exit codes, one-sentence problems, kill −9 and resume."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.run_cases import (
    ROOT,
    answered,
    audit,
    manifest,
    one_sentence,
    start_audit,
    wait_for_answers,
    words,
)

#: Modules that take seconds to import; the arguments are checked without them.
HEAVY = ("torch", "vllm", "transformers", "pandas", "numpy", "scipy", "altair")


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, audit.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_help_shows_examples() -> None:
    done = audit("--help")
    assert done.returncode == 0
    assert "audit run smollm2-135m-instruct --suite occupations" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("run", "no-such-model"), 3, "no-such-model"),
        (("run", "smollm2-135m-instruct", "--suite", "nope"), 2, "nope"),
        (("run", "smollm2-135m-instruct", "--lang", "xx"), 2, "xx"),
        (("run", "smollm2-135m-instruct", "--limit", "0"), 2, "--limit"),
        (("run", "smollm2-135m-instruct", "--samples", "0"), 2, "--samples"),
        (("run", "smollm2-135m-instruct", "--suite", ","), 2, "--suite"),
        (("run", "smollm2-135m-instruct", "--margin", "parity_skew=-1"), 2, "margin"),
        (("run", "smollm2-135m-instruct", "--margin", "nonsense=1"), 2, "nonsense"),
        (("run", "smollm2-135m-instruct", "--backend", "abacus"), 2, "abacus"),
        (("run", "openai:m@http://127.0.0.1:9/v1"), 3, "127.0.0.1:9"),
        (("run", "openai:nowhere"), 2, "openai:"),
        (("report", "tests"), 2, "run"),
    ],
)
def test_wrong_calls_are_told_in_a_sentence(
    arguments: tuple[str, ...], code: int, told: str, tmp_path: Path
) -> None:
    if arguments[0] == "run":
        arguments = (*arguments, "--out", str(tmp_path / "run"))
    done = audit(*arguments, timeout=60)
    assert done.returncode == code, done.stderr
    assert told in one_sentence(done.stderr)


def test_folders_that_are_no_model(tmp_path: Path, tiny: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut"
    cut.mkdir()
    for file in tiny.iterdir():
        data = file.read_bytes()
        half = file.suffix == ".safetensors"
        (cut / file.name).write_bytes(data[: len(data) // 2] if half else data)
    for folder, told in ((empty, "config.json"), (cut, "safetensors")):
        done = audit(*words(folder, tmp_path / "out"))
        assert done.returncode == 3, done.stderr
        assert told in one_sentence(done.stderr)


@pytest.mark.parametrize("wanted", [1, 20, 60])
def test_kill_9_and_resume_give_the_uninterrupted_results(
    wanted: int, tiny: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert audit(*words(tiny, whole, "--limit", "48")).returncode == 0
    process = start_audit(words(tiny, killed, "--limit", "48"))
    wait_for_answers(process, killed, wanted)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert wanted <= answered(killed)
    assert not (killed / "results.json").exists()
    done = audit(*words(tiny, killed, "--limit", "48"))
    assert done.returncode == 0, done.stderr
    assert (killed / "results.json").read_bytes() == (whole / "results.json").read_bytes()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interruption_is_130_and_says_how_to_go_on(
    sign: signal.Signals, tiny: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = start_audit(words(tiny, out))
    wait_for_answers(process, out, 1)
    process.send_signal(sign)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command" in one_sentence(stderr)
    assert manifest(out)["status"] == "interrupted"
