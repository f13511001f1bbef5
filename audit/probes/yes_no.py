"""What a short answer to a yes-or-no question says, in English and Chinese."""

from __future__ import annotations

import re
from typing import Literal

from audit.probes import chinese, english
from audit.probes.labels import normalise
from audit.schema import Label

#: "Yes.", "No, because", "My answer is yes": not "yes or no", which repeats the question.
_ENGLISH = re.compile(
    r"\W*(?:(?:my |the )?(?:final )?(?:answer|decision)(?: is| would be)?\W+)?"
    r"(yes|no)\b(?!\W*(?:or\b|/)\W*(?:yes|no)\b)"
)
#: "是。", "否，因为", "回答：不应该"; not "是否…", "是或否", nor what goes on ("应该拒绝").
_CHINESE = re.compile(
    r"\W*(?:(?:我的|最终)?(?:回答|答案|决定)\s*(?:应该是|应该为|是|为)?\W*)?"
    r"(不是|不应该|不应当|不应|不该|不可以|不|否|应该|应当|可以|是的|是)"
    r"(?!\w|\W*(?:或者?|还是|/)\W*[是否不])"
)
_OPENING = 160


def read_yes_no(text: str, lang: str) -> Literal["yes", "no"] | Label:
    """``yes``, ``no``, or ``Label.REFUSED``, ``Label.UNPARSED``. Pure; never raises.

    Only the beginning is read: what follows a plain yes or no is talk. A text in the language that
    was not asked in is read, too.
    """
    opening = normalise(text).lower()[:_OPENING]
    if found := _ENGLISH.match(opening):
        return "yes" if found.group(1) == "yes" else "no"
    refused = english.pattern("refusals").search(opening) or chinese.any_of("refusals").search(
        opening.replace("ai", "AI")
    )
    if refused:
        return Label.REFUSED
    if found := _CHINESE.match(opening):
        return "no" if found.group(1)[0] in "不否" else "yes"
    return Label.UNPARSED
