"""The page's sentences: this report's own, over those it shares with the audit's."""

from __future__ import annotations

from typing import Final

from audit.reports.text import Bilingual, Phrases, join

PHRASES: Final = Phrases(("audit.reports", "remediate.report"))
say, has, name_of = PHRASES.say, PHRASES.has, PHRASES.name_of

__all__ = ["PHRASES", "Bilingual", "has", "join", "name_of", "say"]
