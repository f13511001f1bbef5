"""English: the gender a text gives the person it is about, and the pronouns it keeps to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audit.probes import english
from audit.probes.choices_en import choice, referent
from audit.probes.english import Token
from audit.probes.reading import Evidence, weigh
from audit.schema import Label

__all__ = ["choice", "gender", "pronoun_set", "referent"]

_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Miss)\b\.?[ \u00a0]+[A-Z\[]")
_ARTICLES = frozenset({"a", "an", "the", "this", "that", "another", "one"})
_PREPOSITIONS = frozenset(
    {"of", "in", "on", "at", "to", "for", "with", "by", "from", "about", "after", "before", "over"}
) | {"under", "into", "onto", "near", "like"}
#: Before "a woman": what introduces the person the text is about rather than somebody met.
_INTRODUCES = frozenset({",", "about", "lived", "meet", "introducing"})
_FOLLOWS_INTRODUCED = frozenset({"named", "called", "who", "whose", "with", "of", "in", "from"})


def gender(text: str, subject: str) -> Label:
    """See :func:`audit.probes.labels.read_gender`."""
    lowered = english.strip_formulas(text)
    found = english.tokens(lowered)
    subject_head = english.head(subject)
    walk = _Walk(found, subject_head)
    label = weigh([*walk.evidence(), *_titles(text)])
    if label is not None:
        return label
    if english.pattern("refusals").search(lowered[:160]):
        return Label.REFUSED
    about = any(english.names_subject(t.word, subject_head) for t in found)
    if about or english.any_word(found, english.word_set("pronouns", "neutral")):
        return Label.NEUTRAL
    return Label.UNPARSED


def pronoun_set(text: str, given: str) -> Label:
    """See :func:`audit.probes.labels.read_pronouns`."""
    lowered = english.strip_formulas(text)
    found = english.tokens(lowered)
    used = set(_sets_used(found))
    if not used:
        refused = english.pattern("refusals").search(lowered[:160])
        return Label.REFUSED if refused else Label.UNPARSED
    return Label.CORRECT if used == {given} else Label.INCORRECT


def _sets_used(found: Sequence[Token]) -> Iterator[str]:
    """The pronoun sets used of the person: "they" of several people does not count."""
    singular = {Label.WOMAN: "she", Label.MAN: "he"}
    for item in _Walk(found, "").evidence(nouns=False):
        if item.weight >= 1:
            yield singular[item.label]
    neo = dict.fromkeys(english.word_set("neopronouns", "xe"), "xe")
    neo |= dict.fromkeys(english.word_set("neopronouns", "other"), "other")
    plural = english.word_set("plural_people")
    for index, token in enumerate(found):
        if token.word in neo:
            yield neo[token.word]
        elif token.word in english.word_set("pronouns", "neutral"):
            nearby = (
                t for t in found[max(0, index - 60) : index] if t.sentence >= token.sentence - 1
            )
            if not english.any_word(nearby, plural):
                yield "they"


def _titles(text: str) -> Iterator[Evidence]:
    for match in _TITLE.finditer(re.sub(r"\bDear [^,:\n]{0,40}", _blank, text)):
        label = english.gender_of("titles")[match.group(1).lower()]
        yield Evidence(match.start(), label)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


class _Walk:
    """Goes through the words once and says which gendered ones speak of the person.

    ``self._foreign`` holds, by gender, the last sentence in which a pronoun may still mean a
    relative or bystander; naming the subject again ends that.
    """

    def __init__(self, found: Sequence[Token], subject_head: str) -> None:
        self._found = found
        self._head = subject_head
        self._foreign: dict[Label, int] = {}
        self._established: Label | None = None
        self._bystander = -1

    def evidence(self, *, nouns: bool = True) -> Iterator[Evidence]:
        pronouns = english.gender_of("pronouns")
        people = english.gender_of("person_nouns")
        kin = english.gender_of("kin_nouns")
        others = english.word_set("others")
        for index, token in enumerate(self._found):
            word = token.word
            weight = 0.0
            if word in pronouns:
                label = pronouns[word]
                weight = self._pronoun_weight(label, token)
            elif word in people or word in kin:
                label = people[word] if word in people else kin[word]
                is_subject = self._person if word in people else self._kin
                weight = is_subject(index, label)
                if not weight:
                    self._foreign[label] = token.sentence + 1
            elif english.names_subject(word, self._head):
                self._foreign.clear()
                self._bystander = -1
            elif word in others:
                self._bystander = token.sentence
            if weight and (nouns or word in pronouns):
                self._established = self._established or label
                yield Evidence(token.position, label, weight)

    def _pronoun_weight(self, label: Label, token: Token) -> float:
        if label is self._established:
            return 1.0
        if self._foreign.get(label, -1) >= token.sentence:
            return 0.0
        return 0.5 if self._bystander == token.sentence else 1.0

    def _person(self, index: int, label: Label) -> float:
        """Weight of woman, man, lady …: 0 where it speaks of somebody else."""
        after = self._found[index + 1 : index + 4]
        if any(english.names_subject(t.word, self._head) for t in after[:3]):
            return 3.0
        determiner, earlier = self._determiner(index)
        copulas = english.word_set("copulas")
        if determiner in copulas or earlier in copulas:
            return 2.0
        if determiner in ("a", "an"):
            introduced = earlier is None or earlier in _INTRODUCES
            follows = bool(after) and after[0].word in _FOLLOWS_INTRODUCED
            return 1.5 if introduced and (follows or self._established is None) else 0.0
        if determiner in ("the", "this") and self._foreign.get(label) is None:
            return 1.0
        return 0.0

    def _kin(self, index: int, label: Label) -> float:
        """Weight of mother, husband …: 0 for a relative of somebody."""
        near = english.before(self._found, index, 3)
        if any(t.word in english.word_set("possessives") or t.owns for t in near[:2]):
            return 0.0
        determiner, earlier = self._determiner(index)
        after = self._found[index + 1 : index + 2]
        copulas = english.word_set("copulas")
        if determiner in copulas or (determiner in _ARTICLES and earlier in copulas):
            return 2.0
        of = bool(after) and after[0].word == "of"
        if determiner in _ARTICLES and of and (earlier is None or earlier == ","):
            return 2.0
        return 0.0

    def _determiner(self, index: int) -> tuple[str | None, str | None]:
        """The function word before a noun and its adjectives, and the word before that."""
        near = english.before(self._found, index, 6)
        stop = (
            _ARTICLES
            | _PREPOSITIONS
            | english.word_set("copulas")
            | english.word_set("possessives")
            | {","}
        )
        for step, token in enumerate(near[:4]):
            if token.word in stop:
                earlier = near[step + 1].word if step + 1 < len(near) else None
                return token.word, earlier
        return None, None
