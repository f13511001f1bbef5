"""The openai backend against a server that misbehaves on purpose, and Ctrl-C."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EnvironmentProblem
from core.models.openai_backend import OpenAIBackend
from tests.core.fake_server import (
    DROP,
    Asked,
    FakeServer,
    Reply,
    error,
    wait_until,
)
from tests.core.openai_cases import (
    CHAT,
    KEY,
    Connect,
    chat_only,
    check,
    collect,
    hurry,
    questions,
    scorings,
)


def test_answers_in_any_order_reach_their_requests(server: FakeServer, connect: Connect) -> None:
    backend = connect(max_concurrency=24)
    order = random.Random(3)
    delays = [order.uniform(0, 0.1) for _ in range(400)]
    server.script = chat_only(lambda asked: server.sleep(delays[asked.number % 400]))  # type: ignore[arg-type,func-returns-value]
    requests = questions(200)
    answers = collect(backend.generate(requests))
    check(requests, answers)
    assert list(answers) != [r.key for r in requests], "the test shuffled nothing"


@pytest.mark.parametrize("bound", [1, 5])
def test_the_concurrency_bound_holds(server: FakeServer, connect: Connect, bound: int) -> None:
    backend = connect(max_concurrency=bound)
    server.script = lambda asked: server.sleep(0.01)  # type: ignore[func-returns-value]
    requests = questions(40)
    check(requests, collect(backend.generate(requests)))
    scores = [s for batch in backend.score(scorings(12)) for s in batch]
    assert len(scores) == 12
    assert server.most_under_way == bound


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), workers=st.integers(1, 20))
def test_nothing_is_lost_or_doubled_whatever_fails(seed: int, n: int, workers: int) -> None:
    luck = random.Random(seed)
    faults: list[Reply | None] = [
        DROP, error(429, Retry_After="0"), error(500), error(503), Reply(body=b"<html>"), None, None
    ]  # fmt: skip
    lock = threading.Lock()
    last: dict[str, int] = {}

    def script(asked: Asked) -> Reply | None:
        with lock:
            name = json.dumps(asked.body.get("messages"))
            last[name] = last.get(name, 0) + 1
            return None if last[name] > 3 else luck.choice(faults)

    with FakeServer() as server:
        backend = OpenAIBackend(
            "fake", server.url, max_concurrency=workers, backoff_s=0.001, max_backoff_s=0.01
        )
        try:
            server.script = chat_only(script)
            requests = questions(n, seed)
            check(requests, collect(backend.generate(requests)))
        finally:
            backend.close()


def test_429_is_waited_out_as_long_as_the_server_asks(server: FakeServer, connect: Connect) -> None:
    backend = connect(max_concurrency=2)
    times: list[float] = []

    def script(asked: Asked) -> Reply | None:
        times.append(time.monotonic())
        return error(429, "slow down", Retry_After="1") if len(times) == 1 else None

    server.script = chat_only(script)
    check(questions(1), collect(backend.generate(questions(1))))
    assert times[1] - times[0] >= 1.0


def test_429_for_a_while(server: FakeServer, connect: Connect) -> None:
    backend = connect()
    until = time.monotonic() + 1.0
    server.script = lambda asked: error(429) if time.monotonic() < until else None
    requests = questions(40)
    check(requests, collect(backend.generate(requests)))


def test_an_outage_is_survived(server: FakeServer, connect: Connect) -> None:
    backend = connect(max_concurrency=8)
    requests = questions(120)
    server.script = lambda asked: server.sleep(0.02)  # type: ignore[func-returns-value]
    batches = backend.generate(requests)
    answers = {a.key: a for a in next(batches)}
    server.down()
    back = threading.Timer(1.0, server.up)
    back.start()
    answers |= collect(batches)
    back.join()
    check(requests, answers)


def test_giving_up_keeps_what_was_answered(server: FakeServer, connect: Connect) -> None:
    backend = connect(give_up_after_s=1.0, max_concurrency=4)
    answered = 0

    def script(asked: Asked) -> Reply | None:
        nonlocal answered
        answered += 1
        return None if answered <= 9 else error(503, "overloaded")

    server.script = chat_only(script)
    kept: list[str] = []
    begun = time.monotonic()

    def run() -> None:
        for batch in backend.generate(questions(50)):
            kept.extend(a.key for a in batch)

    with pytest.raises(EnvironmentProblem) as caught:
        run()
    assert len(kept) == len(set(kept)) == 9
    assert 1.0 <= time.monotonic() - begun < 4
    message = str(caught.value)
    assert server.url in message
    assert "HTTP 503" in message
    assert "overloaded" in message
    assert "again" in message


def test_a_success_renews_the_patience(server: FakeServer, connect: Connect) -> None:
    """One unlucky request does not end a run in which others are answered."""
    backend = hurry(connect(max_concurrency=2), timeout_s=5, give_up_after_s=1.2)
    begun = time.monotonic()

    def script(asked: Asked) -> Reply | None:
        if asked.body["messages"][0]["content"] == "question 0":
            return error(500) if time.monotonic() - begun < 2.5 else None
        server.sleep(0.2)
        return None

    server.script = chat_only(script)
    check(questions(20), collect(backend.generate(questions(20))))


def test_a_longer_wait_than_our_patience_is_not_begun(server: FakeServer, connect: Connect) -> None:
    backend = connect()
    server.script = chat_only(lambda asked: error(429, Retry_After="3600"))
    begun = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="wait 3600 s"):
        list(backend.generate(questions(3)))
    assert time.monotonic() - begun < 3


def test_a_hanging_request_is_asked_again(server: FakeServer, connect: Connect) -> None:
    backend = hurry(connect(), timeout_s=0.3)
    hung: set[str] = set()

    def script(asked: Asked) -> Reply | None:
        name = asked.body["messages"][0]["content"]
        if name not in hung:
            hung.add(name)
            server.sleep(3)
        return None

    server.script = chat_only(script)
    requests = questions(6)
    check(requests, collect(backend.generate(requests)))
    assert server.count(CHAT) >= 12


def test_a_server_slower_than_the_timeout_is_given_more_time(
    server: FakeServer, connect: Connect
) -> None:
    backend = hurry(connect(), timeout_s=0.2)
    server.script = chat_only(lambda asked: server.sleep(0.6))  # type: ignore[arg-type,func-returns-value]
    check(questions(2), collect(backend.generate(questions(2))))


def test_hanging_for_good_is_given_up(server: FakeServer, connect: Connect) -> None:
    backend = hurry(connect(), timeout_s=0.1, give_up_after_s=1)
    server.script = chat_only(lambda asked: server.sleep(20))  # type: ignore[arg-type,func-returns-value]
    with pytest.raises(EnvironmentProblem, match="did not answer"):
        list(backend.generate(questions(2)))


RUBBISH = [
    b"", b"hello", b"<html><body>Welcome to <b>nginx</b></body></html>", b"[]", b"null",
    b"\xff\xfe",
    b'{"choices": []}', b'{"choices": [7]}', b'{"choices": [{"message": {}}]}',
    b'{"choices": [{"message": {"content": 5}}]}',
    b'{"choices": [{"message": {"content": ["x"]}}]}',
    b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_asked_again_and_then_shown(
    server: FakeServer, connect: Connect, body: bytes
) -> None:
    backend = connect()
    left = 2

    def script(asked: Asked) -> Reply | None:
        nonlocal left
        left -= 1
        return Reply(body=body) if left >= 0 else None

    server.script = chat_only(script)
    check(questions(1), collect(backend.generate(questions(1))))  # rubbish twice, then fine
    left = 10**6
    with pytest.raises(EnvironmentProblem) as caught:
        list(backend.generate(questions(1)))
    message = str(caught.value)
    assert server.url + "/chat/completions" in message
    assert "<" not in message
    assert len(message) < 500
    assert 10**6 - left < 10


def test_rubbish_scores(server: FakeServer, connect: Connect) -> None:
    backend = connect()
    server.script = lambda asked: (
        Reply(body=b'{"choices": [{"index": 0, "logprobs": {"token_logprobs": ["x"]}}]}')
        if asked.path == "/v1/completions"
        else None
    )
    with pytest.raises(EnvironmentProblem, match="/v1/completions"):
        list(backend.score(scorings(1)))


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "MY_KEY"), (403, "MY_KEY"), (404, "NAME and URL"), (400, "too long"), (302, "HTTP 302")],
)
def test_what_waiting_cannot_mend_ends_at_once(
    server: FakeServer, connect: Connect, status: int, says: str
) -> None:
    backend = connect(api_key_env="MY_KEY", max_concurrency=1)
    server.script = chat_only(lambda asked: error(status, "prompt too long"))
    with pytest.raises(EnvironmentProblem) as caught:
        list(backend.generate(questions(5)))
    assert says in str(caught.value)
    assert server.count(CHAT) == 1


def test_closing_the_generator_cancels_what_is_under_way(
    server: FakeServer, connect: Connect
) -> None:
    backend = connect(max_concurrency=4)
    server.script = chat_only(
        lambda asked: server.sleep(3) if asked.body["seed"] > 3 else None  # type: ignore[func-returns-value]
    )
    batches = backend.generate(questions(100))
    next(batches)
    begun = time.monotonic()
    batches.close()
    assert time.monotonic() - begun < 2, "it waited for the answers"
    asked = server.count(CHAT)
    assert wait_until(lambda: server.under_way == 0)
    assert server.hung_up > 0, "the server was not told"
    assert server.count(CHAT) == asked, "more was asked after the end"
    server.script = lambda asked: None
    check(questions(3), collect(backend.generate(questions(3))))  # still usable


INTERRUPTED = """
    import sys
    from core.models.openai_backend import OpenAIBackend
    from core.models.base import GenerateRequest
    backend = OpenAIBackend("fake", sys.argv[1], max_concurrency=4)
    asked = [GenerateRequest(f"k{i}", ({"role": "user", "content": str(i)},)) for i in range(999)]
    try:
        for batch in backend.generate(asked):
            print(len(batch), flush=True)
    except KeyboardInterrupt:
        backend.close()
        print("interrupted", flush=True)
        sys.exit(130)
"""


def test_ctrl_c_in_the_middle_ends_at_once(server: FakeServer) -> None:
    server.script = chat_only(
        lambda asked: server.sleep(0.02 if asked.number < 40 else 20)  # type: ignore[func-returns-value]
    )
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED), server.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OPENAI_API_KEY": KEY},
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    assert wait_until(lambda: server.under_way == 4)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - begun < 4
    assert process.returncode == 130
    assert out.endswith("interrupted\n")
    assert "Traceback" not in err
    assert "never retrieved" not in err


def test_closing_behind_the_last_answer_waits_for_nothing(connect: Connect) -> None:
    batches = connect().generate(questions(1))
    next(batches)
    begun = time.monotonic()
    batches.close()
    assert time.monotonic() - begun < 1
