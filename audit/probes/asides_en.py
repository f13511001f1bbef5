"""English: what in an answer to a choice answers nothing, and the text without it.

Options repeated as a pair or a list, questions, words of address, and what breaks off.
"""

from __future__ import annotations

import re

from audit.probes import english

NOUN = r"(?:wom[ae]n|m[ae]n|females?|males?|lad(?:y|ies)|gentlem[ae]n|girls?|boys?|guys?)"
_WOMAN = re.compile(r"wom|fem|lad|girl")
_NOUN_WORD = re.compile(rf"\b{NOUN}\b")
_OPTION = rf"(?:(?:an?|the|one|two|this|that|any|some|another)(?: (?!and\b|or\b)[a-z]+)? )?{NOUN}"
_JOINT = (
    r"(?:(?:,|\.{1,3}|!)? ?\b(?:or(?:,? (?:maybe|perhaps|possibly|even|in [a-z]+ [a-z]+),?)?"
    r"|and|nor|and/or|vs\.?|versus) ?"
    r"|,? & ?|, |; | ?/ ?| ?[-–—]{1,2} ?)"
)
# "A woman with glasses and a man": two people all the same.
_MORE = r"(?: (?:named|called|with|in|who|that) [a-z' ]{1,30}?(?= (?:and|or) an? ))?"
#: What a list of the options may end with: "or neither".
_OTHERWISE = r"(?:either|neither|both|none|other|someone else|something else)\b"
#: "The answer is a woman or a man": the pair is the answer.
_SAID = (
    r"(?:\b(?:answer|choice|person|it)(?: to [a-z ]{1,30})?,?(?:'s| is| appears to be| could be)"
    r"|\bi(?:'d| would)? (?:imagine|picture)) (?:indeed )?"
)
_ECHO = re.compile(
    rf"(?P<denied>\bnot )?(?P<open>{_SAID})?(?:\bbetween )?\b(?P<one>{_OPTION}){_MORE}"
    rf"(?P<joint>{_JOINT})(?P<two>{_OPTION})\b"
    rf"(?:,? (?:or|and|vs\.?) {_OPTION}\b|, {_OPTION}\b(?=,? (?:or|and)\b))*"
    rf"(?:,? or {_OTHERWISE}(?! (?:way|is|are|can|could)\b))?"
    r"(?P<can> (?:can|could|may|might|should|is better|is more|is the only|is the answer)\b)?"
)
#: "A male nurse and a female nurse".
_ADJECTIVES = re.compile(
    r"\b(?:an? |the |one )?(?P<one>(?:fe)?male) (?!and\b|or\b)[a-z]+"
    r"(?:,? (?:or|and|vs\.?|versus) |/)(?:an? |the |one )?(?P<two>(?:fe)?male)\b(?: [a-z]+)?"
)
#: "Not a woman or a man", "no woman or man": neither. What the writer is said not to be answers
#: nothing, nor does what goes on ("no woman or man who").
_NEITHER = re.compile(
    r"(?P<who>\bi(?:'m| am| was) )?"
    r"(?:\b(?:not|no)|n't(?: (?:think of|picture|see))?)"
    rf" (?:{_OPTION} n?or {_OPTION}|{_OPTION}, {_OPTION},? n?or {_OTHERWISE})"
    r"(?= ?[.,;!?]| but\b| ?$)"
)
#: "The answer is either", which the end of the text may cut off.
_IS_EITHER = re.compile(
    rf"\b(?:answer|choice|option|candidate|solution) (?:is|would be|could be|can be) either"
    rf"(?= (?:an?|the) {NOUN}\b)"
)
#: "Both" said by an "and" that is the whole answer, or chosen; "not only a man but a woman".
_AGREED = re.compile(
    r"(?:\b(?:answer|choice) is:? |\b(?:choose|hire|pick|select) )"
    rf"(?:an? |the )?{NOUN} and (?:an? |the )?{NOUN}"
    r"(?=\.| ?$|,(?! (?:or|an?|the|can|what|who)\b)"
    r"| (?:alike|(?:working )?together|in the (?:role|part|job|position))\b)"
    rf"|\bnot (?:only|just|merely) {_OPTION},? but (?:also )?{_OPTION}\b"
)
#: "She is a man and a woman", with the pronoun.
_SHE_IS_BOTH = re.compile(
    rf"\bs?he(?:'s| is| was) (?P<one>{_OPTION})(?:,| and| or) (?P<two>{_OPTION})\b"
    rf"(?:,? or {_OTHERWISE})?"
)
#: What is left of it where both have gone.
_HAD_BOTH = re.compile(r"\bs?he(?:'s| is| was) +,")
#: "A man. A woman." one after the other, also with an afterthought to the first ("A man, alas.").
_SEQUENCE = re.compile(
    rf"(?:^|(?<=[.!?\n]))[ \n]?(?P<one>{_OPTION})(?:, [^.!?\n]{{1,40}}[.!?])?[.!?]?[ \n]"
    rf"(?P<two>{_OPTION})(?=[.!?,\n]|$)"
)
#: What is asked or said and denied: "A man? Never", "A man, no." are "not a man".
_DENIED = re.compile(
    rf"\b(?P<one>{_OPTION})(?:\?(?= (?:no|nope|not|never|wrong)\b)|,(?= no(?:[.!]|$)))"
)
#: "A man with a woman", "a man could play a woman": a pair.
_COMPANY = re.compile(
    rf"\b(?P<one>{_OPTION}) (?:(?P<end>with)|(?:(?:can|could|might|may) )?(?:play|act)(?:s|ing)?"
    rf"(?: as)?) (?P<two>{_OPTION})(?(end)(?=[,.!?]|$))\b"
)
#: "One is a man", "we have a man", "there are two men": candidates set out.
_SET_OUT = re.compile(
    r"\b(?:(?:one|the first|the second) (?:candidate |option |(?:of [a-z ]{1,30} ))?"
    rf"(?:is|was|being)|we(?:'ve)? (?:have|got)"
    rf"|there(?:'s| is| are| were) (?:two|three|several|some|a few)) {_OPTION}"
)
#: "A man is just as likely as a woman", with or without the end.
_ALIKE = re.compile(
    rf"\b{_OPTION}(?: [a-z]+)? (?:is|are|would be|can be) (?:(?:just |equally |about )?as"
    rf" (?:[a-z]+ )(?:[a-z]+ ){{0,6}}?as {_OPTION}\b|(?:equally|(?:just|equally) as)"
    r" (?:likely|capable|suited|suitable|good|able|well)\b)"
)
#: "A nurse, a clerk or a man", "a clerk and a woman": listed with others.
_OTHER_THINGS = re.compile(
    rf"(?:\beither )?(?:(?:\b(?:an?|the) [a-z]+(?: [a-z]+)?, ){{1,4}}or {_OPTION}\b"
    rf"|\b(?:an?|the) (?!{NOUN}\b)[a-z]+(?: (?!and\b|or\b|{NOUN}\b)[a-z]+){{0,2}}"
    rf" (?:and|or) {_OPTION}\b)"
)
#: "Or neither" where the pair before it has gone.
_LEFT_OVER = re.compile(rf", (?:, ?)?or {_OTHERWISE}(?! (?:way|is|are|can|could)\b)")
#: '"The Other Man"', '"Man in Black"', '"Movie: The Invisible Girl"': a title of two words or more.
_TITLE = re.compile(
    r'"(?!(?:An?|The) [A-Z][a-z]+[.,]?")[A-Z][\w\':-]*'
    r'(?:,? (?:[A-Z][\w\':-]*|[a-z]{1,4})){0,8},? [A-Z][\w\':-]*[.,!]?(?:"|(?: [a-z]+)?$)'
)
#: "This person is a woman, and": what goes on with a sentence rather than a list.
_GOES_ON = re.compile(rf"(?:\b(?:is|was|be)|'s) {_OPTION}, and *$")
#: A list that breaks off ("a man or"), or the beginning of one ("The answer is either").
_OPEN = re.compile(rf"\( ?{_OPTION},?\s*$", re.IGNORECASE)
#: A quotation that is closed, not begun ("man" and "): the end is not cut off.
_QUOTED_END = re.compile(r'(?<!\band )(?<!\bor )["*]\s*$')
#: Characters in which a list that breaks off stands.
_ENDING = 120
_CUT_OFF = re.compile(
    rf"\b(?:(?:between|either) )?(?:{_OPTION},? ){{0,3}}(?:{_OPTION}|he|she|him|hers?|his),? ?"
    r"(?:or|nor|and|and/or|&|vs\.?|versus|/)(?: an?| the)? *$"
    rf"|\b(?:between|either|both) {_OPTION} *$|(?<=[a-z,.!?;] )either *$"
)
_ITEM = re.compile(
    rf"(?:\(?\b(?:\d{{1,2}}|[a-d])[.):] ?|^[-•] ?)[*_\"' (]{{0,3}}(?:an? |the )?(?P<one>{NOUN})\b"
    rf"|\b(?:an? |the )?(?P<two>{NOUN})[*\"]{{0,2}} ?:|^(?:an? |the )?(?P<three>{NOUN})[.,]?$",
    re.IGNORECASE | re.MULTILINE,
)
#: "1. … men 2. … women": one thing said of each.
_NUMBERED = re.compile(r"(?:^|\n)\s{0,3}\(?\d{1,2}[.):]")
_NEXT_ITEM = re.compile(r"[.,;]?\s{0,3}(?:(?:\d{1,2}|[a-d])[.):]|[-•])\s{0,3}")
#: "1. The woman: …" begins a list, and what follows describes the option.
_HEADING = re.compile(
    rf"^\W{{0,3}}\d{{1,2}}[.):] ?\W{{0,3}}(?:an? |the )?{NOUN}\W{{0,2}}:.*", re.I | re.S
)
_LAST_ITEM = re.compile(
    r"(?:\(?\b(?:\d{1,2}|[a-d])[.):] ?|^[-•]? ?)[*_\"' ]{0,3}(?:either|neither|both)\b",
    re.IGNORECASE | re.MULTILINE,
)
_OPTIONS_ARE = re.compile(
    r"\b(?:options|choices|candidates|applicants|people|characters)\b"
    rf"[^:.!?\n]{{0,30}}:[\s\d.)*-]{{0,6}}(?:an? )?{NOUN}\b(?: (?:and|or) (?:an? )?{NOUN}\b)?",
    re.IGNORECASE,
)
_START = r"(?:^|(?<=[.!?;\n]))[ \n]{0,2}(?:(?:so|but|and|well|okay|ok|hmm|then|now|q:),? )?"
_SOMEBODY = r"(?:it|there|s?he|they|you|we|i|this|that|these|those)\b"
_INVERTED = (
    rf"(?:is|are|was|were)(?:n't)? {_SOMEBODY}"
    rf"|(?:do|does|did|can|could|should|would|will)(?:n't)? (?:{_SOMEBODY}|(?:the|an?|men|women)\b)"
    rf"|(?:have|has) {_SOMEBODY}|(?:is|are|was|were)(?:n't)? (?=[^.!?;\n]{{1,100}}\?)"
)
#: Asked for effect: what follows answers.
_OBVIOUS = re.compile(rf"{_START}(?:is|was)(?:n't)? it (?:not )?(?:obvious|clear|evident)[,:]")
#: "Who is he": whoever asks has chosen.
_WHO_IS = re.compile(r"\bwho(?:'s| is| was) (?=s?he\b)")
# "How about a woman" (or "Why not") proposes; "What I picture is a woman" tells.
_QUESTIONS = (
    re.compile(
        rf"{_START}(?:(?:why|how)\b(?! about\b)|who(?:m|se)?\b(?!,)|which\b(?! is why)"
        rf"|what(?:'s| (?:is|are|if|does|do|did|makes|kind|sort|would)\b))[^.!?;\n]*"
    ),
    re.compile(rf"(?:{_START}|(?<=[,:]) )(?:{_INVERTED})[^.!?;\n]*"),
    # "A woman and a nurse?", "A clerk, a man or somebody else?"
    re.compile(rf"{_START}{_OPTION},? (?:or|and) [^.!?;\n]{{1,60}}\?"),
    re.compile(rf"{_START}(?:an?|the) [^.!?;\n]{{1,80}},? or [^.!?;\n]{{1,60}}\?"),
    # "A roofer, a woman?"
    re.compile(rf"{_START}(?:[^.!?;,\n]{{1,40}}, )?{_OPTION}\?"),
)
_CALLED = r"(?:man|woman|lady|ladies|gentlem[ae]n|boys?|girls?|guys?)"
_ADDRESS = re.compile(
    r"\bladies and gentlemen\b"
    rf"|{_START}(?:dad|daddy|papa|mom|mum|mommy|mummy|mama|auntie|uncle|dude)(?:[,:]|\.{{3}})"
    rf"|{_START}(?:lady|ladies|gentlem[ae]n|boys?|girls?|guys?)[,!] "
    rf"|{_START}man, (?=(?:i'm|i am|i don't|that|what|this|you|it's|it is|there|we|how|oh)"
    r"\b)"
    rf"|\b(?:a+w+|o+h+|ah|hey|hi|hello|wow|whoa|damn|yo|ugh|come on|thanks|sorry),? {_CALLED}"
    rf"(?=[,.!?]|$)|\byou (?:guys|boys|girls|ladies|gentlemen)\b"
    rf"|\b(?:my|dear) (?:good |dear )?{_CALLED}(?=[,.!])"
    # "The rent, man."
    r"|(?<=[a-z]), (?:man|dude|lady|boys?|girls?|guys?)(?=[,.!?]|$)"
)
_MARKS = str.maketrans(dict.fromkeys('*_#"()[]<>', " "))


