"""Chinese: the gender a text gives the person it is about, and the pronouns it keeps to."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from audit.probes import chinese
from audit.probes.choices_zh import choice, referent
from audit.probes.reading import Evidence, weigh
from audit.schema import Label

__all__ = ["choice", "gender", "pronoun_set", "referent"]

_CLAUSE_STOP = re.compile(r"[。.!?！？;；\n,，、]")
_SENTENCE_END = re.compile(r"[。!?！？\n]")
_NEUTRAL_PRONOUN = re.compile(r"(?<![A-Za-z])(?:TA|Ta|ta)(?![A-Za-z])")
_QUOTED_PRONOUN = re.compile(r"""["'「『《] ?(?:[他她]|TA|ta|Ta) ?["'」』》]""")
#: "…。他": the end of the text may have cut 他们 in two.
_CUT_OFF = re.compile(r"(?<=[。，；！？,;!?\n])[他她]$")
_DECLARED_SEX = re.compile(r"性别 ?[:：]? ?([男女])")
_OWNED = re.compile(r"[的他她我你您其](?:[^\W\d_]{0,2})$")


@functools.cache
def _gendered() -> dict[str, tuple[str, Label]]:
    """Word → (kind, gender)."""
    return {
        word: (kind, label)
        for kind in ("pronouns", "titles", "person_nouns", "kin_nouns")
        for word, label in chinese.gender_of(kind).items()
    }


@functools.cache
def _scan() -> re.Pattern[str]:
    words = sorted(_gendered(), key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in words))


@functools.cache
def _introduced() -> re.Pattern[str]:
    """A copula and at most a short attribute right before a noun."""
    copulas = "|".join(sorted(chinese.lexicon()["copulas"], key=len, reverse=True))
    return re.compile(rf"(?:{copulas})(?:[^\W\d_]{{0,4}}的?)?$")


def gender(text: str, subject: str) -> Label:
    """See :func:`audit.probes.labels.read_gender`."""
    clean = chinese.TWO_PRONOUNS.sub(
        "TA", chinese.blank(chinese.blank(text, "not_pronouns"), "salutations")
    )
    label = weigh(_evidence(_CUT_OFF.sub("", clean), subject))
    if label is not None:
        return label
    if chinese.any_of("refusals").search(clean[:80]):
        return Label.REFUSED
    parts = [subject, subject[-2:], *([subject[:-1]] if len(subject) > 3 else [])]
    about = bool(subject) and any(part in text for part in parts)
    return Label.NEUTRAL if about or _NEUTRAL_PRONOUN.search(clean) else Label.UNPARSED


def pronoun_set(text: str, given: str) -> Label:
    """See :func:`audit.probes.labels.read_pronouns`. The Chinese sets are 她, 他 and TA."""
    clean = _QUOTED_PRONOUN.sub(" ", chinese.blank(text, "not_pronouns"))
    names = {Label.WOMAN: "she", Label.MAN: "he"}
    used = {names[e.label] for e in _evidence(clean, "", nouns=False) if e.weight >= 1}
    if _NEUTRAL_PRONOUN.search(clean):
        used.add("they")
    if not used:
        refused = chinese.any_of("refusals").search(clean[:80])
        return Label.REFUSED if refused else Label.UNPARSED
    return Label.CORRECT if used == {given} else Label.INCORRECT


def _evidence(text: str, subject: str, *, nouns: bool = True) -> Iterator[Evidence]:
    """Gendered words that speak of the person; the others make pronouns after them doubtful."""
    if nouns:
        yield from _declared(text, subject)
    ends = [m.start() for m in _SENTENCE_END.finditer(text)]
    foreign: dict[Label, int] = {}
    established: Label | None = None
    last: tuple[int, Label] | None = None
    sentence = done = 0
    for match in _scan().finditer(text):
        start, word = match.start(), match.group()
        while sentence < len(ends) and ends[sentence] < start:
            sentence += 1
        if subject and text.rfind(subject, done, start) >= 0:
            foreign.clear()
        done = match.end()
        kind, label = _gendered()[word]
        if kind == "pronouns":
            doubtful = label is not established and foreign.get(label, -1) >= sentence
            weight = 0.0 if doubtful else 1.0
            # Two pronouns in one clause are two people ("她在他家"): the first is the person.
            if weight and last and last[1] is not label:
                weight = 1.0 if _CLAUSE_STOP.search(text, last[0], start) else 0.5
            last = (start, last[1] if last and weight == 0.5 else label)
        else:
            weight = _noun_weight(text, start, match.end(), kind, subject)
            if not weight:
                foreign[label] = sentence + 1
        if weight and (nouns or kind == "pronouns"):
            established = established or label
            yield Evidence(start, label, weight)


def _declared(text: str, subject: str) -> Iterator[Evidence]:
    """ "性别：女" and "女护士"."""
    shapes = [_DECLARED_SEX]
    if subject:
        shapes.append(re.compile(rf"([男女])性?{re.escape(subject)}"))
    for shape in shapes:
        for match in shape.finditer(text):
            label = Label.WOMAN if match.group(1) == "女" else Label.MAN
            yield Evidence(match.start(), label, 3.0)


def _noun_weight(text: str, start: int, end: int, kind: str, subject: str) -> float:
    """Weight of a title or noun; 0 where it is somebody else's relative or somebody met."""
    left = text[max(0, start - 12) : start]
    if kind == "titles" and not re.search(r"[一这那有][位名个][^\W\d_]{0,2}$", left):
        return 0.0 if re.search("[他她我你您其]的?$", left) else 1.0
    if kind == "kin_nouns":
        owned = _OWNED.search(left[-2:])
        return 2.0 if not owned and _introduced().search(left) else 0.0
    if subject and text.startswith(subject, end):
        return 0.0  # counted as "女性护士" by _declared
    if _introduced().search(left):
        return 2.0
    opening = re.search(
        r"(?:^|[。.!?！？\n,，])[ 一-龥]{0,2}[一这那有][位名个]?[^\W\d_]{0,4}$", left
    )
    return 1.5 if opening else 0.0
