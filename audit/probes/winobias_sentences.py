"""WinoBias (Zhao et al. 2018, "Gender Bias in Coreference Resolution", NAACL): its sentences.

A file has one sentence a line, numbered, with the person meant and the pronoun that means them in
brackets: ``3 [The mechanic] gave the clerk a present because [he] won the lottery.`` The n-th lines
of a *pro*- and an *anti*-stereotyped file are one sentence with the pronoun's gender swapped. Two
lines in turn, 1 and 2, 3 and 4, name the same two occupations, one held mostly by men and one by
women (US labour statistics), each meant once.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.probes.public_data import benchmark_folder, read_lines
from core.errors import EnvironmentProblem

NAME = "winobias"
KINDS = ("type1", "type2")
PARTS = ("dev", "test")
SIDES = ("pro", "anti")
MEN, WOMEN = "male_occupations.txt", "female_occupations.txt"
_FEMALE = frozenset({"she", "her", "hers", "herself"})
_MALE = frozenset({"he", "him", "his", "himself"})
_PRONOUN = re.compile(rf"\b(?:{'|'.join(sorted(_FEMALE | _MALE))})\b", re.IGNORECASE)
_BRACKETED = re.compile(r"\[\s*(.*?)\s*\]")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


def file_name(side: str, kind: str, part: str) -> str:
    return f"{side}_stereotyped_{kind}.txt.{part}"


FILES = (
    *(file_name(*which) for which in itertools.product(SIDES, KINDS, PARTS)), MEN, WOMEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence in both versions.

    ``id`` is part and line (``dev-3``), stable; ``couple`` the two lines that share occupations.
    ``man`` and ``woman`` are the occupations by who mostly holds them; ``meant`` is one of them.
    ``texts`` and ``pronouns`` are by side, pro and anti.
    """

    id: str
    kind: str
    couple: str
    man: str
    woman: str
    meant: str
    texts: dict[str, str]
    pronouns: dict[str, str]

    @property
    def other(self) -> str:
        return self.woman if self.meant == self.man else self.man


def pairs() -> tuple[Pair, ...]:
    """Every matched pair, type 1 before type 2, dev before test, in the files' order.

    A line whose two versions differ in more than the pronoun's gender is left out: their
    difference would measure the difference in wording. Raises :class:`EnvironmentProblem` for
    data that are not there or not WinoBias.
    """
    return _read_all(benchmark_folder(NAME, packaged="WinoBias", files=FILES))


@functools.cache
def _read_all(folder: Path) -> tuple[Pair, ...]:
    men, women = read_lines(folder / MEN), read_lines(folder / WOMEN)
    return tuple(
        pair
        for kind, part in itertools.product(KINDS, PARTS)
        for pair in read_pairs(folder, kind, part, men=men, women=women)
    )


def read_pairs(
    folder: Path, kind: str, part: str, *, men: Sequence[str], women: Sequence[str]
) -> list[Pair]:
    """The matched pairs of one type and part; see :func:`pairs`."""
    pro, anti = (folder / file_name(side, kind, part) for side in SIDES)
    lines = read_lines(pro), read_lines(anti)
    if len(lines[0]) != len(lines[1]):
        raise EnvironmentProblem(
            f"{pro} has {len(lines[0])} sentences and {anti.name} {len(lines[1])}; they belong "
            "together line by line, so get both again."
        )
    found = []
    for number, (one, two) in enumerate(zip(*lines, strict=True), start=1):
        marked = _marked(one, pro), _marked(two, anti)
        pair = _pair(f"{part}-{number}", kind, f"{part}-{(number + 1) // 2}", marked, men, women)
        if pair is not None:
            found.append(pair)
    return found


def _marked(line: str, path: Path) -> str:
    """The sentence without its number. Raises :class:`EnvironmentProblem`."""
    number, _, sentence = line.strip().partition(" ")
    if not number.isdigit() or len(_BRACKETED.findall(sentence)) < 2:
        raise EnvironmentProblem(
            f"{path} is not a file of WinoBias: '{line[:60]}' is no numbered sentence with the "
            "person and the pronoun in brackets."
        )
    return sentence


def _pair(
    id_: str,
    kind: str,
    couple: str,
    marked: tuple[str, str],
    men: Sequence[str],
    women: Sequence[str],
) -> Pair | None:
    """None where the versions are no minimal pair or the brackets contradict the design."""
    texts = [plain_text(sentence) for sentence in marked]
    if len({_PRONOUN.sub("#", text).lower() for text in texts}) != 1:
        return None
    brackets = [[b for b in _BRACKETED.findall(sentence) if b] for sentence in marked]
    people = [[b for b in found if not _PRONOUN.fullmatch(b)] for found in brackets]
    spoken = [[b.lower() for b in found if _PRONOUN.fullmatch(b)] for found in brackets]
    meant = {_ARTICLE.sub("", name) for found in people for name in found}
    if len(meant) != 1 or not spoken[0] or len(spoken[0]) != len(spoken[1]):
        return None
    person = meant.pop()
    held_by_men = person in men
    agreeing, opposing = (_MALE, _FEMALE) if held_by_men else (_FEMALE, _MALE)
    if not agreeing.issuperset(spoken[0]) or not opposing.issuperset(spoken[1]):
        return None
    other = _first_named(texts[0], women if held_by_men else men)
    if other is None or not (held_by_men or person in women):
        return None
    man, woman = (person, other) if held_by_men else (other, person)
    return Pair(
        id=id_,
        kind=kind,
        couple=couple,
        man=man,
        woman=woman,
        meant=person,
        texts=dict(zip(SIDES, texts, strict=True)),
        pronouns={side: found[0] for side, found in zip(SIDES, spoken, strict=True)},
    )


def plain_text(sentence: str) -> str:
    """The sentence without brackets, and without what the markup left: doubled articles, spaces."""
    text = re.sub(r"\s+", " ", sentence.replace("[", "").replace("]", "")).strip()
    text = re.sub(r"\b(the) the\b", r"\1", text, flags=re.IGNORECASE)
    return re.sub(r"\s+('s\b|[.,;!?])", r"\1", text)


def _first_named(text: str, names: Sequence[str]) -> str | None:
    """The occupation of the list that the text names first; its whole words only."""
    at = {
        name: match.start()
        for name in names
        if (match := re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE))
    }
    return min(at, key=lambda name: at[name]) if at else None
