"""What the tests of the openai backend ask, and how they check the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.models.base import GenerateRequest, Generation, ScoreRequest
from core.models.openai_backend import OpenAIBackend
from tests.core.fake_server import (
    Asked,
    Reply,
    answer_to,
)

KEY = "sk-very-secret-0123456789"
CHAT = "/v1/chat/completions"
Connect = Callable[..., OpenAIBackend]


def hurry(backend: OpenAIBackend, *, timeout_s: float, give_up_after_s: float = 5) -> OpenAIBackend:
    """Less patience from now on: a busy machine may need more to connect."""
    backend._client._timeout_s = timeout_s
    backend._client._give_up_after_s = give_up_after_s
    return backend


def questions(n: int, seed: int = 0) -> list[GenerateRequest]:
    return [
        GenerateRequest(f"k{i}", ({"role": "user", "content": f"question {i}"},), seed=seed + i)
        for i in range(n)
    ]


def scorings(n: int) -> list[ScoreRequest]:
    tails = ((" a man", " a woman", ""), (" she",), (" he", " they are"))
    return [
        ScoreRequest(f"s{i}", ({"role": "user", "content": f"question {i}"},), tails[i % 3])
        for i in range(n)
    ]


def collect(batches: Iterator[list[Generation]]) -> dict[str, Generation]:
    out: dict[str, Generation] = {}
    for batch in batches:
        assert batch, "an empty batch"
        for answer in batch:
            assert answer.key not in out, f"{answer.key} was answered twice"
            out[answer.key] = answer
    return out


def check(requests: list[GenerateRequest], answers: dict[str, Generation]) -> None:
    """Every request has its own answer and no other."""
    assert answers.keys() == {r.key for r in requests}
    for request in requests:
        messages = [dict(m) for m in request.messages]
        assert answers[request.key].text == answer_to(messages, request.seed)


def chat_only(script: Callable[[Asked], Reply | None]) -> Callable[[Asked], Reply | None]:
    return lambda asked: script(asked) if asked.path == CHAT else None
