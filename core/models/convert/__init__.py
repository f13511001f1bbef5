"""Legacy checkpoints → layouts that today's engines read, without running code from a hub.

``is_legacy`` and ``why_not`` look at a parsed config.json and import nothing heavy; ``convert``
does the work once and keeps it in the cache.
"""

from __future__ import annotations

from core.models.convert.common import ConvertedModel
from core.models.convert.run import convert, is_legacy, why_not

__all__ = ["ConvertedModel", "convert", "is_legacy", "why_not"]
