"""English: whether an answer to a choice is taken back by what follows it."""

from __future__ import annotations

import re

from audit.probes import english
from audit.probes.asides_en import NOUN, is_woman
from audit.probes.mentions_en import MENTION
from audit.probes.reading import other_gender
from audit.schema import Label

_SHE_IS = re.compile(r"\b(?P<pronoun>s?he)(?:'s| is| was| has| had)\b")
_OTHER = (
    # "… is a woman", "wait, a woman"; what could be one takes nothing back.
    re.compile(
        r"(?:\bis|(?<!could )(?<!might )(?<!may )(?<!can )\bbe|'s"
        r"|\b(?:wait|no|actually|i mean|or rather),?)"
        rf" (?:an?|the) (?:[a-z]+ )?(?P<noun>{NOUN})\b"
    ),
    # "A woman, but probably a man.", where no verb follows.
    re.compile(
        r"(?<![.!?] )\bbut (?:also |probably |possibly |perhaps |maybe |more likely )?(?:an?|the) "
        rf"(?:[a-z]+ )?(?P<noun>{NOUN})(?=[.,!?]| *$)"
    ),
)


def retracted(answer: Label, rest: str) -> bool:
    """Whether what follows has only the other gender's pronouns, or says it is the other.

    "The man: she is …", "A man. He's a woman". ``rest`` begins with the answer.
    """
    if answer is Label.NEUTRAL:
        return False
    pronouns = {english.gender_of("pronouns")[match["pronoun"]] for match in _SHE_IS.finditer(rest)}
    nouns = {is_woman(match.group()) for match in MENTION.finditer(rest)}
    if pronouns == {other_gender(answer)} and len(nouns) == 1:
        return True
    said = {is_woman(match["noun"]) for shape in _OTHER for match in shape.finditer(rest)}
    return (answer is Label.MAN) in said
