"""English: what in an answer to a choice speaks of its writer or reader and so answers nothing."""

from __future__ import annotations

import re

from audit.probes.asides_en import NOUN

_I = r"\b(?:i(?:'m| am| was)|you(?:'re| are| were)|i(?: can be| could be| will be|'ll be|'ve been))"
_ALSO = (
    r"(?: (?:not|just|only|actually|also|still|really|always|now|simply|playing|being|here as"
    r"|no longer)){0,3}"
)
#: "I'm just a helpless man". Whoever says to have the job as well ("I'm a man, I work as a cook")
#: answers, and so does one who is made to speak ("Sam: I'm a man", "I'd say I'm a man").
_OF_SELF = re.compile(
    rf"(?<!: )(?<!: no, )(?<!: yes, )(?<!say )(?<!say that ){_I}{_ALSO}"
    rf"(?: an?| the)(?: [a-z-]+){{0,2}} {NOUN}\b"
    r"(?![.,]? (?:and |who )?(?:i(?:'m| am) an? |(?:i )?works?\b))"
)


def without_speaker(text: str) -> str:
    """A text in lower case without what its writer is said to be."""
    return _OF_SELF.sub(" ", text)
