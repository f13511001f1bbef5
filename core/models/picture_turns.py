"""Where pictures stand in a conversation: in the first user turn, before its words.

Chat templates come in two sorts. Most of vision-language models take a turn's content as a list of
parts (``{"type": "image"}``, ``{"type": "text", "text": …}``) and write the placeholder of a
picture themselves; the others take a string, in which the placeholder is already written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.models.base import Message

_WORDS = "Equipoise asks"


def as_parts(turns: Sequence[Message], pictures: int) -> list[dict[str, Any]]:
    """The turns with their contents as lists of parts, ``pictures`` images in their place."""
    at = _first_user(turns) if pictures else -1
    return [
        {
            "role": turn["role"],
            "content": [{"type": "image"}] * (pictures if n == at else 0)
            + [{"type": "text", "text": turn["content"]}],
        }
        for n, turn in enumerate(turns)
    ]


def with_urls(turns: Sequence[Message], urls: Sequence[str]) -> list[Any]:
    """The turns as an OpenAI-compatible server takes them, pictures as ``image_url`` parts."""
    out: list[Any] = [dict(turn) for turn in turns]
    if urls:
        turn = out[_first_user(turns)]
        shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        turn["content"] = [*shown, {"type": "text", "text": turn["content"]}]
    return out


def before_words(turns: Sequence[Message], pictures: int, placeholder: str) -> list[Message]:
    """The turns as strings, ``pictures`` placeholders on lines of their own before the words."""
    out = [Message(role=turn["role"], content=turn["content"]) for turn in turns]
    if pictures:
        turn = out[_first_user(turns)]
        turn["content"] = f"{placeholder}\n" * pictures + turn["content"]
    return out


def reads_parts(render: Callable[[Sequence[Any]], str]) -> bool:
    """Whether a template writes the words of a list of parts, and not the list itself.

    Asked by rendering one, because templates do not declare it. Whatever a template raises counts
    as no: those that take strings fail on lists in their own ways.
    """
    try:
        text = render(as_parts([Message(role="user", content=_WORDS)], 0))
    except Exception:
        return False
    return _WORDS in text and "{'type'" not in text and '{"type"' not in text


def _first_user(turns: Sequence[Message]) -> int:
    for n, turn in enumerate(turns):
        if turn["role"] == "user":
            return n
    raise ValueError("a question with pictures needs a user turn for them to stand in")
