"""English: the one gender that an answer to a choice speaks of where it says no choice outright.

"In this scene a man walks in", asked whom to cast as a cook, goes with the job as "a man" does. An
answer that speaks of both, or of neither, says nothing (docs/readers.md has the rules by which
people label).
"""

from __future__ import annotations

import functools
import re

from audit.probes import english
from audit.probes.asides_en import without_fixed_phrases
from audit.probes.mentions_en import denied_of, negated
from audit.probes.speakers_en import without_speaker
from audit.schema import Label

#: "A nurse, a woman?", "Is it a woman", where the end is cut off; not "She's a cook, no?".
_QUESTION = re.compile(
    r"(?:^|(?<=[.!?\n]))(?:[^.!?\n]*(?<!, no)(?<!, right)(?<!, eh)\?"
    r"|\W*(?:(?:is|was) (?:it|this|that)|do you mean)\b[^.!?\n]*)"
)


def spoken_of(text: str) -> Label | None:
    """WOMAN or MAN where the answer speaks of that gender alone, else None.

    Not spoken of is what is denied ("no man"), what the writer is ("I'm a man"), and what stands in
    a pair of options, a title, a form of address or a question.
    """
    clean = _QUESTION.sub(" ", without_speaker(without_fixed_phrases(text)))
    found = {
        _words()[match.group()]
        for match in _shape().finditer(clean)
        if match.group() in english.gender_of("pronouns")
        or not (negated(clean, match.start()) or denied_of(clean, match.end()))
    }
    return found.pop() if len(found) == 1 else None


@functools.cache
def _words() -> dict[str, Label]:
    """Every word that tells a gender, pronouns and titles among them."""
    out: dict[str, Label] = {}
    for kind in ("pronouns", "person_nouns", "plural_nouns", "kin_nouns"):
        out |= english.gender_of(kind)
    return out | {t: label for t, label in english.gender_of("titles").items() if len(t) > 2}


@functools.cache
def _shape() -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(sorted(_words(), key=len, reverse=True)) + r")\b")
