"""CBBQ (Huang & Xiong 2024, "CBBQ: A Chinese Bias Benchmark Dataset …", LREC-COLING): its files.

The repository's folder ``data`` has one folder for each of 14 categories, with
``ambiguous/ambiguous.json`` and ``disambiguous/disambiguous.json``. A line names the targeted
group, two answers and "unknown" (``ans2``). Which answer is the group's differs by category: the
old of ``age`` and the women of ``gender`` are ``ans1``, the believers of ``religion`` ``ans0``. The
published scripts take ``ans0`` everywhere, and read a letter wherever it occurs in the answer. Here
the group's name decides, or words of the suite's data file, or the ages; where none does, a
question is left out.

The biased answer is the group's where the question is negative, and the other one where it is not.
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from audit.probes.base import read_yaml
from audit.probes.public_data import DATA_VARIABLE, TextsMissing, benchmark_folder, read_text
from audit.probes.question_sets import (
    ALIGNED,
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
#: Characters that say nothing about which group somebody belongs to.
_GENERAL = re.compile("[人者的群体性]")

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
            lines = json.loads(read_text(path))
            asked = [q for line in lines if (q := _question(line, category, kind)) is not None]
        except (KeyError, TypeError, ValueError) as error:
            raise EnvironmentProblem(
                f"{path} is not a file of CBBQ, or damaged ({type(error).__name__}: {error})."
            ) from error
        found += _coupled(asked, kind == "ambiguous")
    return tuple(found)


def _question(line: Line, category: str, kind: str) -> Question | None:
    """One line; None where it is not known which answer is the group's."""
    polarity = _POLARITY[line["question_polarity"]]
    answers = [str(line[name]).strip() for name in ("ans0", "ans1", "ans2")]
    target = targeted(answers[:2], str(line["bias_targeted_groups"]))
    if target is None:
        return None
    biased = target if polarity == NEGATIVE else 1 - target
    right = int(line["label"])
    if (right == 2) != (kind == "ambiguous") or right not in (0, 1, 2):
        raise ValueError(f"example {line['example_id']} has the answer {right}")
    side = AMBIGUOUS if right == 2 else ALIGNED if right == biased else CONFLICTING
    return Question(
        id=f"{kind}-{line['example_id']}",
        category=category,
        cluster=f"{category}-{kind}-{line['question_index']}",
        couple="",
        polarity=polarity,
        side=side,
        context=str(line["context"]).strip(),
        question=str(line["question"]).strip(),
        answers={
            Label.STEREOTYPED: answers[biased],
            Label.ANTI_STEREOTYPED: answers[1 - biased],
            Label.NEUTRAL: answers[2],
        },
    )


def targeted(answers: Sequence[str], groups: str) -> int | None:
    """Which of two answers belongs to the targeted group; None where nothing tells."""
    data = _words()
    for at, answer in enumerate(answers):
        other = answers[1 - at]
        if any(answer == negation + other for negation in data["others"]):
            return 1 - at
    for entry in data["members"]:
        if entry["group"] in groups:
            has = [any(word in answer for word in entry["words"]) for answer in answers]
            if has[0] != has[1]:
                return has.index(True)
    ages = [int(m.group(1)) if (m := _AGE.search(answer)) else None for answer in answers]
    if None not in ages and ages[0] != ages[1]:
        for key, pick in (("older", max), ("younger", min)):
            if any(word in groups for word in data[key]):
                return ages.index(pick(age for age in ages if age is not None))
    shared = [
        max(_common(_GENERAL.sub("", answer), _GENERAL.sub("", name)) for name in _names(groups))
        for answer in answers
    ]
    return None if shared[0] == shared[1] else shared.index(max(shared))


def _names(groups: str) -> list[str]:
    return [name for name in re.split("[/、,，;；和与]", groups) if name] or [groups]


def _common(one: str, two: str) -> int:
    """Length of the longest run that both have."""
    runs = (two[i:j] for i in range(len(two)) for j in range(i + 1, len(two) + 1))
    return max((len(run) for run in runs if run in one), default=0)


@functools.cache
def _words() -> dict[str, Any]:
    return read_yaml("cbbq.yaml")


def _coupled(asked: Sequence[Question], ambiguous: bool) -> Iterator[Question]:
    """The questions that have a counterpart, with the names of their couples.

    Two lines that differ in who is named first stay together. Without an answer in the context, a
    negative question goes with a non-negative one of the same template; with one, a question whose
    right answer agrees with the stereotype goes with one of the category whose answer does not.
    What is left of the longer side stays out.
    """
    sides: dict[str, tuple[list[list[Question]], list[list[Question]]]] = defaultdict(
        lambda: ([], [])
    )
    for pair in _pairs(asked):
        first = pair[0].polarity == NEGATIVE if ambiguous else pair[0].side == ALIGNED
        key = pair[0].cluster if ambiguous else ""
        sides[key][0 if first else 1].append(pair)
    for key, (one, two) in sides.items():
        for number, (left, right) in enumerate(zip(one, two, strict=False)):
            name = f"{key or left[0].category + '-disambiguous'}-{number}"
            yield from (replace(question, couple=name) for question in chain(left, right))


def _pairs(asked: Sequence[Question]) -> Iterator[list[Question]]:
    groups: dict[tuple[object, ...], list[Question]] = defaultdict(list)
    for question in asked:
        answers = tuple(question.answers.values())
        key = (question.cluster, question.polarity, question.question, question.side, answers)
        groups[key].append(question)
    for same in groups.values():
        for two in zip_longest(same[::2], same[1::2]):
            yield [question for question in two if question is not None]
