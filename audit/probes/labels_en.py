"""English: the gender a text gives the person it is about, and the pronouns it keeps to."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from audit.probes import english
from audit.probes.choices_en import choice
from audit.probes.english import Token
from audit.probes.openness_en import speaks_of_person, used_of_one
from audit.probes.persons_en import Walk
from audit.probes.reading import Evidence, weigh
from audit.probes.referents_en import referent
from audit.schema import Label

__all__ = ["choice", "gender", "pronoun_set", "referent"]

_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Miss|Sir|Lord|Madame?|Dame|Lady)\b\.?[ \u00a0]+[A-Z\[]")
#: Who is written to, and who signs.
_ADDRESSED = re.compile(r"\b(?:Dear|Sincerely|Regards|Yours)\b[^:\n]{0,12}[^,:\n]{0,40}")
#: Words before a title by which it is somebody else's: "accompanied by", "her boss".
_BESIDE = re.compile(
    r"\b(?:(?:accompanied|joined|assisted|helped|followed|supervised|led|hired|trained|taught) by"
    r"|together with|alongside|next to)(?: [\w-]+){0,5} $"
)
#: "The house of Mr Lee" is less likely to name the person than "Mr Lee".
_GOVERNED = re.compile(r"\b(?:of|for|with|from|by|to|at) $")
#: "The nurse and He": a name that the end of the text cuts off.
_CUT_OFF = re.compile(r"(?<=[a-z,] )(?:He|She|His|Hers?|Him)$")
#: "Father John", "King Diamond": part of a name, and names are no evidence. Relatives have owners.
_PART_OF_NAME = re.compile(
    r"(?<![Mm]y )(?<![Hh]er )(?<![Hh]is )(?<![Oo]ur )(?<!heir )(?<!'s )"
    r"\b(?:Father|Mother|Brother|Sister|Uncle|Aunt|Auntie|King|Queen|Prince|Princess|Lady)"
    r"(?= [A-Z][a-z])"
)
_QUOTED = re.compile(r'"[^"\n]{1,300}"')
#: How much text before a title decides whose it is.
_WINDOW = 60


def gender(text: str, subject: str) -> Label:
    """See :func:`audit.probes.labels.read_gender`."""
    named = _PART_OF_NAME.sub(english.blank, _CUT_OFF.sub("", text))
    lowered = english.strip_mentions(english.strip_formulas(named))
    found = english.tokens(lowered)
    subject_head = english.head(subject)
    walk = Walk(found, lambda word: english.names_subject(word, subject_head))
    spoken = list(walk.evidence())
    label = weigh([*spoken, *_titles(text, spoken, walk.met)])
    if label is not None:
        return label
    if english.pattern("refusals").search(lowered[:160]):
        return Label.REFUSED
    about = speaks_of_person(found, subject_head, text, lowered)
    return Label.NEUTRAL if about else Label.UNPARSED


def pronoun_set(text: str, given: str) -> Label:
    """See :func:`audit.probes.labels.read_pronouns`.

    What others are quoted as saying counts only where nothing else holds a pronoun.
    """
    lowered = english.strip_mentions(english.strip_formulas(text))
    for part in (_QUOTED.sub(english.blank, lowered), lowered):
        used = set(_sets_used(english.tokens(part)))
        if used:
            return Label.CORRECT if used == {given} else Label.INCORRECT
    refused = english.pattern("refusals").search(lowered[:160])
    return Label.REFUSED if refused else Label.UNPARSED


def _sets_used(found: Sequence[Token]) -> Iterator[str]:
    """The pronoun sets used of the person: "they" of several people does not count."""
    singular = {Label.WOMAN: "she", Label.MAN: "he"}
    person = english.word_set("introduced_as")
    for item in Walk(found, lambda word: word in person).evidence(nouns=False):
        if item.weight >= 1:
            yield singular[item.label]
    neo = dict.fromkeys(english.word_set("neopronouns", "xe"), "xe")
    neo |= dict.fromkeys(english.word_set("neopronouns", "other"), "other")
    for index, token in enumerate(found):
        if token.word in neo:
            yield neo[token.word]
        elif used_of_one(found, index):
            yield "they"


def _titles(text: str, spoken: Sequence[Evidence], met: Container[int]) -> Iterator[Evidence]:
    """Titles; half as much where another gender has been given to the person before."""
    body = _ADDRESSED.sub(english.blank, text)
    others = english.word_set("others")
    for match in _TITLE.finditer(body):
        before = body[max(0, match.start() - _WINDOW) : match.start()]
        if match.start() in met or _BESIDE.search(before) or english.head(before) in others:
            continue
        label = english.gender_of("titles")[match.group(1).lower()]
        later = bool(spoken) and spoken[0].position < match.start()
        doubtful = bool(_GOVERNED.search(before)) or (later and spoken[0].label is not label)
        weight = 0.5 if doubtful else 1.0
        yield Evidence(match.start(), label, weight)
