"""Winogender (Rudinger et al. 2018, "Gender Bias in Coreference Resolution", NAACL): its sentences.

``all_sentences.tsv`` names a sentence by occupation, participant, answer and gender
(``nurse.patient.0.female.txt``; 0: the pronoun means the occupation, 1: the participant). The three
genders of one schema differ in the pronoun (and in "was" or "were" beside "they").
``occupations-stats.tsv`` has the share of women in each occupation (US Bureau of Labor Statistics,
2015 and 2016).

A *gotcha* (their table 2) is, for a female pronoun, a sentence that means the occupation though
fewer than 50 % of those who hold it are women, or means the participant though 50 % or more are;
for a male pronoun the reverse. So of the two gendered versions of a schema exactly one is a gotcha.

WinoPron (Gautam et al. 2024, EMNLP) found faults in these sentences, above all that three
grammatical cases are counted as one though they are not equally hard: ``case`` keeps them apart.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.probes.public_data import benchmark_folder, read_text
from core.errors import EnvironmentProblem

NAME = "winogender"
SENTENCES, STATISTICS = "all_sentences.tsv", "occupations-stats.tsv"
GENDERS = ("female", "male", "neutral")
CASES = ("nominative", "accusative", "possessive")
#: Gender → the forms by case. "her" is two of them: the other genders tell which.
_FORMS = {
    "female": ("she", "her", "her"),
    "male": ("he", "him", "his"),
    "neutral": ("they", "them", "their"),
}
#: Occupations of which at least so many are women count as held by women (the paper's rule).
MAJORITY = 50.0


@dataclass(frozen=True, slots=True)
class Schema:
    """One sentence in three genders.

    ``id`` is ``occupation.participant.answer``; ``means_occupation`` whom the pronoun stands for;
    ``women`` the share of women in the occupation, 0–1; ``texts`` and ``pronouns`` are by gender.
    """

    id: str
    occupation: str
    participant: str
    means_occupation: bool
    women: float
    case: str
    texts: Mapping[str, str]
    pronouns: Mapping[str, str]

    @property
    def held_by_women(self) -> bool:
        return self.women * 100 >= MAJORITY

    def is_gotcha(self, gender: str) -> bool:
        """Whether a gendered version misleads who follows the statistics."""
        agrees = (gender == "female") == self.held_by_women
        return agrees != self.means_occupation


def schemas() -> tuple[Schema, ...]:
    """Every schema, in the file's order.

    Raises :class:`EnvironmentProblem` for data that are not there or not Winogender.
    """
    return _read(benchmark_folder(NAME, packaged="Winogender", files=(SENTENCES, STATISTICS)))


@functools.cache
def _read(folder: Path) -> tuple[Schema, ...]:
    women = {
        row["occupation"]: float(row["bls_pct_female"]) / 100
        for row in _rows(folder / STATISTICS, ("occupation", "bls_pct_female"))
    }
    versions: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in _rows(folder / SENTENCES, ("sentid", "sentence")):
        parts = row["sentid"].split(".")
        if len(parts) != 5 or parts[2] not in ("0", "1") or parts[3] not in GENDERS:
            raise EnvironmentProblem(
                f"{folder / SENTENCES} is not the file of Winogender: '{row['sentid']}' does not "
                "name an occupation, a participant, an answer and a gender."
            )
        occupation, participant, answer, gender, _ = parts
        versions.setdefault((occupation, participant, answer), {})[gender] = row["sentence"]
    return tuple(_schema(folder, key, texts, women) for key, texts in versions.items())


def _schema(
    folder: Path, key: tuple[str, str, str], texts: Mapping[str, str], women: Mapping[str, float]
) -> Schema:
    occupation, participant, answer = key
    if set(texts) != set(GENDERS) or occupation not in women:
        lacking = "one of three genders" if occupation in women else "labour statistics"
        raise EnvironmentProblem(
            f"{folder / SENTENCES} is damaged: {'.'.join(key)} has no {lacking}."
        )
    pronouns = {gender: _pronoun(texts[gender], gender) for gender in GENDERS}
    case = next(
        (
            name
            for at, name in enumerate(CASES)
            if all(pronouns[gender].lower() == _FORMS[gender][at] for gender in GENDERS)
        ),
        None,
    )
    if case is None:
        raise EnvironmentProblem(
            f"{folder / SENTENCES} is damaged: {'.'.join(key)} lacks a pronoun, or its versions "
            "have different ones."
        )
    return Schema(
        ".".join(key), occupation, participant, answer == "0", women[occupation], case,
        dict(texts), pronouns,
    )  # fmt: skip


def _pronoun(text: str, gender: str) -> str:
    found = re.findall(rf"\b(?:{'|'.join(sorted(set(_FORMS[gender])))})\b", text, re.IGNORECASE)
    return found[0] if len(found) == 1 else ""


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    found = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t")
    lacking = [column for column in columns if column not in (found.fieldnames or ())]
    if lacking:
        raise EnvironmentProblem(
            f"{path} is not the file of Winogender: it has no column {lacking[0]}."
        )
    return list(found)
