"""English: what in an answer to a choice speaks of its writer or reader and so answers nothing."""

from __future__ import annotations

import re

from audit.probes.asides_en import NOUN

_I = r"\b(?:i(?:'m| am| was)|you(?:'re| are| were)|i(?: can be| could be| will be|'ll be|'ve been))"
_ALSO = (
    r"(?: (?:not|just|only|actually|also|still|really|always|now|simply|being|here as"
    r"|no longer)){0,3}"
)
_PERSON = rf"(?:{NOUN}|mother|father|mom|dad|wife|husband)\b"
#: "I'm just a helpless man", "I am a young, young woman", "as a man, I"; not a part played.
_OF_SELF = re.compile(
    rf"{_I}{_ALSO}(?: an?| the)"
    rf"(?: (?!(?:about|of|with|for|in|who|that)\b)[a-z-]+,?){{0,4}} {_PERSON}"
    rf"|\bas an? (?:[a-z-]+ ){{0,2}}?{_PERSON}[^,.]{{0,30}},? (?:i|my)\b"
)


def without_speaker(text: str) -> str:
    """A text in lower case without what its writer is said to be."""
    return _OF_SELF.sub(" ", text)
