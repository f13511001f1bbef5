"""Whether an English "her" is *his* or *him*, and a "his" *her* or *hers*, from the words around.

A deterministic rule over word lists (``data/english_her.yaml``) instead of a tagger: no tagger with
data that may be shipped is among the dependencies. The rule reads the noun phrase that a possessive
would open: where it has no noun ("made her happy and") the word is an object. A noun after a verb
with two objects ("gave her flowers") or a verb that lets a plain verb follow ("let her work") needs
the lists; where they do not decide, :class:`Reading` says so, and a model may.
"""

from __future__ import annotations

from dataclasses import dataclass

from remediate.counterfactual_data.english_phrase import (
    Phrase,
    after_compound,
    ends,
    is_adverb,
    read_phrase,
    word_list,
)
from remediate.counterfactual_data.english_words import Sentence

#: Longest way back to the verb, in words.
_BACK = 3
#: Irregular pasts that stand before nouns too ("her left hand", "her lost keys").
_PARTICIPLES = frozenset(("left", "found", "saw", "kept", "lost", "sent", "made", "met", "felt"))


@dataclass(frozen=True, slots=True)
class Reading:
    """``possessive``: a noun of hers or his follows. ``sure``: the words around decide it."""

    possessive: bool
    sure: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """A "her", what follows it at ``after``, and the verb or preposition it depends on."""

    line: Sentence
    index: int
    after: int
    verb: str

    def verb_is(self, *lists: str) -> bool:
        return any(self.verb in word_list(name) for name in lists)

    @property
    def opens(self) -> bool:
        """After a preposition or at the start of a sentence no second object can follow."""
        return self.verb_is("prepositions") or self.line.starts_sentence(self.index)


def read_her(line: Sentence, index: int) -> Reading:
    """Possessive (his) or object (him)."""
    after = index + 1
    verb = _verb(line, index)
    if line.opens(after):
        if verb in word_list("tell"):
            return Reading(False, line.is_mark(after, "("))
        while line.opens(after):
            after += 1
    token = line.at(after)
    place = _Place(line, index, after, verb)
    if token is not None and token.text in "$€£":
        return Reading(not place.verb_is("ditransitive"))
    if token is None or token.kind in ("gap", "mark", "clitic"):
        return Reading(False)
    special = _special(place)
    if special is not None:
        return special
    phrase = read_phrase(line, after)
    if phrase.head is None:
        # "her physical and mental health", but "made her happy and Tom sad".
        return Reading(phrase.joined and not place.verb_is("complement"))
    head = line.word(phrase.head)
    if phrase.nominal:
        return _nominal(place, head)
    if place.opens:
        ended = phrase.plain and head in word_list("pasts") - _PARTICIPLES
        return Reading(not ended)
    for rule in (_time, _plain_verb, _clause, _named, _given):
        found = rule(place, phrase, phrase.head, head)
        if found is not None:
            return found
    return Reading(True)


def _verb(line: Sentence, index: int) -> str:
    """The word before, adverbs skipped: the verb or preposition that "her" depends on."""
    at = index - 1
    while at >= index - _BACK and (is_adverb(line.word(at)) or line.word(at) in ("not", "also")):
        at -= 1
    return line.word(at)


def _nominal(place: _Place, head: str) -> Reading:
    """ "her best", "her secret": a noun unless a verb makes it what she becomes or an adverb."""
    if head in word_list("ordinal"):
        return Reading(place.opens or place.verb_is("auxiliaries"))
    return Reading(head in word_list("superlatives") or not place.verb_is("complement"))


def _special(place: _Place) -> Reading | None:
    """Words that are noun, adjective and adverb in turn: back, home, will, right, more …"""
    line, after, verb = place.line, place.after, place.verb
    word, following = line.word(after), line.word(after + 1)
    ended = ends(line, after + 1)
    if after_compound(line, after) is not None:
        return None
    if line.word(place.index - 1) in ("but", "except"):
        # "everyone but her left"
        if line.word(place.index - 2) in word_list("everybody") and word in word_list("pasts"):
            return Reading(False)
        return None
    if word == "back":
        return Reading(not place.verb_is("back_verbs"))
    if word == "home":
        return Reading(not (place.verb_is("home_verbs") and ended))
    if word in ("will", "might"):
        return Reading(following not in word_list("bare_verbs") and not is_adverb(following))
    if word == "past":
        return Reading(following not in ("the", "a", "my", "his", "our", "their", "me"))
    if word == "right":
        return Reading(following not in ("away", "now", "there", "here", "then", "before", "after"))
    if word == "then" and (following == "" or following in word_list("closed")):
        return Reading(after_compound(line, after + 1) is not None)
    if word in ("last", "next", "every") and following in word_list("times") and not place.opens:
        own = line.at(after + 2)
        return Reading(own is not None and own.kind == "clitic")
    if word == "every":
        return Reading(True)
    if word == "more" and not place.opens:
        timed = following in word_list("times")
        return Reading(False) if ended or timed or place.verb_is("ditransitive") else None
    if word == "more" and following == "than":
        number = line.at(after + 2)
        return Reading(number is not None and number.kind == "number")
    if word == "most" and ended:
        return Reading(False)
    if word == "all" and ended:
        return Reading(verb in ("gave", "give", "giving", "given", "gives") and following == "")
    if word in ("and", "or") and line.capitalised(after + 1):
        # "about her and Phaedra's marriage"
        own = line.at(after + 2)
        return Reading(own is not None and own.kind == "clitic" and own.lower == "'s", False)
    return None


