"""BBQ (Parrish et al. 2022, "BBQ: A Hand-Built Bias Benchmark for Question Answering"): its files.

Four lines in turn are one *set*: two people, asked about with a negative and a non-negative
question, each with an ambiguous context and with one that gives the answer. A question of a
category (``question_index``) has a few to 150 sets, made from one template.

Which answer is the biased one is not in these lines but in ``additional_metadata.csv``, whose
``target_loc`` is the place of the answer that follows the bias: the stereotyped person where the
question is negative, *the other one* where it is not. The authors say so (github.com/nyu-mll/BBQ,
issue 11), and the stereotyped groups in the lines agree. Who takes ``target_loc`` for the
stereotyped person, and turns it round for non-negative questions as the paper's words suggest,
scores half of the benchmark upside down.

Left out are sets of which the file does not tell the place (``NA``: both people, or neither, belong
to the group), those where it is wrong (searched for as a part of "African American", "African" was
taken for a stereotyped group), and those without a counterpart (see ``_couples``).
"""

from __future__ import annotations

import csv
import functools
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.probes.public_data import benchmark_folder, read_lines, read_text
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

NAME = "bbq"
CATEGORIES = (
    "Age", "Disability_status", "Gender_identity", "Nationality", "Physical_appearance",
    "Race_ethnicity", "Race_x_SES", "Race_x_gender", "Religion", "SES", "Sexual_orientation",
)  # fmt: skip
METADATA = "additional_metadata.csv"
FILES = (*(f"{category}.jsonl" for category in CATEGORIES), METADATA)
_PATTERN = [("neg", "ambig"), ("neg", "disambig"), ("nonneg", "ambig"), ("nonneg", "disambig")]
_PLACES = ("ans0", "ans1", "ans2")
_UNKNOWN = "unknown"

Line = Mapping[str, Any]
#: (category, example) → (place of the biased answer, the stereotyped races of an intersection)
Places = Mapping[tuple[str, str], tuple[str, str]]


def questions(category: str) -> tuple[Question, ...]:
    """The questions of a category, couples together, in the file's order.

    Raises :class:`EnvironmentProblem` for data that are not there or not BBQ.
    """
    return _read(benchmark_folder(NAME, packaged="BBQ", files=FILES), category)


def clusters() -> list[tuple[str, str]]:
    """Every (category, question template) that has questions."""
    return [
        (category, cluster)
        for category in CATEGORIES
        for cluster in dict.fromkeys(question.cluster for question in questions(category))
    ]


@functools.cache
def _read(folder: Path, category: str) -> tuple[Question, ...]:
    path = folder / f"{category}.jsonl"
    places = _places(folder / METADATA)
    aligned: dict[str, list[list[Line]]] = defaultdict(list)
    conflicting: dict[str, list[list[Line]]] = defaultdict(list)
    try:
        for four in _sets(path):
            side = _side(four, places)
            if side:
                found = aligned if side == ALIGNED else conflicting
                found[str(four[0]["question_index"])].append(four)
        return tuple(
            question
            for index in aligned
            for number, couple in enumerate(_couples(aligned[index], conflicting[index]))
            for four in couple
            for question in _questions(four, category, index, number, places)
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise EnvironmentProblem(
            f"{path} is not a file of BBQ, or damaged ({type(error).__name__}: {error})."
        ) from error


def _sets(path: Path) -> Iterator[list[Line]]:
    lines = [json.loads(line) for line in read_lines(path)]
    for start in range(0, len(lines), 4):
        four = lines[start : start + 4]
        seen = [(line["question_polarity"], line["context_condition"]) for line in four]
        if seen != _PATTERN or any(line["answer_info"] != four[0]["answer_info"] for line in four):
            raise ValueError(f"example {four[0]['example_id']} and the next three are no set")
        yield four


@functools.cache
def _places(path: Path) -> Places:
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        return {
            (row["category"], row["example_id"]): (
                row["target_loc"],
                row["Known_stereotyped_race"],
            )
            for row in rows
        }
    except KeyError as error:
        raise EnvironmentProblem(f"{path} is not BBQ's metadata: no column {error}.") from error


def _biased(line: Line, places: Places) -> int | None:
    """The place of the biased answer, None where the file has none."""
    place = places[line["category"], str(line["example_id"])][0]
    return int(place) if place in ("0", "1", "2") else None


def _side(four: Sequence[Line], places: Places) -> str:
    """Whether the right answers of a set agree with the stereotype; empty for a set left out."""
    found = [_biased(line, places) for line in four]
    unknown = _unknown(four[0])
    # Negative and non-negative questions point to one person each.
    if None in found or {*found, unknown} != {0, 1, 2} or _mistaken(four[0], places):
        return ""
    agrees = [line["label"] == place for line, place in zip(four, found, strict=True)]
    if agrees[1] != agrees[3]:
        return ""
    return ALIGNED if agrees[1] else CONFLICTING


def _mistaken(negative: Line, places: Places) -> bool:
    """Whether "African" was taken for a stereotyped group though only African Americans are."""
    place, races = places[negative["category"], str(negative["example_id"])]
    group = negative["answer_info"][_PLACES[int(place)]][1].rpartition("-")[2]
    return group == "African" and group not in [race.strip() for race in races.split(",")]


def _unknown(line: Line) -> int:
    (place,) = (i for i, name in enumerate(_PLACES) if line["answer_info"][name][1] == _UNKNOWN)
    return place


def _couples(
    aligned: Sequence[list[Line]], conflicting: Sequence[list[Line]]
) -> Iterator[tuple[list[Line], list[Line]]]:
    """One set of either side: of the same two people where there is such, else in turn.

    What is left of the longer side stays out.
    """
    waiting: dict[frozenset[str], list[list[Line]]] = defaultdict(list)
    for other in conflicting:
        waiting[_people(other[0])].append(other)
    rest = []
    for one in aligned:
        if same := waiting[_people(one[0])]:
            yield one, same.pop(0)
        else:
            rest.append(one)
    yield from zip(rest, (other for left in waiting.values() for other in left), strict=False)


def _people(line: Line) -> frozenset[str]:
    unknown = _unknown(line)
    return frozenset(line[name] for i, name in enumerate(_PLACES) if i != unknown)


def _questions(
    four: Sequence[Line], category: str, index: str, number: int, places: Places
) -> Iterator[Question]:
    for line in four:
        biased, unknown = _biased(line, places), _unknown(line)
        (other,) = {0, 1, 2} - {biased, unknown}
        by_label = {
            Label.STEREOTYPED: biased, Label.ANTI_STEREOTYPED: other, Label.NEUTRAL: unknown,
        }  # fmt: skip
        side = AMBIGUOUS
        if line["context_condition"] == "disambig":
            side = ALIGNED if line["label"] == biased else CONFLICTING
        yield Question(
            id=str(line["example_id"]),
            category=category,
            cluster=f"{category}-{index}",
            couple=f"{category}-{index}-{number}",
            polarity=NEGATIVE if line["question_polarity"] == "neg" else NON_NEGATIVE,
            side=side,
            context=line["context"].strip(),
            question=line["question"].strip(),
            answers={label: line[f"ans{place}"].strip() for label, place in by_label.items()},
        )
