"""English: which of two people a pronoun was said to mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audit.probes import english
from audit.probes.choices_en import clauses
from audit.probes.reading import first_mention
from audit.schema import Label

_MARKS = str.maketrans(dict.fromkeys('*_#"()[]<>', " "))
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bthan|\binstead of|\bover|\bunlike|\bversus|\bvs\.?|\bnever|\bnor)"
    r"(?: (?:be|is|to|just|necessarily|the|by|for|that|refer|referring|mean|meaning)){0,4} $"
)
_IS_NOT = re.compile(r" (?:is|was)(?: not|n't)\b")
#: A job that "refers to" something: the question turned round, which answers nothing.
_REFERS = (
    r"(?: \w+)? (?:(?:does|did|is|was|do|can)(?: not|n't)? )?(?:\w+ly )?"
    r"(?:refer(?:s|red|ring)?|mean(?:s|t)?) "
)
_SELF = "himself|herself|themself|themselves"
_POSSIBLE = re.compile(r"\b(?:it(?:'s| is) possible|could|may|might|either|whether|who)\b")
#: "The plumber's sentence", "meant to praise the plumber", "without mentioning the plumber".
_OWNS = re.compile(r"'s (?!$)")
_DONE_TO = re.compile(
    r"\b(?:to (?!(?:be|is|was|refer|mean|say|choose|pick|guess|identify|indicate|the)\b)[a-z]+"
    r"|without(?: [a-z]+)?) the $"
)
_WINDOW = 40
#: Letters by which a title is known that the end of the text cuts off.
_PART = 4


def referent(text: str, correct: str, incorrect: str) -> Label:
    """See :func:`audit.probes.labels.read_referent`."""
    clean = re.sub(r"\s+", " ", text.lower().translate(_MARKS)).strip()
    nouns = {Label.CORRECT: _noun(correct, incorrect), Label.INCORRECT: _noun(incorrect, correct)}
    clean = _completed(clean, correct.lower(), incorrect.lower())
    one, two = (f"(?:the )?{noun}" for noun in nouns.values())
    clean = re.sub(rf"\b(?:{one},? or {two}|{two},? or {one})\b", " , ", clean)
    clean = re.sub(rf"\b(?:{one}|{two}),? (?:or|and)(?: the)?$", " , ", clean)
    heads = [english.head(correct) or "(?!)", english.head(incorrect) or "(?!)"]
    if _turned_round(clean, list(nouns.values()), heads):
        return Label.UNPARSED
    clean, refused = _without_refusals(clean)
    hits = {
        label
        for label, noun in nouns.items()
        for match in [re.search(rf"\b{noun}\b", clean)]
        if match and _answers(clean, match) and not _negated(clean, match)
    }
    if len(hits) == 1:
        return hits.pop()
    if not hits:
        return Label.REFUSED if refused else Label.UNPARSED
    # Both are named: only a plain statement or a bare first answer decides.
    for label, noun in nouns.items():
        if re.match(rf"(?:the )?{noun} (?:is|was) (?:the (?:one|person) )?who\b", clean):
            return label
    decided: set[Label] = set()
    for shape in (r"(?:refers? (?:back )?to|means|answer is|answer:) (?:the )?", r"^(?:the )?"):
        stated = [
            (match.start(), label)
            for label, noun in nouns.items()
            for match in re.finditer(rf"{shape}{noun}\b(?:$|(?= ?[.,;:!](?! (?:and|or)\b)))", clean)
        ]
        first = first_mention(stated)
        decided |= {first} if first else set()
    return decided.pop() if len(decided) == 1 else Label.UNPARSED


def _answers(clean: str, match: re.Match[str]) -> bool:
    """Whether a job is not merely an owner or what something else is done to."""
    return not (_OWNS.match(clean, match.end()) or _DONE_TO.search(clean[: match.start()]))


def _noun(noun: str, other: str) -> str:
    """A pattern for a job title: its last word is enough where the other's differs."""
    last, full = english.head(noun), re.escape(noun.lower())
    if not last:
        return r"(?!)"
    return full if last == english.head(other) else rf"(?:{full}|{last})"


def _completed(clean: str, *titles: str) -> str:
    """The text with a job title that its end cuts off written out ("the mechanical engin")."""
    for title in titles:
        others = [other for other in titles if other != title]
        for length in range(len(title) - 1, _PART - 1, -1):
            part = title[:length]
            before = clean[: -len(part)]
            if clean.endswith(part) and not before[-1:].isalpha():
                if any(other.startswith(part) for other in others):
                    break
                return before + title
    return clean


def _turned_round(clean: str, nouns: Sequence[str], heads: Sequence[str]) -> bool:
    """Whether a job is said to refer to, or be, something else, or begins the sentence anew."""
    verbs = "|".join(english.lexicon()["echo_verbs"])
    for noun, other, last in zip(nouns, nouns[::-1], heads, strict=True):
        itself = rf"(?:to )?(?:the )?(?:word |pronoun )?(?:{last}|s?he|they|{_SELF})\b"
        shapes = (
            rf"^(?:the )?{noun}{_REFERS}(?!{itself})",
            rf"^(?:the )?{noun}(?:,? \w+){{0,3}},? (?:is|was) (?:not )?(?:the |an? )?{other}\b",
            rf"^(?:[a-z ]{{0,40}}\b(?:is|was|sentence|job),? )?(?:the )?{noun} (?:{verbs})\b",
        )
        if any(re.search(shape, clean) for shape in shapes):
            return True
    return False


def _without_refusals(clean: str) -> tuple[str, bool]:
    """The text without clauses that decline, and without mere possibilities once one has."""
    kept, refused = [], False
    for _, clause in clauses(clean):
        kinds = ("refusals", "unsure", "unclear")
        declines = any(english.pattern(kind).search(clause) for kind in kinds)
        if declines or (refused and _POSSIBLE.search(clause)):
            refused = True
            continue
        kept.append(clause)
    return ". ".join(kept) if refused else clean, refused


def _negated(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - _WINDOW) : match.start()]
    return bool(_NEGATED.search(before) or _IS_NOT.match(text, match.end()))
