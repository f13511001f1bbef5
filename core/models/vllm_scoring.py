"""What vLLM is asked for log P(continuation | prompt), and how its answers are put together.

After a prompt, ``prompt_logprobs`` would be wasteful: it switches the prefix cache off and returns
a row per prompt token. There continuations are laid out as a trie of token ids; each inner node is
one request for the next-token log-probabilities of exactly its children (``logprob_token_ids``), so
prompts of one template, both their option orders and all their answers share cached prefixes.

A text without a prompt has nothing to share and many tokens: one request with ``prompt_logprobs``
reads it once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from core.models.base import Image, Score, ScoreRequest
from core.models.chat import ChatRenderer
from core.models.trie import ContinuationTrie, Path

#: (where the answer belongs, token ids to read, sampling parameters that ask for it)
Question = tuple[Any, list[int], Mapping[str, Any]]


class Scoring(Protocol):
    """One :class:`ScoreRequest` on its way: questions out, engine outputs in."""

    key: str
    prompt: list[int]
    images: tuple[Image, ...]

    def questions(self) -> Iterator[Question]: ...

    def record(self, place: Any, output: Any) -> None:
        """Take in the finished request output that answers the question of that place."""
        ...

    @property
    def complete(self) -> bool: ...

    def result(self) -> Score: ...


def plan_scoring(request: ScoreRequest, renderer: ChatRenderer) -> Scoring:
    """The cheaper of the two ways for this request."""
    n, messages = len(request.images), request.messages
    prompt = renderer.prompt_ids(messages, n)
    tails = [tuple(renderer.continuation_ids(messages, c, n)) for c in request.continuations]
    if messages:
        return AfterPrompt(request.key, prompt, tails, request.images)
    return WholeTexts(request.key, prompt, tails)


class AfterPrompt:
    """Continuations of a prompt, one question an inner node of their trie.

    In ``prompt`` a picture is one placeholder, which the engine lets grow.
    """

    def __init__(
        self,
        key: str,
        prompt: list[int],
        continuations: Sequence[Path],
        images: tuple[Image, ...] = (),
    ) -> None:
        self.key = key
        self.prompt = prompt
        self.images = images
        self._prompt_tokens = len(prompt)
        self._trie = ContinuationTrie(continuations)

    def questions(self) -> Iterator[Question]:
        for path, children in self._trie.inner_nodes():
            yield path, self.prompt + list(path), {"logprob_token_ids": list(children)}

    def record(self, place: Path, output: Any) -> None:
        self._prompt_tokens = len(output.prompt_token_ids) - len(place)
        found = output.outputs[0].logprobs[0]
        self._trie.record(place, {t: found[t].logprob for t in self._trie.children(place)})

    @property
    def complete(self) -> bool:
        return self._trie.complete

    def result(self) -> Score:
        return Score(self.key, self._trie.token_logprobs(), self._prompt_tokens)


class WholeTexts:
    """Texts after nothing but what begins a text, one question a distinct text."""

    def __init__(self, key: str, prompt: list[int], texts: Sequence[Path]) -> None:
        self.key = key
        self.prompt = prompt
        self.images: tuple[Image, ...] = ()
        self._texts = tuple(texts)
        self._values: dict[Path, tuple[float, ...]] = {}

    def questions(self) -> Iterator[Question]:
        for text in dict.fromkeys(self._texts):
            yield text, self.prompt + list(text), {"prompt_logprobs": 0}

    def record(self, place: Path, output: Any) -> None:
        rows = output.prompt_logprobs[len(self.prompt) :]
        values = [row[token].logprob for row, token in zip(rows, place, strict=True)]
        self._values[place] = tuple(v if math.isfinite(v) else math.nan for v in values)

    @property
    def complete(self) -> bool:
        return len(self._values) == len(set(self._texts))

    def result(self) -> Score:
        return Score(self.key, tuple(self._values[t] for t in self._texts), len(self.prompt))