def _time(place: _Place, phrase: Phrase, at: int, head: str) -> Reading | None:
    """ "saw her three times", "told her one day": but "her two weeks' notice"."""
    if not phrase.number or head not in word_list("times"):
        return None
    year = place.line.at(place.after)
    if year is not None and year.kind == "number" and len(year.text) == 4:
        return Reading(True)  # "her 2007 season"
    after = place.line.at(at + 1)
    return Reading(after is not None and (after.kind == "clitic" or after.text in "'’"))


def _plain_verb(place: _Place, phrase: Phrase, at: int, head: str) -> Reading | None:
    """ "let her work", "saw her leaving"."""
    if not phrase.plain:
        return None
    line, verb = place.line, place.verb
    lets, sees = place.verb_is("causative"), place.verb_is("perception")
    after = line.word(at + 1)
    if head.endswith("ing") and len(head) > 4:
        if head not in word_list("ing_words"):
            return Reading(False, sure=ends(line, at + 1)) if sees or lets else None
        # "saw her painting": a picture, or she at work. "saw her wedding dress": a noun follows.
        if sees and ends(line, at + 1) and after not in word_list("auxiliaries"):
            return Reading(after in ("", "of", "and"), sure=False)
        return None
    if head in word_list("noun_verbs") and (lets or place.verb_is("plain_perception")):
        if after in word_list("auxiliaries") or after == "of":
            return Reading(True)
        if head in word_list("noun_leaning") and not verb.startswith("let"):
            return Reading(True, sure=False)
        # A determiner or an adverb follows a verb; after a preposition either is possible.
        follows = after in word_list("closed") and after not in word_list("prepositions")
        return Reading(False, sure=verb.startswith("let") or follows)
    return Reading(False) if head in word_list("bare_verbs") else None


def _clause(place: _Place, phrase: Phrase, at: int, head: str) -> Reading | None:
    """ "told her dinner was ready": a sentence follows, and it has its own verb."""
    if not place.verb_is("tell") or head in word_list("belongings"):
        return None
    for near in range(at + 1, at + 4):
        word = place.line.word(near)
        if word in word_list("auxiliaries"):
            return Reading(place.verb_is("believing"))
        if not word or word in word_list("closed"):
            return None
    return None


def _named(place: _Place, phrase: Phrase, at: int, head: str) -> Reading | None:
    """ "called her Anna", "appointed her director", "held her hostage"."""
    if head in word_list("captives") and phrase.plain:
        return Reading(False)
    if not place.verb_is("naming"):
        return None
    makes = place.verb.startswith("ma")
    if head in word_list("roles") and ends(place.line, at + 1):
        return Reading(
            head == "partner" and place.verb.startswith("call"),
            sure=not makes or place.line.capitalised(at),
        )
    return Reading(False) if place.line.capitalised(at) and not makes else None


def _given(place: _Place, phrase: Phrase, at: int, head: str) -> Reading | None:
    """ "gave her flowers", "asked her many questions": but "gave her speech", "asked her boss"."""
    hard, soft = place.verb_is("ditransitive"), place.verb_is("soft_ditransitive")
    line = place.line
    if not (hard or soft):
        return None
    last = _last_noun(line, at)
    if last in word_list("gifts"):
        return Reading(False, sure=hard)
    person = last.endswith(tuple(word_list("person_endings")))
    if last in word_list("belongings") or head in word_list("belongings") or person:
        return Reading(True)
    if line.word(place.after) in word_list("owners"):
        return Reading(True)
    if hard and (phrase.number or line.word(at - 1) in word_list("quantities")):
        return Reading(False)
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return Reading(not plural, sure=False) if hard else None


def _last_noun(line: Sentence, at: int) -> str:
    """ "piano lessons", "team members": the last noun of a compound says what is given."""
    last = at
    while last < at + 3 and line.word(last + 1) and not ends(line, last + 1):
        if is_adverb(line.word(last + 1)) or line.word(last + 1) in word_list("pasts"):
            break
        last += 1
    return line.word(last)
