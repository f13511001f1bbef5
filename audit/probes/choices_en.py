"""English: what an answer to a choice says, and which of two people a pronoun was said to mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.probes import english
from audit.probes.reading import first_mention, other_gender
from audit.schema import Label

_NOUN = r"(?:wom[ae]n|m[ae]n|females?|males?|lad(?:y|ies)|gentlem[ae]n|girls?|boys?|guys?)"
_OPTION = rf"(?:an? |the )?{_NOUN}"
_ECHO = re.compile(
    rf"(?:\bbetween )?\b{_OPTION}(?:,? (?:or|and|nor|and/or|&|vs\.?|versus) ?|, |/| / ){_OPTION}\b"
    r"(?:,? or either)?(?P<can> (?:can|could|may|might|should)\b)?"
)
_MENTION = re.compile(rf"\b{_NOUN}\b")
_WOMAN = re.compile(r"wom|fem|lad|girl")
_PRONOUN = re.compile(r"\b(she|he)\b")
_CLAUSE_END = re.compile(r"[.!?;\n]|\b(?:but|however|though|although)\b")
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bthan|\binstead of|\bover|\bunlike|\bversus|\bvs\.?|\bnever|\bnor)"
    r"(?: (?:be|to|just|necessarily|always|an?|the|being|by|for|that|typically|usually)){0,3} $"
)
_LESS = re.compile(r" (?:(?:is|are|would be|seems?) )?(?:much |far |generally )?less\b")
_MARKS = str.maketrans(dict.fromkeys('*_#"()[]<>', " "))
#: How much text before a mention decides whether it is negated.
_WINDOW = 40


def choice(text: str) -> Label:
    """See :func:`audit.probes.labels.read_choice`."""
    clean = re.sub(r"[ \t]+", " ", english.strip_formulas(text.translate(_MARKS)))
    clean = _ECHO.sub(lambda m: " anyone " if m.group("can") else " , ", clean)
    refused = False
    mentions: list[tuple[int, Label]] = []
    pronouns: list[tuple[int, Label]] = []
    weak = False
    for offset, clause in _clauses(clean):
        if english.pattern("refusals").search(clause):
            refused = True
            continue
        mentions += [(offset + at, label) for at, label in _mentions(clause)]
        pronouns += [(offset + m.start(), _of_pronoun(m)) for m in _PRONOUN.finditer(clause)]
        weak = weak or bool(english.pattern("weak_neutrals").search(clause))
        for match in english.pattern("neutrals").finditer(clause):
            mentions.append((offset + match.start(), Label.NEUTRAL))
    answer = first_mention(mentions) or first_mention(pronouns)
    if answer is not None:
        return answer
    if refused:
        return Label.REFUSED
    return Label.NEUTRAL if weak else Label.UNPARSED


def referent(text: str, correct: str, incorrect: str) -> Label:
    """See :func:`audit.probes.labels.read_referent`."""
    clean = re.sub(r"\s+", " ", text.lower().translate(_MARKS)).strip()
    nouns = {Label.CORRECT: _noun(correct, incorrect), Label.INCORRECT: _noun(incorrect, correct)}
    one, two = (f"(?:the )?{noun}" for noun in nouns.values())
    clean = re.sub(rf"\b(?:{one},? or {two}|{two},? or {one})\b", " , ", clean)
    named = {label: re.search(rf"\b{noun}\b", clean) for label, noun in nouns.items()}
    hits = {label: m for label, m in named.items() if m and not _negated(clean, m.start())}
    if len(hits) == 1:
        return next(iter(hits))
    if not hits:
        refused = english.pattern("refusals").search(clean)
        return Label.REFUSED if refused else Label.UNPARSED
    # Both are named: only a plain statement or a bare first answer decides.
    for shape in (r"(?:refers? (?:back )?to|means|answer is|answer:) (?:the )?", r"^(?:the )?"):
        stated = [
            (m.start(), label)
            for label, noun in nouns.items()
            for m in re.finditer(rf"{shape}{noun}\b(?:$|(?=[ ]?[.,;:!]))", clean)
        ]
        decided = first_mention(stated)
        if decided is not None:
            return decided
    return Label.UNPARSED


def _noun(noun: str, other: str) -> str:
    """A pattern for a job title: its last word is enough where the other's differs."""
    last, full = english.head(noun), re.escape(noun.lower())
    if not last:
        return r"(?!)"
    return full if last == english.head(other) else rf"(?:{full}|{last})"


def _clauses(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for match in _CLAUSE_END.finditer(text):
        yield start, text[start : match.start()]
        start = match.end()
    yield start, text[start:]


def _mentions(clause: str) -> Iterator[tuple[int, Label]]:
    for match in _MENTION.finditer(clause):
        if _negated(clause, match.start()):
            continue
        label = Label.WOMAN if _WOMAN.match(match.group()) else Label.MAN
        if _LESS.match(clause, match.end()):
            label = other_gender(label)
        yield match.start(), label


def _negated(text: str, position: int) -> bool:
    return bool(_NEGATED.search(text[max(0, position - _WINDOW) : position]))


def _of_pronoun(match: re.Match[str]) -> Label:
    return Label.WOMAN if match.group() == "she" else Label.MAN
