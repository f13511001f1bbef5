"""Log-probabilities of given texts over HTTP: the echo of ``/v1/completions``.

Wants a server like vLLM's: ``/tokenize`` renders a conversation with the model's own template to
token ids, and ``/v1/completions`` takes ids and echoes them with their log-probabilities. The chat
endpoint's ``top_logprobs`` are no substitute: they hold the likeliest tokens only, so a given
answer may not be among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.models.base import Message, Score, ScoreRequest
from core.models.openai_client import Client, RequestFailed, RubbishError

T = TypeVar("T")

#: What vLLM sends for minus infinity, which JSON cannot say.
CLAMPED_LOGPROB = -9999.0
#: Answers that mean "not now" or "not you" rather than "no such route".
_NOT_ABOUT_THE_ROUTE = frozenset({401, 403, 408, 425, 429})
_PROBE = ScoreRequest("probe", ({"role": "user", "content": "Hello"},), (" there", "Yes, it is."))


def split_prefill(messages: Sequence[Message]) -> tuple[list[Message], str]:
    """The turns to render, and the text that the answer has to go on from ("" without one)."""
    turns = list(messages)
    if turns and turns[-1]["role"] == "assistant":
        return turns[:-1], turns[-1]["content"]
    return turns, ""


class EchoScorer:
    """Scores continuations by echo. ``template_options`` go to the chat template."""

    def __init__(self, client: Client, model: str, template_options: dict[str, Any]) -> None:
        self._client = client
        self._model = model
        self._template_options = template_options
        self._broken_after: int | None = None
        #: Tokens the server must generate besides: some refuse to generate none.
        self.max_tokens = 0

    async def probe(self) -> str | None:
        """None where the server scores given texts, else what it lacks.

        Raises :class:`RequestFailed` where the server is away, busy or refuses the key.
        """
        self._broken_after = 3
        lacking = None
        try:
            for self.max_tokens in (0, 1):
                try:
                    await self.score(_PROBE)
                    return None
                except RequestFailed as failed:
                    trouble = failed.trouble
                    if trouble.kind in ("connection", "timeout") or (
                        trouble.status in _NOT_ABOUT_THE_ROUTE
                    ):
                        raise
                    lacking = f"HTTP {trouble.status}" if trouble.status else trouble.detail
        finally:
            self._broken_after = None
        return lacking

    async def score(self, request: ScoreRequest) -> Score:
        """One request: a few calls to tokenise, one that scores all its continuations."""
        if not request.messages:
            return await self._score_texts(request)
        head, text = await self._prompt(request.messages)
        tails = [await self._continuation(head, text, c) for c in request.continuations]
        asked = [head + tail for tail in tails if tail]
        echoed = iter(await self._echo(asked) if asked else [])
        return Score(
            request.key,
            tuple(tuple(next(echoed)[len(head) :]) if tail else () for tail in tails),
            prompt_tokens=len(head),
        )

    async def _score_texts(self, request: ScoreRequest) -> Score:
        """Whole texts, without a prompt.

        A server does not tell which token begins a text unless its tokenizer puts it there; the
        first token of a text has no log-probability then, and the text none (NaN throughout).
        """
        texts: list[list[int]] = []
        heads: list[int] = []
        for text in request.continuations:
            bare = await self._encode(text)
            full = await self._tokenize(prompt=text, add_special_tokens=True)
            begun = len(full) > len(bare) > 0 and full[-len(bare) :] == bare
            texts.append(full if begun else bare)
            heads.append(len(full) - len(bare) if begun else 0)
        asked = [text for text, head in zip(texts, heads, strict=True) if head]
        echoed = iter(await self._echo(asked) if asked else [])
        return Score(
            request.key,
            tuple(
                tuple(next(echoed)[head:]) if head else (math.nan,) * len(text)
                for text, head in zip(texts, heads, strict=True)
            ),
            prompt_tokens=max(heads, default=0),
        )

    async def _prompt(self, messages: Sequence[Message]) -> tuple[list[int], str | None]:
        """Ids of the prompt, and its text where the server's detokeniser gives it back."""
        turns, prefill = split_prefill(messages)
        ids = await self._tokenize(
            messages=turns,
            add_generation_prompt=True,
            **({"chat_template_kwargs": self._template_options} if self._template_options else {}),
        )
        text = await self._ask(
            f"{self._client.root_url}/detokenize", {"tokens": ids}, parse_detokenized
        )
        if not prefill:
            return ids, text
        if await self._encode(text) != ids:  # lossy: the prefill stands alone
            return ids + await self._encode(prefill), None
        return await self._encode(text + prefill), text + prefill

    async def _continuation(
        self, head: list[int], text: str | None, continuation: str
    ) -> list[int]:
        """In context where the prompt's ids are unchanged by it, else on its own.

        The rule of :meth:`core.models.chat.ChatRenderer.continuation_ids`.
        """
        if text is not None:
            whole = await self._encode(text + continuation)
            if len(whole) > len(head) and whole[: len(head)] == head:
                return whole[len(head) :]
        return await self._encode(continuation)

    async def _encode(self, text: str) -> list[int]:
        return await self._tokenize(prompt=text, add_special_tokens=False)

    async def _tokenize(self, **fields: Any) -> list[int]:
        return await self._ask(f"{self._client.root_url}/tokenize", fields, _parse_tokenized)

    async def _echo(self, sequences: list[list[int]]) -> list[list[float]]:
        payload = {
            "prompt": sequences,
            "echo": True,
            "logprobs": 1,
            "max_tokens": self.max_tokens,
            "temperature": 0,
        }
        lengths = [len(s) for s in sequences]
        return await self._ask(
            f"{self._client.base_url}/completions", payload, lambda body: parse_echo(body, lengths)
        )

    async def _ask(self, url: str, fields: dict[str, Any], parse: Callable[[Any], T]) -> T:
        return await self._client.ask(
            "POST", url, {"model": self._model} | fields, parse, broken_after=self._broken_after
        )


def _parse_tokenized(body: Any) -> list[int]:
    tokens = body.get("tokens") if isinstance(body, dict) else None
    if not isinstance(tokens, list) or not all(type(t) is int for t in tokens):
        raise RubbishError("no list of token ids")
    return tokens


def parse_detokenized(body: Any) -> str:
    text = body.get("prompt") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise RubbishError("no detokenised text")
    return text


def parse_echo(body: Any, lengths: Sequence[int]) -> list[list[float]]:
    """Log-probabilities of the echoed tokens, one list a prompt, in the order of the prompts.

    A value that is missing (the first token's always is), not finite, or clamped from minus
    infinity is NaN: how to treat an impossible answer is the caller's to say.
    """
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or len(choices) != len(lengths):
        raise RubbishError(f"not {len(lengths)} choices")
    by_index: dict[Any, Any] = {c.get("index"): c for c in choices if isinstance(c, dict)}
    out = []
    for index, length in enumerate(lengths):
        logprobs = by_index.get(index, {}).get("logprobs")
        values = logprobs.get("token_logprobs") if isinstance(logprobs, dict) else None
        # One more than the prompt where a token had to be generated.
        if not isinstance(values, list) or len(values) - length not in (0, 1):
            raise RubbishError("no log-probability for every echoed token")
        out.append([clean_logprob(v) for v in values[:length]])
    return out


def clean_logprob(value: Any) -> float:
    """A server's log-probability; NaN where there is none, or one clamped from minus infinity."""
    if value is None:
        return math.nan
    if type(value) not in (int, float):
        raise RubbishError("a log-probability that is no number")
    return float(value) if math.isfinite(value) and value > CLAMPED_LOGPROB else math.nan