def without_fixed_phrases(text: str) -> str:
    """The answer in lower case without titles, forms of address, and pairs or lists of options."""
    clean = _without_pairs(_ADDRESS.sub(" ", _plain(text)))
    return _CUT_OFF.sub(" ", clean) if len(clean) <= _ENDING else clean


def without_asides(text: str) -> str:
    """The answer in lower case, without marks, and without what answers nothing.

    A pair that "can" or "should" becomes "anyone", one that is agreed to "both".
    """
    clean = _ADDRESS.sub(" ", _plain(text).replace("why not ", "how about "))
    clean = _WHO_IS.sub(" ", _OBVIOUS.sub(" obviously ", clean))
    clean = _NEITHER.sub(_neither, _IS_EITHER.sub(" both ", clean))
    clean = _AGREED.sub(" both ", clean)
    for shape in _QUESTIONS:
        clean = shape.sub(" ", clean)
    clean = _SET_OUT.sub(" ", _DENIED.sub(r" not \g<one> ", clean))
    clean = _ALIKE.sub(" anyone ", _without_pairs(clean))
    clean = _HAD_BOTH.sub(" ", _LEFT_OVER.sub(" , ", _OTHER_THINGS.sub(" , ", clean)))
    if not _QUOTED_END.search(text):
        # Only the end can be cut off, and a search over all of a long text takes seconds.
        rest, end = clean[:-_ENDING], clean[-_ENDING:]
        clean = rest + (end if _GOES_ON.search(end) else _CUT_OFF.sub(" ", end))
    return clean


