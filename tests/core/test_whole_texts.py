"""log P(text | beginning of text), no prompt, no chat template: the same by every engine."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import EnvironmentProblem
from core.models.base import Score, ScoreRequest
from core.models.chat import ChatRenderer
from core.models.transformers_backend import TransformersBackend
from core.models.vllm_scoring import AfterPrompt, WholeTexts, plan_scoring
from tests.core.fake_server import Asked, FakeServer, Reply, logprob
from tests.core.openai_cases import Connect
from tests.core.tiny_models import CHATML, make_model, make_tokenizer

torch = pytest.importorskip("torch")

TEXTS = ("He mended it.", "She mended it.", "He mended it, and then he went home again.", "H")
END = 258


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def plainly(model: Any, first: int, ids: list[int]) -> list[float]:
    """Token log-probabilities by one plain forward pass over one text."""
    with torch.no_grad():
        logits = model(torch.tensor([[first, *ids]])).logits[0].float()
    return [float(logits[i].log_softmax(-1)[token]) for i, token in enumerate(ids)]


def score(backend: Any, *requests: ScoreRequest) -> dict[str, Score]:
    return {s.key: s for batch in backend.score(requests) for s in batch}


@pytest.mark.parametrize("template", [CHATML, None])
@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
def test_equals_a_plain_forward_pass(family: str, template: str | None) -> None:
    model, tokenizer = make_model(family=family), make_tokenizer(template)
    backend = TransformersBackend.from_model(model, renderer=ChatRenderer(tokenizer))
    question = ({"role": "user", "content": "Who?"},)
    chat = ScoreRequest("chat", question, (TEXTS[0],))  # type: ignore[arg-type]
    found = score(
        backend, ScoreRequest("bare", (), TEXTS), chat, ScoreRequest("one", (), TEXTS[:1])
    )
    for text, values in zip(TEXTS, found["bare"].token_logprobs, strict=True):
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert values == pytest.approx(plainly(model, END, ids), abs=1e-3)
    assert found["one"].totals()[0] == pytest.approx(found["bare"].totals()[0], abs=1e-4)
    assert found["bare"].prompt_tokens == 1
    # With a question the same text is another continuation.
    assert abs(found["chat"].totals()[0] - found["one"].totals()[0]) > 1e-2


def test_the_text_begins_with_its_own_token_else_with_what_separates_texts() -> None:
    tokenizer = make_tokenizer()
    assert ChatRenderer(tokenizer).prompt_ids(()) == [END]
    tokenizer.bos_token = "<|endoftext|>"
    assert ChatRenderer(tokenizer).prompt_ids(()) == [256]
    assert ChatRenderer(tokenizer).continuation_ids((), "Hi") == tokenizer.encode("Hi")
    tokenizer.bos_token = tokenizer.eos_token = None
    with pytest.raises(EnvironmentProblem, match="neither a beginning-of-text"):
        ChatRenderer(tokenizer).prompt_ids(())


def test_vllm_reads_a_bare_text_once_and_a_continuation_by_its_trie() -> None:
    renderer = ChatRenderer(make_tokenizer())
    bare = plan_scoring(ScoreRequest("k", (), ("ab", "ac", "ab")), renderer)
    assert isinstance(bare, WholeTexts)
    asked = list(bare.questions())
    a, b, c = (renderer.tokenizer.encode(letter)[0] for letter in "abc")
    assert [(ids, wanted) for _, ids, wanted in asked] == [
        ([END, a, b], {"prompt_logprobs": 0}), ([END, a, c], {"prompt_logprobs": 0}),
    ]  # fmt: skip

    def output(ids: list[int], *values: float) -> Any:
        rows = [{t: SimpleNamespace(logprob=v)} for t, v in zip(ids[1:], values, strict=True)]
        return SimpleNamespace(prompt_logprobs=[None, *rows])

    bare.record(asked[1][0], output(asked[1][1], -1.0, -math.inf))
    assert not bare.complete
    bare.record(asked[0][0], output(asked[0][1], -1.0, -2.0))
    assert bare.complete
    first, second, third = bare.result().token_logprobs
    assert first == third == (-1.0, -2.0)
    assert second[0] == -1.0
    assert math.isnan(second[1])
    question = ({"role": "user", "content": "Who?"},)
    assert isinstance(plan_scoring(ScoreRequest("k", question, ("ab",)), renderer), AfterPrompt)  # type: ignore[arg-type]


def test_a_server_whose_tokenizer_begins_texts_scores_them(
    server: FakeServer, connect: Connect
) -> None:
    """Its beginning-of-text token is id 1 here; every text's first token has a value then."""

    def begins(asked: Asked) -> Reply | None:
        if asked.path != "/tokenize" or "prompt" not in asked.body:
            return None
        head = [1] if asked.body["add_special_tokens"] else []
        ids = head + [ord(c) for c in asked.body["prompt"]]
        return Reply(body=json.dumps({"tokens": ids}).encode())

    backend = connect()
    server.script = begins
    found = score(backend, ScoreRequest("k", (), ("ab", "cde")))["k"]
    for text, values in zip(("ab", "cde"), found.token_logprobs, strict=True):
        assert values == tuple(logprob(a, b) for a, b in pairwise([1, *map(ord, text)]))


def test_a_server_that_begins_no_text_gives_none(connect: Connect) -> None:
    found = score(connect(), ScoreRequest("k", (), ("ab", "cde")))["k"]
    assert [len(values) for values in found.token_logprobs] == [2, 3]
    assert all(math.isnan(v) for values in found.token_logprobs for v in values)


@pytest.mark.model
def test_the_packaged_model_equals_a_plain_forward_pass() -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from core.models.packaged import packaged_model

    folder, _ = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    backend = TransformersBackend.from_model(model, renderer=ChatRenderer(tokenizer))
    found = score(backend, ScoreRequest("k", (), TEXTS))["k"]
    for text, values in zip(TEXTS, found.token_logprobs, strict=True):
        ids = tokenizer.encode(text, add_special_tokens=False)
        expected = plainly(model, tokenizer.bos_token_id, ids)
        assert math.fsum(values) == pytest.approx(math.fsum(expected), abs=1e-3)
