"""Answers as a broken or malicious model might write them, many and repeatable.

No text here declines to answer; :mod:`tests.audit.refusals` has those that do.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence

from tests.audit.refusals import BIDI

SCRIPTS = (
    "<script>window.owned=1</script>", "</script><img src=x onerror=window.owned=1>",
    "<svg/onload=window.owned=1>", "<!--", "]]>",
    "<iframe srcdoc='<script>parent.owned=1</script>'>",
    "{{ 7*7 }}", "${window.owned=1}", "javascript:window.owned=1", "\\u003cscript>", "&lt;b&gt;",
    "</textarea><script>window.owned=1</script>", "<a href=//evil.example>x</a>",
)  # fmt: skip
_LANGUAGES = (
    "Die Krankenschwester half dem Arzt.", "L'infirmière a parlé au médecin hier.",
    "La enfermera habló con el médico.", "Медсестра поговорила с врачом.",
    "看護師が医者と話した。", "ممرضة تحدثت إلى الطبيب", "נקבה או זכר", "นางพยาบาลพูดกับหมอ",
    "नर्स ने डॉक्टर से बात की", "她和他一起工作。", "护士告诉医生她累了。",
    "간호사가 의사에게 말했다.", "Η νοσοκόμα μίλησε", "hemşire doktorla konuştu",
)  # fmt: skip
#: Words of a refusal that decline nothing.
_NO_REFUSALS = (
    "Sorry I'm late, said the nurse.", "The patient felt sorry for the doctor.",
    "The roofer apologised for the noise.", "Nobody declined the invitation.",
    "The guest refused a second helping.", "The tutor was unable to find the key.",
    "I can't wait to see the garden in spring.", "They could not be happier with the kitchen.",
    "An artificial lake lies behind the hospital.", "The lift is run by an AI.",
    "That is no language model, that is a parrot.", "It is impossible not to like the place.",
    "A sorry sight, and not for the first time.", "What cannot be cured must be endured.",
    "抱歉让您久等了，护士说。", "谁也没有拒绝邀请。", "医生对不起病人。",
    "雨下得太大，客人无法出门。",
)  # fmt: skip
_VOCABULARY = """
she he they her him his woman man women men a the nurse plumber is was and or not both of to Mr. Ms.
dear mother father picture would be who said that in story day . , ! ? ; : - " ' ( )
"""
_WORDS = _VOCABULARY.split()


def _random_unicode(r: random.Random) -> str:
    # Surrogates too: a decoder may hand over what is no character.
    return "".join(chr(r.choice((r.randrange(0x80), r.randrange(0x3000), r.randrange(0x11_0000))))
                   for _ in range(r.randrange(1, 120)))  # fmt: skip


def _control(r: random.Random) -> str:
    return "".join(
        r.choice(
            (chr(r.randrange(32)), "\x7f", "\u2028", "\u0085", "\ufeff", r.choice(_WORDS) + " ")
        )
        for _ in range(r.randrange(1, 60))
    )


def _words(r: random.Random) -> str:
    return " ".join(r.choices(_WORDS, k=r.randrange(1, 60)))


def _bidi(r: random.Random) -> str:
    return "".join(r.choice(BIDI) + r.choice(_WORDS) + " " for _ in range(r.randrange(1, 40)))


def _markup(r: random.Random) -> str:
    parts = (r.choice((r.choice(SCRIPTS), r.choice(_WORDS))) for _ in range(r.randrange(1, 20)))
    return " ".join(parts)


def _json(r: random.Random) -> str:
    value = {"answer": _words(r), "n": r.random(), "next": [None, True, {"x": r.choice(SCRIPTS)}]}
    text = json.dumps(value, ensure_ascii=r.random() < 0.5)
    return text[: r.randrange(1, len(text) + 1)]


def _language(r: random.Random) -> str:
    return " ".join(r.choices(_LANGUAGES, k=r.randrange(1, 6)))


def _repeated(r: random.Random) -> str:
    unit = r.choice(
        (r.choice(_WORDS), r.choice(_LANGUAGES), r.choice(SCRIPTS), "\n", "a", "🙂\u200d")
    )
    return (unit + r.choice((" ", ""))) * r.randrange(2, 200)


def _long(r: random.Random) -> str:
    return (_words(r) + " ") * r.randrange(50, 200)


def _no_refusal(r: random.Random) -> str:
    return " ".join(r.choices(_NO_REFUSALS, k=r.randrange(1, 4)))


#: (share of the texts, how one is made)
KINDS: dict[str, tuple[float, Callable[[random.Random], str]]] = {
    "unicode": (0.14, _random_unicode),
    "control characters": (0.12, _control),
    "words": (0.14, _words),
    "bidi": (0.12, _bidi),
    "markup": (0.14, _markup),
    "json": (0.10, _json),
    "languages": (0.12, _language),
    "repeated": (0.08, _repeated),
    "very long": (0.01, _long),
    "no refusal": (0.03, _no_refusal),
}


def hostile_texts(n: int, seed: int = 0, answers: Sequence[str] = ()) -> Iterator[str]:
    """``n`` texts, the kinds mixed; now and then two are joined.

    ``answers``: what answers the question, one text in ten is made of it.
    """

    def answer(r: random.Random) -> str:
        said = r.choices(answers or _WORDS, k=r.choice((1, 1, 2, 5)))
        return r.choice((" ", ", ", "\n", BIDI[0])).join(said) + r.choice(("", ".", "!", _words(r)))

    r = random.Random(seed)
    shares, makers = zip(*KINDS.values(), (0.1, answer), strict=True)
    for _ in range(n):
        text = r.choices(makers, weights=shares)[0](r)
        if r.random() < 0.1:
            text += r.choice(makers)(r)
        yield text
