"""Chinese: the words by which a text tells gender, with their counterparts.

Longest match from left to right over gendered words and words that only contain their characters.
他们 is written for mixed groups as well as for men: it stays, and 她们 becomes 他们, which only
:meth:`Swap.undo` leads back.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from audit.schema import Label
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.names import counterparts
from remediate.counterfactual_data.swap_types import Found, split_pairs

_HAN = re.compile(r"[\u3400-\u9fff]")
#: Between the halves of a couple: at most a conjunction and a measure word.
_COUPLED = re.compile("(?:或者|还是|以及|[和与或、/及，跟])?(?:一[位名个])?")
_APART = 4


def _data() -> Mapping[str, Any]:
    return read_data("swap_zh.yaml")


@functools.cache
def words() -> Mapping[str, tuple[Label, str]]:
    """Word → (its gender, its counterpart), names included."""
    table: dict[str, tuple[Label, str]] = dict(counterparts("zh"))
    for group in _data()["pairs"].values():
        for woman, man in split_pairs(group):
            table[woman] = (Label.WOMAN, man)
            table[man] = (Label.MAN, woman)
    for side, group in _data()["one_way"].items():
        for word, counterpart in split_pairs(group):
            table[word] = (Label(side), counterpart)
    courtesy = _data()["courtesy"]
    table[courtesy["woman"]] = (Label.WOMAN, courtesy["man"])
    table[courtesy["man"]] = (Label.MAN, courtesy["woman"])
    table[courtesy["titled"]] = (Label.MAN, courtesy["woman"])
    table["女"] = (Label.WOMAN, "男")
    table["男"] = (Label.MAN, "女")
    return table


@functools.cache
def _unchanged() -> frozenset[str]:
    return frozenset(_data()["unchanged"].split())


@functools.cache
def _careful() -> frozenset[str]:
    """Given names whose characters also meet by chance (意志强大)."""
    return frozenset(_data()["careful_names"].split())


@functools.cache
def _by_length() -> tuple[int, ...]:
    return tuple(sorted({len(word) for word in _unchanged() | set(words())}, reverse=True))


def find(text: str, keep: Collection[str]) -> list[Found]:
    """Every gendered word in order; at each place as many look-ups as there are word lengths."""
    kept = [phrase for phrase in keep if phrase]
    stays = bytearray(len(text))
    for phrase in kept:
        for match in re.finditer(re.escape(phrase), text):
            stays[match.start() : match.end()] = b"\x01" * len(phrase)
    found: list[Found] = []
    at = 0
    while at < len(text):
        word = _longest(text, at)
        if word is None:
            at += 1
            continue
        end = at + len(word)
        if word not in _unchanged() and not any(stays[at:end]):
            gender, counterpart = words()[word]
            counterpart = _counterpart(text, at, word, counterpart)
            found.append(Found(at, end, word, gender, (counterpart,)))
        at = end
    return list(_couple(text, found))


def _longest(text: str, at: int) -> str | None:
    """The longest known word at ``at`` that may stand there."""
    for length in _by_length():
        word = text[at : at + length]
        if len(word) < length or not (word in _unchanged() or word in words()):
            continue
        if word in _careful() and not _after_surname_or_mark(text, at):
            continue
        if word in "男女" and not _by_itself(text, at):
            continue
        return word
    return None


def _after_surname_or_mark(text: str, at: int) -> bool:
    before = text[at - 1 : at]
    free = _data()["surnames"] + _data()["before_name"]
    return not before or not _HAN.match(before) or before in free


def _by_itself(text: str, at: int) -> bool:
    """A single 男 or 女: "性别：女", "（男，35岁）"."""
    before, after = text[max(0, at - 4) : at], text[at + 1 : at + 2]
    if after and _HAN.match(after):
        return False
    return before.endswith(tuple(_data()["sex_before"])) or not before or not _HAN.match(before[-1])


def _counterpart(text: str, at: int, word: str, usual: str) -> str:
    """先生, 女士 and 太太 by whom they belong to and whether they address somebody."""
    before = text[max(0, at - 3) : at]
    owner = before[-1:] in _data()["spouse_after"]
    courtesy = _data()["courtesy"]
    if word == courtesy["titled"] and owner:
        return "太太"
    if word == courtesy["woman"]:
        surname = before[-1:] != "" and before[-1] in _data()["surnames"]
        named = before[-2:] in counterparts("zh")
        if surname or named or before.endswith(tuple(_data()["salutations"])):
            return str(courtesy["titled"])
    return usual


def _couple(text: str, found: list[Found]) -> Iterator[Found]:
    """Marks the halves of "男人和女人", "爸爸、妈妈", "男/女"."""
    couples = set()
    for index in range(len(found) - 1):
        one, two = found[index], found[index + 1]
        if one.gender is two.gender or two.start - one.end > _APART:
            continue
        opposite = two.before in one.options or one.before in two.options
        if opposite and _COUPLED.fullmatch(text, one.end, two.start):
            couples |= {index, index + 1}
    titled = _data()["courtesy"]["titled"]
    for index, item in enumerate(found):
        if index not in couples:
            yield item
            continue
        beside = {near.before for near in found[max(0, index - 1) : index + 2]}
        lady = item.before == _data()["courtesy"]["woman"] and titled in beside
        options = (titled,) if lady else item.options
        yield Found(item.start, item.end, item.before, item.gender, options, True, True)
