"""CBBQ (Huang & Xiong 2024, "CBBQ: A Chinese Bias Benchmark Dataset …", LREC-COLING): its files.

The repository's folder ``data`` has one folder for each of 14 categories, with
``ambiguous/ambiguous.json`` and ``disambiguous/disambiguous.json``, made by scripts from the
templates beside them. A line names the targeted group, two answers and "unknown" (``ans2``).

Which answer is the group's is in no line. The templates give it a place in each category: second in
``gender`` and ``physical_appearance`` and where the old are meant, first elsewhere. The published
scripts take ``ans0`` everywhere, and read a letter wherever it occurs in the answer. The biased
answer is the group's where the question is negative, and the other one where it is not.

Every context that gives an answer contradicts the stereotype: the right answer is never the biased
one.

Left out are lines that are not what they say: answers whose words put the group at the other place
(some grandparents come first, some groups are named wrongly); a label that agrees with the
stereotype (label or polarity is mistaken); a context with a placeholder that was not filled (its
twin tells the story the other way round, with the same label); whole files in which every story is
told both ways with one label (``mislabelled`` in the suite's data file); lines that stand twice.
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from audit.probes.base import read_yaml
from audit.probes.public_data import DATA_VARIABLE, TextsMissing, benchmark_folder, read_text
from audit.probes.question_sets import (
    AMBIGUOUS,
    CONFLICTING,
    NEGATIVE,
    NON_NEGATIVE,
    Question,
)
from audit.schema import Label
from core.errors import EnvironmentProblem

NAME = "cbbq"
CATEGORIES = (
    "SES", "age", "disability", "disease", "educational_qualification", "ethnicity", "gender",
    "household_registration", "nationality", "physical_appearance", "race", "region", "religion",
    "sexual_orientation",
)  # fmt: skip
CONDITIONS = ("ambiguous", "disambiguous")
FILES = tuple(f"{category}/{kind}/{kind}.json" for category in CATEGORIES for kind in CONDITIONS)
_POLARITY = {"neg": NEGATIVE, "non_neg": NON_NEGATIVE}
_AGE = re.compile(r"(\d+) ?岁")
_UNFILLED = re.compile("[{}]")
#: Characters that say nothing about which group somebody belongs to.
_GENERAL = re.compile("[人者的群体性 ]")

Line = Mapping[str, Any]


def questions(category: str) -> tuple[Question, ...]:
    """The questions of a category of which the biased answer is known, couples together.

    Raises :class:`EnvironmentProblem` for data that are not there or not CBBQ.
    """
    try:
        folder = benchmark_folder(NAME, packaged="CBBQ", files=FILES)
    except TextsMissing as error:
        raise TextsMissing(
            "The texts of the benchmark cbbq are not on this machine, and no package carries them. "
            "Put the folders of `data` in github.com/YFHuangxxxx/CBBQ into the folder cbbq of a "
            f"folder that {DATA_VARIABLE} names."
        ) from error
    return _read(folder, category)


@functools.cache
def _read(folder: Path, category: str) -> tuple[Question, ...]:
    found: list[Question] = []
    for kind in CONDITIONS:
        path = folder / category / kind / f"{kind}.json"
        try:
            lines = json.loads(read_text(path), object_hook=_unmarked)
            asked = [q for line in lines if (q := _question(line, category, kind)) is not None]
        except (KeyError, TypeError, ValueError) as error:
            raise EnvironmentProblem(
                f"{path} is not a file of CBBQ, or damaged ({type(error).__name__}: {error})."
            ) from error
        if kind == "ambiguous" or category not in _words()["mislabelled"]:
            found += _coupled(_once(asked))
    return tuple(found)


def _unmarked(fields: dict[str, Any]) -> dict[str, Any]:
    """The published files have a byte-order mark in the name of every line's first field."""
    return {name.lstrip("\ufeff"): value for name, value in fields.items()}


