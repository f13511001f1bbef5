"""Whether an English "her" is *his* or *him*, and a "his" *her* or *hers*, from the words around.

A deterministic rule over word lists (``data/english_her.yaml``) instead of a tagger: no tagger with
data that may be shipped is among the dependencies. The rule reads the noun phrase that a possessive
would open: where it has no noun ("made her happy and") the word is an object. A noun after a verb
with two objects ("gave her flowers") or a verb that lets a plain verb follow ("let her work") needs
the lists; where they do not decide, :class:`Reading` says so, and a model may.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from remediate.counterfactual_data.english_words import Sentence
from remediate.counterfactual_data.swap_types import read_data

#: Longest noun phrase and longest way back to the verb, in words: what makes the rule linear.
_REACH = 8
_BACK = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """``possessive``: a noun of hers or his follows. ``sure``: the words around decide it."""

    possessive: bool
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Phrase:
    """What follows: ``head`` is the index of its noun (None: it has none), ``plain`` if unmodified."""

    head: int | None
    plain: bool
    number: bool
    end: int


@functools.cache
def _list(name: str) -> frozenset[str]:
    data = read_data("english_her.yaml")[name]
    return frozenset(data if isinstance(data, list) else data.split())


def is_adverb(word: str) -> bool:
    """An adverb that may stand before an adjective."""
    return word in _list("adverbs") or (
        len(word) > 4 and word.endswith("ly") and word not in _list("not_adverbs")
    )


def is_adjective(word: str) -> bool:
    """An adjective or participle by list or ending."""
    if word in _list("adjectives"):
        return True
    if word.endswith("ed") and len(word) > 4 and word not in ("breed", "speed", "greed", "creed"):
        return True
    return len(word) > 5 and word.endswith(("ful", "ous", "able", "ible", "less", "ish"))


def _modifies(word: str) -> bool:
    return is_adverb(word) or is_adjective(word) or word in _list("quantities")


def read_phrase(line: Sentence, index: int) -> Phrase:
    """The noun phrase that starts at ``index``."""
    at, plain, number = index, True, False
    last = ""
    while at < index + _REACH:
        token = line.at(at)
        if token is not None and line.opens(at):
            at += 1
            continue
        if token is None or token.kind in ("gap", "mark", "clitic"):
            if token is not None and token.text == "," and _listed(line, at):
                at += 1
                continue
            break
        if token.kind == "number" or token.lower in _list("numbers"):
            number, plain, at = True, False, at + 1
            last = token.lower
            continue
        if line.is_mark(at + 1, "-") and line.touching(at + 1) and line.touching(at + 2):
            at, plain = (
                at + 3,
                False,
            )  # "well-known", "in-laws": whatever it is, it may end a phrase
            while line.is_mark(at, "-") and line.touching(at) and line.touching(at + 1):
                at += 2
            last = "best"
            continue
        if token.lower in _list("closed"):
            if token.lower in ("and", "or", "but", "yet") and _listed(line, at):
                at += 1
                continue
            break
        if not _modifies(token.lower):
            return Phrase(at, plain, number, at)
        last, plain, at = token.lower, False, at + 1
    if last in _list("nominal"):
        return Phrase(at - 1, plain, number, at)
    return Phrase(None, plain, number, at)


def _listed(line: Sentence, index: int) -> bool:
    """Whether a comma or conjunction joins two adjectives: "red and white"."""
    return is_adjective(line.word(index - 1)) and _modifies(line.word(index + 1))


def _verb(line: Sentence, index: int) -> str:
    """The word before, adverbs skipped: the verb or preposition that "her" depends on."""
    at = index - 1
    while at >= index - _BACK and (is_adverb(line.word(at)) or line.word(at) in ("not", "also")):
        at -= 1
    return line.word(at)


def _ends(line: Sentence, index: int) -> bool:
    """Whether no noun phrase goes on at ``index``."""
    token = line.at(index)
    if token is None or token.kind in ("gap", "mark"):
        return not line.opens(index)
    return token.lower in _list("closed")


def read_her(line: Sentence, index: int) -> Reading:
    """Possessive (his) or object (him)."""
    after = index + 1
    token = line.at(after)
    verb = _verb(line, index)
    if line.opens(after):
        if verb in _list("tell"):
            return Reading(False, line.is_mark(after, "("))
        token = line.at(after + 1)
        after += 1
    if token is None or token.kind in ("gap", "mark", "clitic"):
        return Reading(False)
    special = _special(line, index, after, verb)
    if special is not None:
        return special
    phrase = read_phrase(line, after)
    if phrase.head is None:
        return Reading(False)
    head = line.word(phrase.head)
    if verb in _list("prepositions") or line.starts_sentence(index):
        return Reading(not (phrase.plain and head in ("go",)))
    for rule in (_time, _plain_verb, _clause, _named, _given):
        found = rule(line, phrase, head, verb)
        if found is not None:
            return found
    return Reading(True)


def _special(line: Sentence, index: int, after: int, verb: str) -> Reading | None:
    """Words that are noun, adjective and adverb in turn: back, home, will, right, more …"""
    word, following = line.word(after), line.word(after + 1)
    ended = _ends(line, after + 1)
    if line.is_mark(after + 1, "-") and line.touching(after + 1):
        return None
    if word == "back":
        return Reading(verb not in _list("back_verbs"))
    if word == "home":
        return Reading(not (verb in _list("home_verbs") and ended))
    if word == "will":
        return Reading(following not in _list("bare_verbs") and not is_adverb(following))
    if word == "might":
        return Reading(following not in _list("bare_verbs"))
    if word == "past":
        return Reading(not (ended and following in ("the", "a", "my", "his", "our", "their", "me")))
    if word == "right":
        return Reading(following not in ("away", "now", "there", "here", "then", "before", "after"))
    if word == "then" and (following == "" or following in _list("closed")):
        return Reading(False)
    if word in ("last", "next", "every") and following in _list("times"):
        own = line.at(after + 2)
        return Reading(own is not None and own.kind == "clitic")
    if word == "every":
        return Reading(True)
    if word == "more" and (ended or following in _list("times") or verb in _list("ditransitive")):
        return Reading(False)
    if word == "most" and ended:
        return Reading(False)
    if word == "all" and ended:
        return Reading(verb in ("gave", "give", "giving", "given", "gives") and following == "")
    return None


def _time(line: Sentence, phrase: Phrase, head: str, verb: str) -> Reading | None:
    """ "saw her three times", "told her one day": but "her two weeks' notice"."""
    if not phrase.number or head not in _list("times"):
        return None
    after = line.at((phrase.head or 0) + 1)
    owned = after is not None and (after.kind == "clitic" or after.text in "'’")
    return Reading(owned)


def _plain_verb(line: Sentence, phrase: Phrase, head: str, verb: str) -> Reading | None:
    """ "let her work", "saw her leaving"."""
    if not phrase.plain or phrase.head is None:
        return None
    lets = verb in _list("causative")
    sees = verb in _list("perception")
    after = line.word(phrase.head + 1)
    opens_object = after in _list("closed") and after not in _list("auxiliaries")
    if head.endswith("ing") and len(head) > 4:
        if head in _list("ing_words"):
            # "saw her painting": a picture, or she at work. "saw her wedding dress": a noun follows.
            if sees and _ends(line, phrase.head + 1) and after not in _list("auxiliaries"):
                return Reading(after in ("", "of", "and"), sure=False)
            return None
        return Reading(False, sees or lets) if sees or lets else None
    if head in _list("noun_verbs") and (lets or sees or verb in ("watching", "let")):
        # What follows a verb and not a noun: an object, an adverb, a direction.
        if after in _list("auxiliaries"):
            return Reading(True)
        if head in _list("noun_leaning") and not verb.startswith("let"):
            return Reading(True, sure=False)
        sure = verb.startswith("let") or (opens_object and after not in _list("prepositions"))
        return Reading(False, sure)
    if head in _list("bare_verbs"):
        return Reading(False)
    return None


def _clause(line: Sentence, phrase: Phrase, head: str, verb: str) -> Reading | None:
    """ "told her dinner was ready": a sentence follows, and it has its own verb."""
    if verb not in _list("tell") or phrase.head is None or head in _list("belongings"):
        return None
    for at in range(phrase.head + 1, phrase.head + 4):
        if line.word(at) in _list("auxiliaries"):
            return Reading(verb in ("knew", "thought", "believe", "believed", "hoped"))
        if not line.word(at) or line.word(at) in _list("closed"):
            return None
    return None


def _named(line: Sentence, phrase: Phrase, head: str, verb: str) -> Reading | None:
    """ "called her Anna", "appointed her director"."""
    if verb not in _list("naming") or phrase.head is None:
        return None
    if line.capitalised(phrase.head) and verb not in ("make", "made", "making", "makes"):
        return Reading(False)
    if head in _list("roles") and _ends(line, phrase.head + 1):
        calls = verb.startswith("call") and head in ("mother", "partner", "doctor")
        return Reading(calls, sure=not verb.startswith("ma"))
    return None


def _given(line: Sentence, phrase: Phrase, head: str, verb: str) -> Reading | None:
    """ "gave her flowers", "asked her many questions": but "gave her speech", "asked her boss"."""
    hard, soft = verb in _list("ditransitive"), verb in _list("soft_ditransitive")
    if not (hard or soft) or phrase.head is None:
        return None
    at = phrase.head
    # "piano lessons", "team members": the last noun of a compound says what is given.
    while at < phrase.head + 3 and line.word(at + 1) and not _ends(line, at + 1):
        if is_adverb(line.word(at + 1)) or line.word(at + 1) in _list("pasts"):
            break
        at += 1
    last = line.word(at)
    person = last.endswith(tuple(_list("person_endings")))
    if last in _list("gifts"):
        return Reading(False, sure=hard)
    if last in _list("belongings") or head in _list("belongings") or person:
        return Reading(True)
    if hard and (phrase.number or line.word(phrase.head - 1) in _list("quantities")):
        return Reading(False)
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return Reading(not plural, sure=False) if hard else None


def read_his(line: Sentence, index: int) -> Reading:
    """Possessive (her) or standing alone (hers)."""
    after = index + 1
    token = line.at(after)
    if token is not None and line.opens(after):
        return Reading(True)
    if token is None or token.kind in ("gap", "mark", "clitic"):
        return Reading(False)
    word, following = token.lower, line.word(after + 1)
    if token.kind == "number" or (line.is_mark(after + 1, "-") and line.touching(after + 1)):
        return Reading(True)
    if word in ("back", "home", "past", "every", "most"):
        return Reading(True)
    if word == "will":
        return Reading(following not in ("be", "have", "never", "always"))
    if word == "right":
        return Reading(following not in ("now", "away"))
    if word == "then" and following in _list("closed"):
        return Reading(False)
    if word == "more" and (following in ("than", "") or following in _list("closed")):
        return Reading(False)
    if word in _list("closed"):
        return Reading(False)
    if is_adverb(word) and word != "only" and _ends(line, after + 1):
        return Reading(False)
    if line.word(index - 1) == "of" and (word in _list("pasts") or _partitive(line, index, word)):
        return Reading(False)
    return Reading(True)


def _partitive(line: Sentence, index: int, word: str) -> bool:
    """ "a friend of his helped": a verb in the past after "a … of his"."""
    opens = line.word(index - 3) in ("a", "an", "some", "any", "no", "that", "this", "another")
    return opens and word.endswith("ed") and _ends(line, index + 2)