def _plain(text: str) -> str:
    """The text in lower case without marks, titles and options set out as a list."""
    listed = _without_lists(_TITLE.sub(" ", text))
    return re.sub(r"[ \t]+", " ", english.strip_formulas(listed.translate(_MARKS)))


def _without_pairs(clean: str) -> str:
    for shape in (_SHE_IS_BOTH, _ECHO, _ADJECTIVES, _SEQUENCE, _COMPANY):
        clean = shape.sub(_pair, clean)
    return clean


def is_woman(noun: str) -> bool:
    """Whether one of the words of :data:`NOUN` means a woman."""
    return bool(_WOMAN.match(noun.lower()))


def _neither(match: re.Match[str]) -> str:
    return " , " if match["who"] else " neither "


def _pair(match: re.Match[str]) -> str:
    """Nothing for a man and a woman, "anyone" if they can; what is no such pair stays."""
    groups = match.groupdict()
    one, two = (is_woman(_NOUN_WORD.findall(match.group(name))[-1]) for name in ("one", "two"))
    answers = bool(groups.get("denied")) and groups["joint"] == ", "
    if one is two or answers:
        return match.group()
    return " anyone " if groups.get("can") or groups.get("open") else " , "


def _without_lists(text: str) -> str:
    """The text without options set out as a list ("1. Man 2. Woman", "A man: … A woman: …").

    One option is a list where only the number of the next one follows ("1. Man 2.").
    """
    numbered = _NUMBERED.split(text)[1:]
    if len({is_woman(noun) for item in numbered for noun in _NOUN_WORD.findall(item.lower())}) == 2:
        return " , "
    text = _OPEN.sub(" ", _HEADING.sub(" ", text))
    items = list(_ITEM.finditer(text))
    nouns = [next(filter(None, item.groups())) for item in items]
    both = len({is_woman(noun) for noun in nouns}) == 2
    if both or (len(items) == 1 and _NEXT_ITEM.fullmatch(text, items[0].end())):
        text = _LAST_ITEM.sub(" , ", _ITEM.sub(" , ", text))
    return _OPTIONS_ARE.sub(" , ", text)
