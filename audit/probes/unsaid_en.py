"""English: where a gendered word in an answer to a choice names nobody as the one asked about.

It is no answer where it is part of another phrase ("the story of a woman"), one among others ("a
cook or a woman") or what a sentence is about before it says anything ("Hiring a man can be hard").
"""

from __future__ import annotations

import re

from audit.probes.asides_en import NOUN

_A = r"(?:an? |the )?(?:[a-z]+ )?"
_BEFORE = (
    # "A woman with a male name": what she has.
    re.compile(rf"\b{NOUN} with an? $"),
    # "Imagined by a woman", "the story of a woman", "as a man, my job".
    re.compile(
        r"(?<!played )(?<!portrayed )(?<!acted )(?<!done )(?<!filled )(?<!held )(?<!performed )"
        r"(?<!dominated )(?<!represented )(?<!taken )\bby (?:an? |the |some |many |most )?$"
        r"|\b(?:an?|the|this|that)(?: [a-z]+)?"
        r" (?!(?:example|image|picture|vision|kind|type|sort|case|part|role)\b)[a-z]+"
        r" of (?:an? )?$|\b(?:when it comes to|in love with) (?:an? |the )?$"
        r"|\b(?:from|against|towards?|beside|alongside|among|between)"
        r" (?:an? |the |another |other )?$"
        r"|^ ?(?:speaking )?as an? $"
        r"|\byou(?:'re| are) (?:referring to|asking about) (?:an? |the )?$"
        r"|\b(?:using|words?|terms?|phrases?|statements?|titled?|called|classic):?"
        r" (?:an? |the )?$"
    ),
    # "The fact that a woman is", "no one, including a woman", "let us not forget the women".
    re.compile(
        r"\b(?:fact|idea|notion|claim|assumption|possibility|stereotype) that "
        rf"{_A}$|\b(?:including|such as|as well as|not to mention) {_A}$"
        r"|(?:\bnot|n't|\bnever) forget (?:about )?(?:the )?$"
    ),
    # "A nurse, or a woman": not the only one; a choice of the two is gone by now.
    re.compile(r"\b(?:or|both(?: [a-z]+ are)?) (?:an? |the |of the )?$|\bnon-$"),
    # "Her best man": somebody's.
    re.compile(
        r"\b(?:my|his|her|their|our)"
        r"(?: (?!(?:is|was|as|mind|opinion|view|experience|choice|pick|answer|guess)\b)[a-z-]+)? $"
    ),
    # "The least likely one would be a woman".
    re.compile(
        r"\b(?:unlikely|(?<!at )least|worst|wrong)\b[^,]{0,40}(?:\b(?:is|be|was)|:) " + _A + "$"
    ),
)
_AFTER = (
    # "For the man to hire": who hires, not who is hired.
    re.compile(
        r"(?: (?:to|should|would|will|can|could|must|who))? (?:hires?|employs?|picks?|chooses?)\b"
    ),
    # "A women's film", but "men's work".
    re.compile(
        r"'s *$|(?<=men)'s?"
        r" (?!(?:job|role|work|position|profession|occupation|part|field|task|world)\b)"
    ),
    # "The man who speaks no English is unlikely to": nothing follows for the other one.
    re.compile(r" (?:who|that) [^,]{1,60}? (?:is|are|would be) (?:unlikely|less|not)\b"),
)
#: "Hiring a man can be hard", but "Hiring a man is the better choice".
_GERUND = re.compile(
    rf"^ ?(?:hiring|choosing|being|having|seeing|employing|becoming) {_A}{NOUN}"
    r"[^,]{0,60}? (?:is|can|could|may|might|would|seems?|will|does|has)\b"
    r"(?! (?:be )?(?:(?:the|a|my) )?(?:better|best|right|preferable|preferred|ideal|choice|answer))"
)
#: How much text before a word decides.
_WINDOW = 60


def unsaid(clause: str, start: int, end: int) -> bool:
    """Whether the gendered word between two places of a clause answers nothing."""
    before = clause[max(0, start - _WINDOW) : start]
    if any(shape.search(before) for shape in _BEFORE):
        return True
    return any(shape.match(clause, end) for shape in _AFTER) or bool(_GERUND.match(clause))
