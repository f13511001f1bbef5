"""The sentences of both pages: their own, over those they share with an audit's report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from audit.reports.text import Bilingual, Phrases, join, same
from core.datafile import read_yaml

PHRASES: Final = Phrases(("audit.reports", "audit.reports.compare"))
say, has, name_of = PHRASES.say, PHRASES.has, PHRASES.name_of

__all__ = ["PHRASES", "Bilingual", "cleft", "has", "join", "name_of", "noted", "say"]


def noted(notes: Iterable[str]) -> list[Bilingual]:
    """Notes of compare.json, which are English, in both languages; unknown ones as they are."""
    return [_noted(note) for note in notes]


def _noted(note: str) -> Bilingual:
    table: list[dict[str, Any]] = read_yaml(Path(__file__).parent / "data" / "notes.yaml")
    for entry in table:
        found = re.fullmatch(entry["match"], note, re.S)
        if found:
            return Bilingual(note, entry["zh"].format(**found.groupdict()))
    return same(note)


def cleft(parts: Iterable[Bilingual]) -> Bilingual:
    """Clauses one after the other: “a; b”."""
    listed = list(parts)
    return Bilingual("; ".join(p.en for p in listed), "；".join(p.zh for p in listed))
