"""The page's sentences: this report's own, over those it shares with the audit's."""

from __future__ import annotations

from typing import Final

from audit.reports.text import Bilingual, Phrases, join

PHRASES: Final = Phrases(("audit.reports", "remediate.report"))
say, has, name_of = PHRASES.say, PHRASES.has, PHRASES.name_of


def told(pictures: bool, key: str, **params: object) -> Bilingual:
    """The sentence *key*; a repair with *pictures* has its own where it is another."""
    own = f"pictures.{key}"
    return say(own if pictures and has(own) else key, **params)


__all__ = ["PHRASES", "Bilingual", "has", "join", "name_of", "say", "told"]
