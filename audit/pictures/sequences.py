"""The emoji sequence that draws a profession in one presentation and skin tone.

Unicode Technical Standard 51, section 2.3: a *role* is ``person [skin] ZWJ object``, an *activity*
with a base of its own is ``base [skin] ZWJ gender sign``.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.pictures.base import Presentation, Skin
from audit.pictures.professions import Profession

_PERSON: Mapping[Presentation, str] = {"woman": "1F469", "man": "1F468", "neutral": "1F9D1"}
_SIGN: Mapping[Presentation, str] = {"woman": "2640", "man": "2642", "neutral": ""}
_SKIN: Mapping[Skin, str] = {
    "none": "", "light": "1F3FB", "medium_light": "1F3FC", "medium": "1F3FD",
    "medium_dark": "1F3FE", "dark": "1F3FF",
}  # fmt: skip
_ZWJ = "200D"
#: Asks for the colourful form of a sign that also has a plain one.
_COLOUR = "FE0F"


def sequence(profession: Profession, presentation: Presentation, skin: Skin) -> tuple[str, ...]:
    """Hexadecimal codepoints, fully qualified (what emoji-test.txt calls so)."""
    tone = (_SKIN[skin],) if _SKIN[skin] else ()
    drawn = profession.drawn
    if "object" in drawn:
        return (_PERSON[presentation], *tone, _ZWJ, *drawn["object"].split("-"))
    # A detective without a tone needs the colour selector; the others are colourful by themselves.
    base = (drawn["base"], *(tone or ((_COLOUR,) if drawn.get("selector") else ())))
    sign = _SIGN[presentation]
    return (*base, _ZWJ, sign, _COLOUR) if sign else base


def text(codepoints: tuple[str, ...]) -> str:
    """The characters themselves."""
    return "".join(chr(int(point, 16)) for point in codepoints)