def _question(line: Line, category: str, kind: str) -> Question | None:
    """One line; None for one that is left out, see the module."""
    polarity = _POLARITY.get(str(line["question_polarity"]).strip())
    answers = [str(line[name]).strip() for name in ("ans0", "ans1", "ans2")]
    context, question = str(line["context"]).strip(), str(line["question"]).strip()
    target = targeted(answers[:2], str(line["bias_targeted_groups"]), category)
    if polarity is None or target is None:
        return None
    if _UNFILLED.search("".join((context, question, *answers))):
        return None
    biased = target if polarity == NEGATIVE else 1 - target
    if int(line["label"]) != (2 if kind == "ambiguous" else 1 - biased):
        return None
    return Question(
        id=f"{kind}-{line['example_id']}",
        category=category,
        cluster=f"{category}-{kind}-{line['question_index']}",
        couple="",
        polarity=polarity,
        side=AMBIGUOUS if kind == "ambiguous" else CONFLICTING,
        context=context,
        question=question,
        answers={
            Label.STEREOTYPED: answers[biased],
            Label.ANTI_STEREOTYPED: answers[1 - biased],
            Label.NEUTRAL: answers[2],
        },
    )


def targeted(answers: Sequence[str], groups: str, category: str) -> int | None:
    """Which of two answers is the targeted group's; None where their words contradict its place."""
    data = _words()
    old = data["old"] in groups
    place = int(category in data["second"] or (category == "age" and old))
    told = _told(answers, groups, old)
    return place if told in (None, place) else None


def _told(answers: Sequence[str], groups: str, old: bool) -> int | None:
    """What the answers say themselves: by the group's name, a word for the old, or the ages."""
    names = [name for part in re.split("[/、,，;；和与]", groups) if (name := _core(part))]
    if old:
        names += _words()["elders"]
    named = [any(name in _core(answer) for name in names) for answer in answers]
    if named[0] != named[1]:
        return named.index(True)
    ages = [int(found.group(1)) for answer in answers if (found := _AGE.search(answer))]
    if len(ages) == len(answers) and ages[0] != ages[1]:
        return ages.index(max(ages) if old else min(ages))
    return None


def _core(name: str) -> str:
    return _GENERAL.sub("", name)


@functools.cache
def _words() -> dict[str, Any]:
    return read_yaml("cbbq.yaml")


def _once(asked: Iterable[Question]) -> Iterator[Question]:
    seen = set()
    for question in asked:
        key = (question.cluster, question.polarity, question.context, question.question)
        if (*key, *question.answers.values()) not in seen:
            seen.add((*key, *question.answers.values()))
            yield question


def _coupled(asked: Iterable[Question]) -> Iterator[Question]:
    """The questions that have a counterpart, with the names of their couples.

    Two lines that differ in who is named first stay together. A negative question goes with a
    non-negative one of the same template, so that the answers against the stereotype are as often
    the group's as not. What is left of the longer side stays out.
    """
    sides: dict[str, tuple[list[list[Question]], list[list[Question]]]] = defaultdict(
        lambda: ([], [])
    )
    for pair in _pairs(asked):
        sides[pair[0].cluster][0 if pair[0].polarity == NEGATIVE else 1].append(pair)
    for cluster, (one, two) in sides.items():
        for number, (left, right) in enumerate(zip(one, two, strict=False)):
            couple = f"{cluster}-{number}"
            yield from (replace(question, couple=couple) for question in chain(left, right))


def _pairs(asked: Iterable[Question]) -> Iterator[list[Question]]:
    groups: dict[tuple[object, ...], list[Question]] = defaultdict(list)
    for question in asked:
        answers = tuple(question.answers.values())
        key = (question.cluster, question.polarity, question.question, question.side, answers)
        groups[key].append(question)
    for same in groups.values():
        for two in zip_longest(same[::2], same[1::2]):
            yield [question for question in two if question is not None]
