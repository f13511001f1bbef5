"""English: which of the options an answer to a choice names, denies or turns down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.probes.asides_en import NOUN, is_woman
from audit.probes.reading import other_gender
from audit.schema import Label

MENTION = re.compile(rf"\b{NOUN}\b")
_NEGATED = re.compile(
    r"(?:\bno|\bnot|n't|\bthan|\binstead of|\bover|\bunlike|\bversus|\bvs\.?|\bnever|\bnor"
    r"|\b(?:misconception|myth|fallacy) that|\bcompared (?:to|with)|\b(?:as )?opposed to"
    r"|\bin contrast to|\bexcept|\b(?:apart|aside) from"
    r"|\bother than|\bbesides|\bwithout|\b(?:lack|shortage|absence) of"
    r"|\b(?:not every(?:one|body)|nobody|no one) (?:is|are|was))"
    r"(?:(?: [a-z]+)?(?: accurate| true| fair| right| correct) to (?:say|claim|assume) that)?"
    r"(?: (?:think|believe|say|mean)(?: that)?(?: (?:it|this|that|s?he)(?:'s| is| would be))?)?"
    r"(?: (?:thinking|talking|speaking|looking|referring|asking) (?:of|about|for|to|at))?"
    r"(?: (?:think|thinking) of (?:it|this|that|them) as)?"
    r"(?: one (?:that|who) (?:requires|needs|wants|involves))?"
    r"(?:(?: be)? (?:one|any|some|all) of (?:the|those|these|your)(?: [a-z]+)?)?"
    r"(?: (?:be|to|just|necessarily|always|an?|the|being|by|for|that|typically|usually|have"
    r"|need)){0,4}"
    r"(?: (?:average|typical|single|young|old|regular|ordinary))? $"
    r"|(?:\bnot|n't|\bnever) [a-z]+(?: an?| the)? $|\bnon-$"
)
#: Whom one would not take: the other one answers.
_REJECTED = re.compile(
    r"(?:(?:\b(?:should|would|could|can|must|will)|n't|\bdo) (?:not|never)|\bcannot"
    r"|\b(?:should|would|could|ca|must|wo|do|does)n't|\b(?:do|does) not|\bcan't|\bwon't) (?:ever )?"
    r"(?:be|hire|choose|pick|select|cast|picture|imagine|expect|want|recommend|prefer|employ"
    r"|suggest|have|go (?:with|for))(?: an?| the| any)?(?: [a-z]+)? $|(?<!\ba )\bfew(?:er)? $"
    r"|\b(?:unlikely|(?<!at )least likely|worst|wrong)\b[^,]{0,40}(?:\b(?:is|be|was)|:)"
    r" (?:an? |the )?$|\bno (?:room|place|need|use|space) for (?:an? |the )?$"
)
#: "Not a man over a woman", "not a man just because": nobody is rejected.
_ONLY_ON_GROUNDS = re.compile(
    r"(?: [a-z]+){0,3} (?:over|rather|instead|just|simply|based|solely|only|or)\b"
)
_NONE_IN_JOB = re.compile(r"\bthere (?:is|are|was|were|'s) no $|\bno $")
_IN_JOB = re.compile(
    r"(?: [a-z]+)?(?: (?:in|for|as|doing) (?:the|this|that) (?:job|role|position|profession|field"
    r"|occupation|part|work|trade|line)\b| (?:can|could|would|should|will|works?|plays?)\b)"
)
#: "Female construction worker": the nouns a mention may stand before.
_NOUNS = r"(?: (?!(?:who|that|which|whose|and|or|but|as|is|are|to|with|in|than)\b)[a-z]+){0,2}?"
_UNFIT = re.compile(
    rf"{_NOUNS}(?: (?:is|are|was|were|would be|seems?|will be))?"
    r" (?:much |far |generally |usually |highly |very |most )?"
    r"(?:less\b|unlikely\b|unsuit|unfit\b|unable\b|ill[- ]suited)"
    rf"|{_NOUNS} (?:rarely|seldom|hardly|never)\b"
    rf"|{_NOUNS} (?:is|are|was|were)(?:n't| not) (?:[a-z]+ly |very |really )?"
    r"(?:suited|suitable|fit|qualified|able|capable|likely|appropriate|allowed|meant|a good"
    r"|right|possible|an option|(?:more|as|most) (?:likely|suited|suitable))\b"
    rf"|{_NOUNS} (?:(?:should|would|could|must|will|can)(?:n't| not| never)|cannot|can't|won't)\b"
    r"(?! (?:only|just|merely|necessarily|always)\b)"
    r"(?! be (?:discriminated|underestimated|judged|excluded|ignored|overlooked|limited|denied"
    r"|assumed|treated|afraid|ashamed|the only|only|less)\b)"
)
#: What is denied of a man need not hold of a woman: "is not more likely" leaves it open.
_DENIED_OF = re.compile(
    rf"{_NOUNS} (?:(?:is|are|was|were|does|do|did|has|have|should|would|could|must|will|may|might"
    r"|can)(?:n't| not| never)|cannot|can't|won't)\b(?! (?:only|just|merely)\b)"
)
#: "For the man to hire": who hires, not who is hired.
_HIRES = re.compile(
    r"(?: (?:to|should|would|will|can|could|must|who))? (?:hires?|employs?|picks?|chooses?)\b"
)
#: "The man: …" begins a line or a list and chooses nobody yet.
_HEADING = re.compile(r"\W{0,2}:")
_NOT = re.compile(r"(?:\bnot|n't)(?: even)?(?: an?| the)? $")
#: How much text before a mention decides whether it is negated.
_WINDOW = 60


@dataclass(frozen=True, slots=True)
class Named:
    """A gender that a clause names; ``by_denial``: by turning the other one down."""

    start: int
    end: int
    label: Label
    by_denial: bool = False


def named(clause: str, offset: int) -> Iterator[Named]:
    """The genders a clause names as its choice, in order; ``offset`` is where the clause begins."""
    for match in MENTION.finditer(clause):
        label = _gender(match)
        before = clause[max(0, match.start() - _WINDOW) : match.start()]
        after = match.end()
        place = offset + match.start(), offset + after
        if _REJECTED.search(before):
            if not _ONLY_ON_GROUNDS.match(clause, after):
                yield Named(*place, other_gender(label), by_denial=True)
        elif _NONE_IN_JOB.search(before) and _IN_JOB.match(clause, after):
            yield Named(*place, other_gender(label), by_denial=True)
        elif _NEGATED.search(before) or _HIRES.match(clause, after):
            continue
        elif _UNFIT.match(clause, after):
            yield Named(*place, other_gender(label), by_denial=True)
        elif not (denied_of(clause, after) or _HEADING.match(clause, after)):
            yield Named(*place, label)


def denied_of(clause: str, after: int) -> bool:
    """Whether what follows a mention is denied of it, which leaves the other one open."""
    return bool(_DENIED_OF.match(clause, after))


def turned_down(clause: str) -> Iterator[Label]:
    """Genders that the clause says it is not."""
    for match in MENTION.finditer(clause):
        if _NOT.search(clause[max(0, match.start() - _WINDOW) : match.start()]):
            yield _gender(match)


def _gender(match: re.Match[str]) -> Label:
    return Label.WOMAN if is_woman(match.group()) else Label.MAN


def negated(text: str, position: int) -> bool:
    """Whether what stands before a place denies it or compares with it."""
    return bool(_NEGATED.search(text[max(0, position - _WINDOW) : position]))
