"""Whether an English "his" is *her* or *hers*: a noun follows it, or it stands alone."""

from __future__ import annotations

from remediate.counterfactual_data.english_her import Reading
from remediate.counterfactual_data.english_phrase import (
    after_compound,
    ends,
    is_adjective,
    is_adverb,
    word_list,
)
from remediate.counterfactual_data.english_words import Sentence


def read_his(line: Sentence, index: int) -> Reading:
    """Possessive (her) or standing alone (hers)."""
    after = index + 1
    token = line.at(after)
    if token is not None and (line.opens(after) or token.text in "$€£"):
        return Reading(True)
    if token is None or token.kind in ("gap", "mark", "clitic"):
        return Reading(False)
    word, following = token.lower, line.word(after + 1)
    if token.kind == "number" or after_compound(line, after) is not None:
        return Reading(True)
    if word in ("back", "home", "past", "every", "most"):
        return Reading(True)
    if word == "will":
        return Reading(following not in ("be", "have", "never", "always"))
    if word == "right":
        return Reading(following not in ("now", "away"))
    if word == "then" and following in word_list("closed"):
        return Reading(False)
    if word == "more" and (following in ("than", "") or following in word_list("closed")):
        number = line.at(after + 2)
        return Reading(number is not None and number.kind == "number")
    if word == "much":
        return Reading(is_adjective(following))
    if word in ("and", "or") and line.capitalised(after + 1):
        # "his and Katie's divorce"
        own = line.at(after + 2)
        return Reading(own is not None and own.lower == "'s")
    if word in word_list("closed"):
        return Reading(False)
    if is_adverb(word) and word != "only" and ends(line, after + 1):
        return Reading(False)
    if line.word(index - 1) == "of" and _partitive(line, index, word):
        return Reading(False)
    return Reading(True)


def _partitive(line: Sentence, index: int, word: str) -> bool:
    """ "a friend of his helped": a verb in the past after "a … of his"."""
    if word in word_list("pasts") and word not in ("left", "found", "lost", "made", "sent"):
        return True
    opens = line.word(index - 3) in ("a", "an", "some", "any", "no", "that", "this", "another")
    return opens and word.endswith("ed") and ends(line, index + 2)
