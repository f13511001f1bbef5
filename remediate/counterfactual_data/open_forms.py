"""Forms the rules leave open ("bring her books": him or his?), decided by the model's likelihood.

The form that makes the whole text likelier wins. The model is the one that is repaired: it is at
hand, and wrote the text.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from core.models.base import Score, ScoreRequest


class OpenForms:
    """A :data:`~swap_types.Disambiguate` that looks the model's choices up among its answers.

    A form that was never asked for takes the rule's guess and is kept in :attr:`unasked`.
    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers
        self.unasked: dict[str, ScoreRequest] = {}

    def __call__(self, left: str, right: str, options: tuple[str, ...]) -> int:
        """The index of the form between two pieces of the swapped text."""
        texts = tuple(left + option + right for option in options)
        key = "swap/" + hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        chosen = self._answers.get(key)
        if chosen is None:
            self.unasked[key] = ScoreRequest(key, (), texts)
            return 0
        return int(chosen)


def choice_payload(score: Score) -> dict[str, Any]:
    """For the journal: the index of the likelier text as ``text``; ``totals`` in nats.

    0, the rule's guess, where a log-probability is missing or not finite.
    """
    totals = score.totals()
    known = all(math.isfinite(value) for value in totals)
    best = max(range(len(totals)), key=lambda i: totals[i]) if known else 0
    return {"text": str(best), "totals": totals}
