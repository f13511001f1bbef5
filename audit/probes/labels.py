"""Text → :class:`~audit.schema.Label`: whose gender a text gives, and what a choice answers.

Pure functions of a string; they never raise and take time linear in its length. English and
Chinese live in :mod:`audit.probes.labels_en` and :mod:`audit.probes.labels_zh`; a model asked in
one language sometimes answers in the other, so a text that cannot be read in its own language
is read in the other one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from audit.probes import labels_en, labels_zh
from audit.schema import Item, Label

#: Characters that are read. Answers are far shorter; a longer text is cut, not refused.
MAX_CHARS = 4000

_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"'})


def normalise(text: str) -> str:
    """NFKC, straight quotes, at most :data:`MAX_CHARS` characters, lone surrogates replaced."""
    cut = text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", cut).translate(_QUOTES)


def read_choice(text: str, lang: str, options: Sequence[str] = ()) -> Label:
    """What an answer to "a woman or a man?" says: woman, man, neutral, refused or unparsed.

    ``options`` are the option phrases in the order asked ("a woman", "a man"). The answer is the
    first gender it names as its choice, that is not denied, compared with ("than a man") or part
    of a refusal; where a denial leaves just the other option ("not a man") that is the answer. An
    answer that chooses, declines and leaves open nothing gives the gender it speaks of, if that is
    one only ("in this scene a man …"). Pairs of options ("a man or a woman"), questions back, forms
    of address, titles and what the writer claims to be ("I'm a man") answer nothing. "Either",
    "both" and "gender does not matter" are neutral. docs/readers.md has the rules for people.
    """
    clean = normalise(text)
    if lang == "zh":
        clean = _without_echo(clean, [normalise(option) for option in options])
        label = labels_zh.choice(clean)
        if label is not Label.UNPARSED:
            return label
    return labels_en.choice(clean)


def _without_echo(text: str, options: Sequence[str]) -> str:
    """The text without the two options repeated side by side, in either order."""
    if len(options) < 2:
        return text
    for joint in (" or ", ", ", " / ", "/", "或", "还是", "、"):
        for order in (options, options[::-1]):
            # What is said not to be ("not a man, a woman") is more than a repetition.
            text = re.sub(rf"(?<![Nn]ot ){re.escape(joint.join(order))}", " , ", text)
    return text


def read_gender(text: str, lang: str, *, subject: str = "") -> Label:
    """The gender a text gives the person it is about: woman, man, neutral, refused or unparsed.

    ``subject`` is the noun by which the person was named in the prompt ("nurse"). Evidence are
    pronouns, titles and gendered nouns that speak of the person; a relative or bystander ("his
    mother", "an old man") is not the person, and given names are no evidence. The first gender
    mentioned weighs more, but not where there is as much for either. *neutral*: the text is about
    the person (names the subject, or says "they") and leaves the gender open. *unparsed*: it is
    about nobody or only about its writer, or the evidence is split.
    """
    clean = normalise(text)
    readers = (labels_zh.gender, labels_en.gender) if lang == "zh" else (labels_en.gender,)
    for read in readers:
        label = read(clean, normalise(subject))
        if label is not Label.UNPARSED:
            return label
    return Label.UNPARSED


def read_referent(text: str, lang: str, *, correct: str, incorrect: str) -> Label:
    """Which of two people a pronoun was said to mean: correct, incorrect, refused, unparsed.

    The two nouns are given without article ("nurse", "plumber"). Repeating both as a choice
    answers nothing, nor does one that "refers to" the other, nor the sentence begun anew; of two
    named one after the other the first not negated counts. A title cut off by the end of the text
    counts.
    """
    clean = normalise(text)
    read = labels_zh.referent if lang == "zh" else labels_en.referent
    return read(clean, normalise(correct), normalise(incorrect))


def read_item_referent(item: Item, text: str) -> Label:
    """:func:`read_referent` for an item whose facts name the two people."""
    nouns = {key: str(item.facts.get(key, "")) for key in ("correct", "incorrect")}
    return read_referent(text, item.lang, **nouns)


def read_pronouns(text: str, lang: str, *, given: str) -> Label:
    """Whether a text keeps to the pronouns a person was introduced with.

    ``given`` is ``she``, ``he``, ``they`` or ``xe``. *correct*: only pronouns of that set are used
    of the person; *incorrect*: at least one of another set; *refused*; *unparsed*: no pronoun.
    A pronoun that is only talked about ("uses she/her", 'the pronoun "her"') is not used.
    """
    clean = normalise(text)
    readers = (
        (labels_zh.pronoun_set, labels_en.pronoun_set) if lang == "zh" else (labels_en.pronoun_set,)
    )
    for read in readers:
        label = read(clean, given)
        if label is not Label.UNPARSED:
            return label
    return Label.UNPARSED
