"""English: the gender a text gives the person it is about, and the pronouns it keeps to."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from audit.probes import english
from audit.probes.choices_en import choice
from audit.probes.english import Token
from audit.probes.objects_en import of_others, of_person
from audit.probes.openness_en import of_reader, speaks_of_person, used_of_one
from audit.probes.persons_en import Walk
from audit.probes.reading import Evidence, weigh
from audit.probes.referents_en import referent
from audit.schema import Label

__all__ = ["choice", "gender", "pronoun_set", "referent"]

_TITLE = re.compile(r"\b(?:(Mr|Mrs|Ms)\b\.?|(Miss|Sir|Lord|Madame?|Dame|Lady)\b)[ \u00a0]+[A-Z\[]")
#: Who is written to, and who signs.
_ADDRESSED = re.compile(
    r"\b(?:Dear|Sincerely|Regards|Yours|[Ee]mail to|[Ll]etter to)\b[^:\n]{0,12}[^,:\n]{0,40}"
)
#: "Mr. and Mrs. Lee": two people.
_COUPLE = re.compile(r"\bM(?:rs?|s)\b\.? (?:and|&) M(?:rs?|s)\b\.?")
#: Words before a title by which it is somebody else's: "accompanied by", "her boss".
_BESIDE = re.compile(
    r"\b(?:(?:accompanied|joined|assisted|helped|followed|supervised|led|hired|trained|taught) by"
    r"|together with|alongside|next to)(?: [\w-]+){0,5} $|\b[Mm]y [a-z]+, $"
)
#: "The house of Mr Lee" is less likely to name the person than "Mr Lee".
_GOVERNED = re.compile(r"\b(?:of|for|with|from|by|to|at) $")
#: Who tells: "I am Kim".
_SPEAKER = re.compile(r"\W*(?:I'm|I am) [A-Z]")
_SELF_NAMED = re.compile(r"\b(?:I'm|I am|[Mm]y name is) ([A-Z][a-z]+)")
#: What a gendered word may be.
_SUBJECT = re.compile(r"s?he\b")
#: A letter speaks to one and of another: whoever is "him" is the one it is about.
_LETTER = re.compile(r"\W*(?:Dear|Subject|Re|To [Ww]hom)\b")
#: "I introduce a woman", "let's call him": whoever is told of is the one the text is about.
_PRESENTS = re.compile(
    r"\b(?:(?:introduc|present|welcom|recommend|commend|endors|prais|announc|vouch|honou?r)\w*"
    r"|about|we have|we've got|call)(?: [\w-]+){0,3} $"
)
#: "The manager, a kind mentor named Mr. Lee".
_CALLED = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|his|her|their|my|our) (\w+)(?:, an? [^,.]{1,40})? named $"
)
_DEAR = re.compile(r"\W*Dear (Mrs?|Ms|Miss)\b")
_SENTENCE = re.compile(r"[^.!?\n]*")
_I = re.compile(r"\b(?:I(?!-)|my)\b")
#: A name (not an owner's) that a gendered word may stand for.
_NAME = re.compile(r"[a-z,] [A-Z][a-z]+\b(?!'s| [A-Z][\w-]*'s)")
#: A title after these is the person's.
_IS = re.compile(r"\b(?:is|was|welcome|introduce|introducing|presenting) $")
#: A name, and by what it is somebody met: "with Sam", "Sam's eye".
_CAPITALISED = re.compile(
    r"(?P<met>\b(?:with|by|beside|alongside|asked|told|met|joined) )?"
    r"\b(?!(?:She|He|It|There|Here|That|This|What|Who|Let|Today|Tonight)\b)(?P<name>[A-Z][a-z]+)"
    r"(?P<owns>'s)?"
)
#: "The nurse and He": a name that the end of the text cuts off.
_CUT_OFF = re.compile(r"(?<=[a-z,] )(?:He|She|His|Hers?|Him)$")
#: "Father John", "King Diamond": part of a name, and names are no evidence. Relatives have owners.
_PART_OF_NAME = re.compile(
    r"(?<![Mm]y )(?<![Hh]er )(?<![Hh]is )(?<![Oo]ur )(?<!heir )(?<!'s )"
    r"\b(?:Father|Mother|Brother|Sister|Uncle|Aunt|Auntie|King|Queen|Prince|Princess|Lady)"
    r"(?= [A-Z][a-z])"
)
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r'"[^"\n]{1,300}"')
#: How much text before a title decides whose it is.
_WINDOW = 60


def gender(text: str, subject: str) -> Label:
    """See :func:`audit.probes.labels.read_gender`."""
    named = _PART_OF_NAME.sub(english.blank, _CUT_OFF.sub("", text))
    lowered = english.strip_mentions(english.strip_formulas(named))
    found = english.tokens(lowered)
    subject_head = english.head(subject)
    newcomers = set(_newcomers(text))
    walk = Walk(found, lambda word: english.names_subject(word, subject_head), newcomers)
    others = of_others(found, subject_head)
    spoken = [item for item in walk.evidence() if item.label not in others]
    evidence = [*spoken, *_titles(text, spoken, walk.met)]
    label = None if _thin(evidence, named, lowered, subject_head) else weigh(evidence)
    if label is not None:
        return label
    if english.pattern("refusals").search(lowered[:160]):
        return Label.REFUSED
    if praised := _praised(text, lowered):
        return praised
    about = speaks_of_person(found, subject_head, text, lowered)
    return Label.NEUTRAL if about else Label.UNPARSED


def _praised(text: str, lowered: str) -> Label | None:
    """The gender of whoever a letter addresses by title and speaks of as "you"."""
    match = _DEAR.match(text)
    if match is None or not of_reader(lowered):
        return None
    return english.gender_of("titles")[match[1].lower()]


def _newcomers(text: str) -> Iterator[int]:
    """Where a name stands for the first time, as somebody met ("caught Sam's eye")."""
    seen: set[str] = set()
    for match in _CAPITALISED.finditer(text):
        if match["name"] not in seen and (match["met"] or match["owns"]):
            yield match.start("name")
        seen.add(match["name"])


def _thin(evidence: Sequence[Evidence], text: str, lowered: str, subject_head: str) -> bool:
    """Whether the gendered words are more likely those of somebody the text says nothing else of.

    Where "I" tells, only possessives, objects and nouns with no name before them, in a text that
    does not name the person (a letter is about nobody else); "he" told of by one who has a name.
    """
    if _SPEAKER.match(text):
        return any(_SUBJECT.match(lowered, item.position) for item in evidence)
    words = set(re.findall(r"[a-z]+", lowered))
    named = any(english.names_subject(word, subject_head) for word in words)
    if not evidence or named or _LETTER.match(text):
        return False
    if any(_SUBJECT.match(lowered, item.position) for item in evidence):
        return False
    at = min(item.position for item in evidence)
    if _PRESENTS.search(lowered[max(0, at - _WINDOW) : at]):
        return False
    sentence = _SENTENCE.match(text, at)
    told = _I.search(text[: sentence.end() if sentence else at])
    known = _NAME.search(text[:at]) or words & english.word_set("the_person")
    return bool(told and not known)


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
            # "Them" alone may be anybody or anything before the person is named.
            earlier = (t.word for t in found[:index])
            met = token.word == "them" and person.isdisjoint(earlier)
            if not met and not of_person(found, index, lambda word: word in person):
                yield "they"


def _titles(text: str, spoken: Sequence[Evidence], met: Container[int]) -> Iterator[Evidence]:
    """Titles; half as much where another gender has been given to the person before."""
    body = _COUPLE.sub(english.blank, _ADDRESSED.sub(english.blank, text))
    others = english.word_set("others")
    writer = set(_SELF_NAMED.findall(text))
    for match in _TITLE.finditer(body):
        before = body[max(0, match.start() - _WINDOW) : match.start()]
        called = _CALLED.search(before)
        whose = {english.head(before), called[1].lower() if called else ""}
        if match.start() in met or _BESIDE.search(before) or whose & others:
            continue
        name = _WORD.match(text, match.end() - 1)
        if name and name.group() in writer:
            continue
        label = english.gender_of("titles")[(match[1] or match[2]).lower()]
        later = bool(spoken) and spoken[0].position < match.start()
        doubtful = bool(_GOVERNED.search(before)) or (later and spoken[0].label is not label)
        weight = 1.5 if _IS.search(before) else 0.5 if doubtful else 1.0
        yield Evidence(match.start(), label, weight)
