"""Pictures over HTTP: what is sent, how answers are scored, what a server may do to them."""

from __future__ import annotations

import base64
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem
from core.models.base import GenerateRequest, Image, Message, Sampling, ScoreRequest
from core.models.openai_client import RubbishError
from core.models.openai_pictures import parse_prompt_logprobs
from tests.core.fake_server import Asked, FakeServer, Reply, logprob, render
from tests.core.openai_cases import CHAT, Connect
from tests.core.tiny_vlm import save_pictures

pytest.importorskip("PIL")

TURNS: tuple[Message, ...] = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who is it?"},
)
PREFILLED: tuple[Message, ...] = (*TURNS, {"role": "assistant", "content": "It is"})
TAILS = (" a man", " a woman", "", " a man")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Image]:
    return save_pictures(tmp_path / "pictures")


def url_of(image: Image, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(image.path.read_bytes()).decode()}"


def test_a_picture_is_sent_as_a_part_of_the_first_user_turn(
    server: FakeServer, connect: Connect, pictures: list[Image], tmp_path: Path
) -> None:
    import PIL.Image

    jpeg, gif = Image("a/jpeg", tmp_path / "a.jpg"), Image("a/gif", tmp_path / "a.gif")
    for image in (jpeg, gif):
        PIL.Image.new("RGB", (9, 9), "red").save(image.path)
    backend = connect()
    assert backend.capabilities.images
    shown = (pictures[0], jpeg, gif)
    (answer,) = [
        a
        for batch in backend.generate([GenerateRequest("k", PREFILLED, Sampling(5), 3, shown)])
        for a in batch
    ]
    assert answer.key == "k"
    body = next(a.body for a in server.asked if a.path == CHAT and a.body.get("seed") == 3)
    system, user, begun = body["messages"]
    assert (system, begun) == ({"role": "system", "content": "Be brief."}, dict(PREFILLED[2]))
    *parts, words = user["content"]
    assert words == {"type": "text", "text": "Who is it?"}
    urls = [part["image_url"]["url"] for part in parts]
    assert urls[:2] == [url_of(pictures[0]), url_of(jpeg, "image/jpeg")]
    # What is neither PNG nor JPEG is not what every server takes.
    assert urls[2].startswith("data:image/png;base64,iVBORw0KGgo")


@pytest.mark.parametrize("messages", [TURNS, PREFILLED])
def test_answers_are_scored_after_the_prompt_with_the_picture(
    server: FakeServer, connect: Connect, pictures: list[Image], messages: tuple[Message, ...]
) -> None:
    backend = connect()
    begun = len(server.asked)
    requests = [ScoreRequest(i.id, messages, TAILS, (i,)) for i in pictures]
    requests.append(ScoreRequest("words", messages, TAILS))
    scores = {s.key: s for batch in backend.score(requests) for s in batch}
    assert len(scores) == 4
    for image in pictures:
        part = [{"type": "image_url", "image_url": {"url": url_of(image)}}]
        user = {"role": "user", "content": [*part, {"type": "text", "text": "Who is it?"}]}
        prefill = messages[-1]["content"] if messages is PREFILLED else ""
        head = render([dict(messages[0]), user]) + prefill
        assert scores[image.id].prompt_tokens == len(head)
        for tail, values in zip(TAILS, scores[image.id].token_logprobs, strict=True):
            ids = [ord(c) for c in head[-1] + tail]
            assert values == pytest.approx([logprob(a, b) for a, b in pairwise(ids)])
    # Words alone still go by the echo of /completions.
    asked = server.asked[begun:]
    assert sum(a.path == "/v1/completions" for a in asked) == 1
    assert sum(a.path == CHAT for a in asked) == 3 * 3, "the prompt and two distinct answers"


def strip(asked: Asked, server: FakeServer) -> Reply | None:
    """A template that trims what the assistant says."""
    if asked.path != CHAT or not asked.body.get("continue_final_message"):
        return None
    asked.body["messages"][-1]["content"] = asked.body["messages"][-1]["content"].strip()
    return server.respond(asked)


def test_a_server_that_changes_the_answer_is_not_believed(
    server: FakeServer, connect: Connect, pictures: list[Image]
) -> None:
    backend = connect()
    server.script = lambda asked: strip(asked, server)
    with pytest.raises(EnvironmentProblem, match="changes the answer ' a man' to k"):
        list(backend.score([ScoreRequest("k", TURNS, TAILS, (pictures[0],))]))


def test_a_picture_that_cannot_be_read_is_named(connect: Connect, tmp_path: Path) -> None:
    backend = connect()
    lost = (Image("lost/one", tmp_path / "none.png"),)
    with pytest.raises(EnvironmentProblem, match="picture lost/one cannot be read"):
        list(backend.generate([GenerateRequest("k", TURNS, images=lost)]))
    with pytest.raises(EnvironmentProblem, match="picture lost/one cannot be read"):
        list(backend.score([ScoreRequest("k", TURNS, TAILS, lost)]))


def test_a_server_that_takes_no_pictures_says_so_itself(
    server: FakeServer, connect: Connect, pictures: list[Image]
) -> None:
    backend = connect()
    refusal = json.dumps({"error": {"message": "fake is not a multimodal model"}}).encode()
    server.script = lambda asked: Reply(400, refusal) if asked.path == CHAT else None
    with pytest.raises(EnvironmentProblem, match=r"HTTP 400 .*not a multimodal model"):
        list(backend.generate([GenerateRequest("k", TURNS, images=(pictures[0],))]))


def test_the_log_probabilities_of_a_prompt_are_parsed_or_refused() -> None:
    rows: list[Any] = [None, {"7": {"logprob": -0.5}}, {"9": {"logprob": -9999.0}}]
    first, second, third = parse_prompt_logprobs({"prompt_logprobs": rows})
    assert (first[0], second) == (-1, (7, -0.5))
    assert math.isnan(first[1])
    assert third[0] == 9
    assert math.isnan(third[1])
    two = {"7": {"logprob": -1.0}, "8": {"logprob": -2.0}}
    for bad in (None, [None], [None, {}], [None, two], [None, {"x": {"logprob": 0}}], [None, 3]):
        with pytest.raises(RubbishError):
            parse_prompt_logprobs({"prompt_logprobs": bad})
