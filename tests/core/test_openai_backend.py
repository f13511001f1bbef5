"""What the openai backend asks, reads and says, with a server that behaves."""

from __future__ import annotations

import json
import logging
import math
import socket
import threading
import time
import traceback
from email.utils import formatdate
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.models.base import Backend, GenerateRequest, Generation, Sampling, Score, ScoreRequest
from core.models.openai_backend import OpenAIBackend, parse_chat
from core.models.openai_client import RubbishError, _retry_after, normalise_base_url
from core.models.openai_scoring import parse_echo
from tests.core.fake_server import (
    DROP,
    Asked,
    FakeServer,
    Reply,
    error,
    expected_logprobs,
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


def test_it_is_a_backend_and_describes_itself(connect: Connect) -> None:
    backend = connect()
    assert isinstance(backend, Backend)
    assert backend.capabilities.score
    facts = json.loads(json.dumps(backend.describe()))
    assert facts["served_by"] == "vllm"
    assert facts["max_model_len"] == 512
    assert list(backend.generate([])) == []
    assert list(backend.score([])) == []


def test_what_is_asked_is_what_was_meant(server: FakeServer, connect: Connect) -> None:
    backend = connect()
    request = GenerateRequest(
        "k",
        ({"role": "system", "content": "s"}, {"role": "user", "content": "u"}),
        Sampling(max_tokens=7, temperature=0.5, top_p=0.9),
        seed=11,
    )
    prefilled = GenerateRequest(
        "p", ({"role": "user", "content": "u"}, {"role": "assistant", "content": "I"})
    )
    assert set(collect(backend.generate([request, prefilled]))) == {"k", "p"}
    bodies = {len(a.body["messages"]): a.body for a in server.asked if a.path == CHAT}
    plain = next(a.body for a in server.asked if a.path == CHAT and a.body["seed"] == 11)
    assert plain["model"] == "fake"
    assert plain["messages"] == [dict(m) for m in request.messages]
    assert (plain["max_tokens"], plain["temperature"], plain["top_p"]) == (7, 0.5, 0.9)
    assert "continue_final_message" not in plain
    # The checkpoint's own defaults must not bend what is sampled.
    assert plain["top_k"] == -1
    assert plain["repetition_penalty"] == 1.0
    prefill = next(a.body for a in server.asked if a.path == CHAT and a.body["seed"] == 0)
    assert prefill["continue_final_message"] is True
    assert prefill["add_generation_prompt"] is False
    assert len(bodies) == 1


def test_an_unknown_engine_gets_standard_fields_alone(connect: Connect, server: FakeServer) -> None:
    server.owned_by = "somebody"
    backend = connect()
    collect(backend.generate(questions(1)))
    standard = {"model", "messages", "max_tokens", "temperature", "top_p", "seed"}
    assert server.asked[-1].body.keys() == standard
    assert any("server's own" in note for note in backend.capabilities.notes)


def test_batches_arrive_while_others_are_under_way(server: FakeServer, connect: Connect) -> None:
    backend = connect(max_concurrency=4)
    slow = threading.Event()
    server.script = chat_only(
        lambda asked: (
            None if asked.body["messages"][0]["content"] != "question 7" or slow.wait(5) else DROP
        )
    )
    batches = backend.generate(questions(8))
    early: list[Generation] = []
    while len(early) < 7:
        early += next(batches)
    slow.set()
    assert [a.key for batch in batches for a in batch] == ["k7"]


def test_no_server_there_is_said_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(EnvironmentProblem, match=url):
            OpenAIBackend("fake", url)
        assert time.monotonic() - begun < 3


def test_a_server_that_only_accepts_is_said_within_seconds(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.openai_backend.PROBE_TIMEOUT_S", 0.3)
    server.script = lambda asked: server.sleep(20)  # type: ignore[func-returns-value]
    begun = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="did not answer"):
        OpenAIBackend("fake", server.url)
    assert time.monotonic() - begun < 3


def test_an_unknown_model_is_said_with_those_there_are(
    connect: Connect,
) -> None:
    with pytest.raises(EnvironmentProblem, match=r"has no model nope\. It serves: fake"):
        connect("nope")


def test_a_server_without_a_model_list_will_do(server: FakeServer, connect: Connect) -> None:
    server.script = lambda asked: error(404) if asked.path == "/v1/models" else None
    check(questions(3), collect(connect().generate(questions(3))))
    with pytest.raises(EnvironmentProblem, match="HTTP 404"):
        connect("nope")


def test_scores_are_those_of_the_continuations(connect: Connect) -> None:
    backend = connect()
    requests = scorings(30)
    requests.append(
        ScoreRequest(
            "prefilled",
            ({"role": "user", "content": "u"}, {"role": "assistant", "content": "The nurse:"}),
            (" she", " he"),
        )
    )
    scores: dict[str, Score] = {s.key: s for batch in backend.score(requests) for s in batch}
    assert scores.keys() == {r.key for r in requests}
    for request in requests:
        messages = [dict(m) for m in request.messages]
        for tail, values in zip(
            request.continuations, scores[request.key].token_logprobs, strict=True
        ):
            assert values == pytest.approx(expected_logprobs(messages, tail))


def test_a_server_that_must_generate_one_token_scores_the_same(
    server: FakeServer, connect: Connect
) -> None:
    server.script = lambda asked: (
        error(400, "max_tokens must be at least 1") if asked.body.get("max_tokens") == 0 else None
    )
    (score,) = next(connect().score(scorings(1)))
    messages = [{"role": "user", "content": "question 0"}]
    assert score.token_logprobs[1] == pytest.approx(expected_logprobs(messages, " a woman"))


@pytest.mark.parametrize("status", [404, 500, 501, 200])
def test_without_given_text_logprobs_it_says_so(
    server: FakeServer, connect: Connect, status: int
) -> None:
    server.script = lambda asked: error(status) if asked.path == "/tokenize" else None
    backend = connect()
    assert not backend.capabilities.score
    assert "no log-probabilities for given texts" in backend.capabilities.notes[0]
    assert backend.describe()["likelihood"] is None
    with pytest.raises(EnvironmentProblem, match="no log-probabilities"):
        backend.score(scorings(1))
    check(questions(2), collect(backend.generate(questions(2))))


def test_a_busy_server_is_not_taken_for_one_that_cannot_score(
    server: FakeServer, connect: Connect
) -> None:
    until = time.monotonic() + 0.8
    server.script = lambda asked: (
        error(429) if time.monotonic() < until and asked.path != "/v1/models" else None
    )
    assert connect().capabilities.score


def test_continuations_that_merge_with_the_prompt_are_tokenised_alone(
    server: FakeServer, connect: Connect
) -> None:
    """Where text + continuation does not begin with the prompt's ids (as BPE may merge)."""
    backend = connect()

    def script(asked: Asked) -> Reply | None:
        if asked.path == "/tokenize" and asked.body.get("prompt", "").endswith("> she"):
            return Reply(body=b'{"tokens": [1, 2, 3]}')
        return None

    server.script = script
    (score,) = next(
        backend.score([ScoreRequest("s", ({"role": "user", "content": "q"},), (" she",))])
    )
    expected = expected_logprobs([{"role": "user", "content": "q"}], " she")
    assert score.token_logprobs == (pytest.approx(expected),)


def test_missing_and_impossible_logprobs_are_nan() -> None:
    body = {"choices": [{"index": 0, "logprobs": {"token_logprobs": [
        None, -1, -9999.0, float("-inf"), float("nan"), -2.5
    ]}}]}  # fmt: skip
    (values,) = parse_echo(json.loads(json.dumps(body)), [6])
    assert [math.isnan(v) for v in values] == [True, False, True, True, True, False]
    assert (values[1], values[5]) == (-1.0, -2.5)
    with pytest.raises(RubbishError):
        parse_echo(body, [4])  # the server put two tokens of its own before the prompt


def test_chat_answers_of_every_kind() -> None:
    def parse(message: dict[str, Any], reason: str | None = "stop") -> tuple[str, str]:
        choice = {"message": message, "finish_reason": reason}
        answer = parse_chat({"choices": [choice]}, "k")
        return answer.text, answer.finish_reason

    assert parse({"content": ""}) == ("", "stop")
    assert parse({"content": None}, "length") == ("", "length")
    assert parse({"content": None, "refusal": "I will not."}) == ("I will not.", "stop")
    assert parse({"content": "x"}, "content_filter") == ("x", "error")
    assert parse({"content": "x"}, None) == ("x", "error")


def test_the_key_goes_into_the_header_and_nowhere_else(
    server: FakeServer,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    backend = connect(api_key_env="MY_KEY")
    collect(backend.generate(questions(2)))
    assert server.asked[-1].headers["Authorization"] == f"Bearer {KEY}"
    hurry(backend, timeout_s=0.2, give_up_after_s=0.5)
    shown = [repr(backend), str(backend.describe()), repr(backend.capabilities)]
    shown += [repr(vars(backend)), repr(vars(backend._client))]
    misdeeds: list[Reply | None] = [
        error(401, f"bad key {KEY}"), error(400, f"bad key {KEY}"), error(500, KEY),
        Reply(body=f"<p>{KEY}</p>".encode()), DROP, None,
    ]  # fmt: skip
    for misdeed in misdeeds:
        server.script = chat_only(lambda asked, m=misdeed: m or server.sleep(9))  # type: ignore[misc]
        with pytest.raises(EnvironmentProblem) as caught:
            list(backend.generate(questions(1)))
        shown += traceback.format_exception(caught.value)
        link: BaseException | None = caught.value
        while link is not None:
            shown += [repr(link), str(vars(link))]
            link = link.__cause__ or link.__context__
    shown.append(caplog.text)
    assert KEY not in "\n".join(shown)
    assert "***" in "\n".join(shown)


def test_a_key_no_header_can_hold_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    monkeypatch.setenv("MY_KEY", KEY + "\u201d\nx")
    with pytest.raises(EnvironmentProblem, match="MY_KEY") as caught:
        connect(api_key_env="MY_KEY")
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("https://h/v1/", "https://h/v1"),
        ("https://h/api/v3", "https://h/api/v3"),
    ],
)
def test_addresses(given_url: str, used: str) -> None:
    assert normalise_base_url(given_url) == used


@pytest.mark.parametrize(
    "bad", ["", "h:8000", "ftp://h", "http://", "http://me:pw@h", "http://h:port"]
)
def test_bad_addresses(bad: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        OpenAIBackend("fake", bad)
    assert "pw" not in str(caught.value)


def test_retry_after_takes_both_forms() -> None:
    assert _retry_after("2.5") == 2.5
    assert 8 < _retry_after(formatdate(time.time() + 10, usegmt=True)) <= 10
    assert [_retry_after(v) for v in (None, "", "soon", "-3")] == [0, 0, 0, 0]


def test_the_thread_ends_with_the_backend(server: FakeServer) -> None:
    before = threading.active_count()
    backend = OpenAIBackend("fake", server.url)
    names = [t.name for t in threading.enumerate()]
    assert "openai-requests" in names
    backend.close()
    backend.close()
    assert "openai-requests" not in [t.name for t in threading.enumerate()]
    assert wait_until(lambda: threading.active_count() <= before)
