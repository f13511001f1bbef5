"""Pictures over HTTP: how a question carries them, and log-probabilities of given answers to it.

The echo of ``/v1/completions`` (:mod:`core.models.openai_scoring`) takes token ids and no pictures.
A server like vLLM's gives on ``/v1/chat/completions`` the log-probability of every token of the
prompt (``prompt_logprobs``), so an answer is put there as the beginning of the assistant's turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Image, Message, Score, ScoreRequest
from core.models.openai_client import Client, RubbishError
from core.models.openai_scoring import clean_logprob, parse_detokenized, split_prefill
from core.models.picture_turns import with_urls
from core.models.pictures import data_url

#: (token id, log-probability) of every token of a prompt, pictures grown; the first has NaN.
Echo = list[tuple[int, float]]


def chat_messages(messages: Sequence[Message], images: Sequence[Image]) -> list[Any]:
    """What ``messages`` of a chat request holds; pictures travel inside it as data URLs.

    Raises :class:`EnvironmentProblem` for a picture that cannot be read.
    """
    return with_urls(messages, [data_url(image) for image in images])


class ChatEchoScorer:
    """Scores answers to questions with pictures. ``options`` are added to every chat request."""

    def __init__(self, client: Client, model: str, options: dict[str, Any]) -> None:
        self._client = client
        self._model = model
        self._options = options
        self._said: dict[tuple[int, ...], str] = {}

    async def score(self, request: ScoreRequest) -> Score:
        """One request: a call for the prompt and one for every distinct answer.

        Raises :class:`EnvironmentProblem` where the server's template or tokenizer does not leave
        the prompt and the answer as they are asked.
        """
        turns, prefill = split_prefill(request.messages)
        asked = chat_messages(turns, request.images)
        head = await self._echo(asked, prefill)
        values: dict[str, tuple[float, ...]] = {"": ()}
        for answer in request.continuations:
            if answer not in values:
                whole = await self._echo(asked, prefill + answer)
                await self._check(request.key, head, whole, answer)
                values[answer] = tuple(value for _, value in whole[len(head) :])
        return Score(request.key, tuple(values[c] for c in request.continuations), len(head))

    async def _echo(self, asked: list[Any], begun: str) -> Echo:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [*asked, *([{"role": "assistant", "content": begun}] if begun else [])],
            "add_generation_prompt": not begun,
            "continue_final_message": bool(begun),
            "max_tokens": 1,
            "temperature": 0,
            "prompt_logprobs": 0,
            **self._options,
        }
        return await self._client.post(
            f"{self._client.base_url}/chat/completions", body, parse_prompt_logprobs
        )

    async def _check(self, key: str, head: Echo, whole: Echo, answer: str) -> None:
        """The answer must follow the very prompt that was asked, and be all of what follows."""
        ids = [token for token, _ in whole]
        begins = [token for token, _ in head]
        if ids[: len(begins)] == begins and len(ids) > len(begins):
            # With the token before, because some tokenizers drop a space that begins a text.
            last = tuple(ids[len(begins) - 1 :])
            if last not in self._said:
                self._said[last] = await self._client.post(
                    f"{self._client.root_url}/detokenize",
                    {"model": self._model, "tokens": list(last)},
                    parse_detokenized,
                )
            if self._said[last].endswith(answer):
                return
        raise EnvironmentProblem(
            f"The server's chat template or tokenizer changes the answer {answer!r} to {key}, so "
            "its log-probability is not to be had over HTTP; load the model by --backend vllm or "
            "transformers."
        )


def parse_prompt_logprobs(body: Any) -> Echo:
    """(id, log-probability) a prompt token: ``[null, {"ID": {"logprob": …}}, …]``.

    The first token's id is not told and reads -1. Raises :class:`RubbishError`.
    """
    rows = body.get("prompt_logprobs") if isinstance(body, dict) else None
    if not isinstance(rows, list) or len(rows) < 2:
        raise RubbishError("no log-probabilities of the prompt")
    out: Echo = [(-1, clean_logprob(None))]
    for row in rows[1:]:
        if not isinstance(row, dict) or len(row) != 1:
            raise RubbishError("not one log-probability a prompt token")
        ((token, entry),) = row.items()
        if not str(token).isdecimal() or not isinstance(entry, dict):
            raise RubbishError("a prompt token without an id")
        out.append((int(token), clean_logprob(entry.get("logprob"))))
    return out
