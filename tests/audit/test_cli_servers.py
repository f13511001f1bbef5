"""Audits of servers that misbehave, through the real command line."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.models import openai_backend
from tests.audit.run_cases import answered, audit, manifest
from tests.audit.server_cases import primary_rows, problem, server_words
from tests.core.fake_server import Asked, FakeServer, Reply, error
from tests.core.openai_cases import CHAT

WIDE = "1000"  # notes stay on one line
RUBBISH = Reply(body=b"<html><body>It works!</body></html>")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def test_a_busy_server_is_waited_for(server: FakeServer, tmp_path: Path) -> None:
    calm = audit(*server_words(server, tmp_path / "calm"), COLUMNS=WIDE)
    assert calm.returncode == 0, calm.stderr
    server.asked.clear()
    refused: list[int] = []

    def busy(asked: Asked) -> Reply | None:
        if asked.number % 3 == 0 and len(refused) < 12:
            refused.append(asked.number)
            return error(429, "slow down", retry_after="0.1")
        return None

    server.script = busy
    done = audit(*server_words(server, tmp_path / "busy"), COLUMNS=WIDE)
    assert done.returncode == 0, done.stderr
    assert len(refused) == 12
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("calm", "busy")]
    assert results[0] == results[1]


def test_what_is_no_model_server_is_told(server: FakeServer, tmp_path: Path) -> None:
    server.script = lambda asked: RUBBISH
    done = audit(*server_words(server, tmp_path), COLUMNS=WIDE, timeout=60)
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert "does not answer as an OpenAI-compatible one" in message
    assert server.url in message
    assert answered(tmp_path) == 0


def test_rubbish_in_the_middle_keeps_what_was_answered(server: FakeServer, tmp_path: Path) -> None:
    server.script = lambda asked: RUBBISH if asked.path == CHAT else None
    done = audit(*server_words(server, tmp_path), COLUMNS=WIDE, timeout=60)
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert f"{server.url}/chat/completions does not answer as" in message
    assert "It works!" in message
    kept = answered(tmp_path)
    assert kept > 0
    assert manifest(tmp_path)["status"] == "failed"
    server.script = lambda asked: None
    done = audit(*server_words(server, tmp_path), COLUMNS=WIDE)
    assert done.returncode == 0, done.stderr
    assert f"Resuming: {kept} of" in done.stderr
    assert manifest(tmp_path)["status"] == "complete"


def test_a_server_that_hangs_from_the_start_is_told_soon(
    server: FakeServer, tmp_path: Path
) -> None:
    server.script = lambda asked: server.sleep(60)
    done = audit(*server_words(server, tmp_path), COLUMNS=WIDE, timeout=45)
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert f"{server.url}/models did not answer (no answer within 10 s)" in message


def test_a_server_that_hangs_in_the_middle_is_given_up(
    server: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from audit.cli import main

    hurried = functools.partial(
        openai_backend.OpenAIBackend,
        timeout_s=0.5,
        give_up_after_s=2.0,
        backoff_s=0.05,
        max_backoff_s=0.2,
    )
    monkeypatch.setattr(openai_backend, "OpenAIBackend", hurried)
    monkeypatch.setenv("COLUMNS", WIDE)
    server.script = lambda asked: server.sleep(30) if asked.path == CHAT else None
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            main(server_words(server, tmp_path))
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert ended.value.code == 3
    message = problem(capsys.readouterr().err)
    assert f"{server.url}/chat/completions did not answer" in message
    assert "run the same command again" in message
    assert answered(tmp_path) > 0


def test_without_log_probabilities_the_sampled_route_measures_alone(tmp_path: Path) -> None:
    import pandas as pd

    with FakeServer(can_score=False, owned_by="someone") as server:
        done = audit(*server_words(server, tmp_path), COLUMNS=WIDE)
        assert done.returncode == 0, done.stderr
        asked = server.count(CHAT)
        again = audit(*server_words(server, tmp_path), COLUMNS=WIDE)
        assert again.returncode == 0, again.stderr
        assert server.count(CHAT) == asked, "a finished run asked again"
    lacking = openai_backend.NO_LOGPROBS
    assert f"Note: {lacking}" in done.stderr
    run = manifest(tmp_path)
    assert any(note.startswith(lacking) for note in run["notes"])
    assert run["backend"]["scores"] is False
    frame = pd.read_parquet(tmp_path / "responses.parquet")
    assert set(frame["route"]) == {"sampled"}
    rows = primary_rows(tmp_path)
    assert rows
    assert {row["route"] for row in rows} == {"sampled"}
    assert lacking in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_adapter_is_not_sent_to_a_server(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text('{"r": 4}')
    words = server_words(server, tmp_path / "run", "--adapter", str(tmp_path / "adapter"))
    done = audit(*words, COLUMNS=WIDE)
    assert done.returncode == 2, done.stderr
    assert "--adapter" in problem(done.stderr)
    assert not server.asked
