"""Texts that somebody else wrote, made fit to be kept."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no UTF-8 holds, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
