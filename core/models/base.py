"""The one interface between what is asked and what answers: requests in, answers out.

A backend turns :class:`GenerateRequest` into :class:`Generation` (sampled text) and
:class:`ScoreRequest` into :class:`Score` (log-probabilities of given continuations). It knows
nothing about bias, and whoever calls it knows nothing about engines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable


class Message(TypedDict):
    """One turn of a conversation.

    A last message with role ``assistant`` is a *prefill*: the model continues it.
    """

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one text is drawn. ``temperature`` 0 is greedy decoding."""

    max_tokens: int = 64
    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a question.

    ``id`` is the same on every machine and is what answers and reports call it; ``path`` is where
    the file lies here.
    """

    id: str
    path: Path


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Ask for one text. ``key`` names the answer in the journal; ``seed`` fixes the draw.

    ``images`` stand in the first user turn, before its words and in this order.
    """

    key: str
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """One sampled text. ``finish_reason`` is ``stop``, ``length`` or ``error``."""

    key: str
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Ask for log P(continuation | messages) of every continuation, token by token.

    Continuations are appended verbatim to the rendered prompt (a leading space is the caller's).
    Without messages there is no prompt and no chat template: each continuation is a text of its
    own, and all its tokens are scored, log P(text | beginning of text). ``images``: see
    :class:`GenerateRequest`.
    """

    key: str
    messages: tuple[Message, ...]
    continuations: tuple[str, ...]
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Natural-log probabilities, one tuple of token values a continuation, in request order."""

    key: str
    token_logprobs: tuple[tuple[float, ...], ...]
    prompt_tokens: int = 0

    def totals(self, *, per_token: bool = False) -> tuple[float, ...]:
        """Summed (or, length-normalised, mean) log-probability of each continuation, in nats."""
        return tuple(math.fsum(t) / (len(t) if per_token and t else 1) for t in self.token_logprobs)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a loaded backend can do; ``notes`` are shown to the user and kept in the manifest."""

    generate: bool = True
    score: bool = True
    images: bool = False
    deterministic: bool = False
    notes: tuple[str, ...] = ()


@runtime_checkable
class Backend(Protocol):
    """A loaded model.

    Both methods yield lists of answers as they are finished, in any order: each list is one batch
    that the caller commits whole. Every request is answered exactly once or an error is raised
    (:class:`core.errors.EnvironmentProblem` for what the user can mend).
    """

    name: str
    capabilities: Capabilities

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]: ...

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]: ...

    def describe(self) -> Mapping[str, Any]:
        """JSON-ready facts for the manifest: engine, dtype, chat format, device, threads."""
        ...

    def close(self) -> None: ...
