"""English: the words by which a text tells gender, with their counterparts."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from audit.schema import Label
from remediate.counterfactual_data import english_context as is_gendered
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.english_her import read_her
from remediate.counterfactual_data.english_his import read_his
from remediate.counterfactual_data.english_words import Sentence, Token, capital, like, tokens
from remediate.counterfactual_data.names import counterparts
from remediate.counterfactual_data.swap_types import Found, split_pairs

_PRONOUN = "(?:he|him|his|himself|she|hers?|herself)"
#: "he or she", "his/her", "s/he", "(s)he": neutral already. Repetition is bounded: linear.
_NEUTRAL = re.compile(
    rf"(?<!\w)(?:(?P<one>{_PRONOUN})(?:\s{{0,2}}/\s{{0,2}}|\s{{1,3}}or\s{{1,3}}|\s{{0,2}}\(\s?(?:or\s)?)"
    rf"(?P<two>{_PRONOUN})(?!\w)|\(s\)he(?!\w)|s/he(?!\w)|him/herself(?!\w)|her/himself(?!\w)"
    r"|\(wo\)m[ae]n(?!\w))",
    re.IGNORECASE,
)
#: What is no prose: addresses, handles, identifiers.
_CHUNK = re.compile(r"\S+")
_COUPLED = re.compile(
    r"\s{0,2}(?:,?\s(?:and|or|nor|versus|vs\.?)\s|[&/,]|\s&)\s{0,2}(?:\w{1,5}\s)?$"
)


def _data() -> Mapping[str, Any]:
    return read_data("swap_en.yaml")


@functools.cache
def words() -> Mapping[str, tuple[Label, tuple[str, ...]]]:
    """Word → (its gender, its counterparts); "her" and "his" have two, by context."""
    table: dict[str, tuple[Label, tuple[str, ...]]] = {
        "her": (Label.WOMAN, ("his", "him")),
        "hers": (Label.WOMAN, ("his",)),
        "his": (Label.MAN, ("her", "hers")),
        "him": (Label.MAN, ("her",)),
    }
    for group in _data()["pairs"].values():
        for woman, man in split_pairs(group):
            table[woman] = (Label.WOMAN, (man,))
            table[man] = (Label.MAN, (woman,))
    for side, group in _data()["one_way"].items():
        for word, counterpart in split_pairs(group):
            table[word] = (Label(side), (counterpart,))
    return table


@functools.cache
def _titles() -> Mapping[str, tuple[Label, str]]:
    data = _data()["titles"]
    table = {}
    for woman, man in (entry.split("/") for entry in data["pairs"]):
        table[woman] = (Label.WOMAN, man)
        table[man] = (Label.MAN, woman)
    for side, entries in data["one_way"].items():
        for word, counterpart in (entry.split("/") for entry in entries):
            table[word] = (Label(side), counterpart)
    return table


@functools.cache
def _unchanged() -> re.Pattern[str]:
    phrases = {phrase.strip() for phrase in _data()["unchanged"].split(",")}
    return _literal(phrases)


def _literal(phrases: Collection[str]) -> re.Pattern[str]:
    """Any of the phrases as whole words, in any case; a space matches any white space or hyphen."""
    inner = "|".join(
        re.escape(phrase).replace(r"\ ", r"[\s-]")
        for phrase in sorted(phrases, key=len, reverse=True)
    )
    return re.compile(rf"(?<!\w)(?:{inner})(?!\w)", re.IGNORECASE)


def protected(text: str, keep: Collection[str]) -> bytearray:
    """One byte a character: 1 where nothing may change."""
    mask = bytearray(len(text))

    def cover(start: int, end: int) -> None:
        mask[start:end] = b"\x01" * (end - start)

    for match in _unchanged().finditer(text):
        cover(*match.span())
    for match in _NEUTRAL.finditer(text):
        one, two = match["one"], match["two"]
        if one is None or words()[one.lower()][0] is not words()[two.lower()][0]:
            cover(*match.span())
    for match in _CHUNK.finditer(text):
        chunk = match.group()
        if "@" in chunk or "://" in chunk or "_" in chunk or chunk.startswith("www."):
            cover(*match.span())
    kept = {phrase for phrase in keep if phrase.strip()}
    if kept:
        for match in _literal(kept).finditer(text):
            cover(*match.span())
    return mask


def find(text: str, keep: Collection[str]) -> list[Found]:
    """Every gendered word in order; time linear in the text's length."""
    mask = protected(text, keep)
    line = Sentence(tokens(text))
    found: list[Found] = []
    for index, token in enumerate(line.tokens):
        if token.kind == "word" and not mask[token.start]:
            found.extend(_read(line, index, token))
    return list(_couple(text, found))


def _read(line: Sentence, index: int, token: Token) -> Iterator[Found]:
    """The token as a gendered word, at most one."""
    title = _titles().get(token.text)
    if title is not None:
        if is_gendered.title(line, index):
            yield Found(token.start, token.end, token.text, title[0], (title[1],))
        return
    name = counterparts("en").get(capital(token.lower)) if token.text[0].isupper() else None
    if name is not None:
        other = like(name[1].lower(), token.text)
        if other is not None and is_gendered.name(line, index):
            yield Found(token.start, token.end, token.text, name[0], (other,))
        return
    entry = words().get(token.lower)
    if entry is None or not is_gendered.word(line, index):
        return
    gender, options = entry
    sure = True
    if len(options) > 1:
        reading = read_her(line, index) if token.lower == "her" else read_his(line, index)
        options, sure = options if reading.possessive else options[::-1], reading.sure
    elif token.lower in ("lady", "ladies") and line.word(index - 1) in _data()["lady_jobs"]:
        options = ("man",) if token.lower == "lady" else ("men",)
    cased = tuple(form for option in options if (form := like(option, token.text)) is not None)
    if len(cased) == len(options):
        yield Found(token.start, token.end, token.text, gender, cased, sure)


def _couple(text: str, found: list[Found]) -> Iterator[Found]:
    """Marks the halves of "men and women", "a man or a woman", "male/female"."""
    joined = set()
    for index in range(len(found) - 1):
        one, two = found[index], found[index + 1]
        opposite = one.gender is not two.gender and one.options[0].lower() == two.before.lower()
        between = text[one.end : min(two.start, one.end + 20)]
        if opposite and two.start - one.end < 20 and _COUPLED.fullmatch(between):
            joined |= {index, index + 1}
    for index, item in enumerate(found):
        yield (
            Found(item.start, item.end, item.before, item.gender, item.options, item.sure, True)
            if index in joined
            else item
        )
