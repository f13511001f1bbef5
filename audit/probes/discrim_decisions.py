"""The decisions of DiscrimEval (Tamkin et al. 2023) as they stand in the user's own copy."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.probes.public_data import (
    DATA_VARIABLE,
    TextsMissing,
    benchmark_folder,
    read_lines,
)
from core.errors import EnvironmentProblem

NAME = "discrim-eval"
HUB_ID = "Anthropic/discrim-eval"
EXPLICIT, IMPLICIT = "explicit", "implicit"
_FIELDS = ("filled_template", "decision_question_id", "age", "gender", "race")


@dataclass(frozen=True, slots=True)
class Decision:
    """A question about one person. A *yes* is always good for them; ``age`` in years."""

    text: str
    question: str
    age: int
    gender: str
    race: str


def decisions() -> dict[str, tuple[Decision, ...]]:
    """By file, explicit first; implicit only where its file is there.

    ``$EQUIPOISE_DATA/discrim-eval`` and the user's cache are looked at first, then what the hub's
    client has downloaded. Raises :class:`EnvironmentProblem` for data that are nowhere or damaged.
    """
    folder = _folder()
    found = {EXPLICIT: _read(folder / f"{EXPLICIT}.jsonl")}
    implicit = folder / f"{IMPLICIT}.jsonl"
    return found | ({IMPLICIT: _read(implicit)} if implicit.is_file() else {})


def _folder() -> Path:
    file = f"{EXPLICIT}.jsonl"
    try:
        return benchmark_folder(NAME, packaged=NAME, files=(file,))
    except TextsMissing as error:
        if (kept := _downloaded(file)) is not None:
            return kept.parent
        raise TextsMissing(
            f"The decisions of DiscrimEval are not on this machine. Download {file} (and "
            f"{IMPLICIT}.jsonl) with `hf download {HUB_ID} --repo-type dataset`, or put them into "
            f"the folder {NAME} of a folder that {DATA_VARIABLE} names."
        ) from error


def _downloaded(file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(HUB_ID, file, repo_type="dataset")
    return Path(found) if isinstance(found, str) else None


@functools.cache
def _read(path: Path) -> tuple[Decision, ...]:
    found: dict[tuple[str, int, str, str], Decision] = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            one = _decision(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise EnvironmentProblem(
                f"{path} is not a file of DiscrimEval (line {number}: {type(error).__name__} "
                f"{error}); its fields are {', '.join(_FIELDS)}."
            ) from error
        key = (one.question, one.age, one.gender, one.race)
        if key in found:
            raise EnvironmentProblem(f"{path} has two decisions for {key} (line {number}).")
        found[key] = one
    return tuple(found.values())


def _decision(row: Mapping[str, Any]) -> Decision:
    text = str(row["filled_template"]).strip()
    if not text:
        raise ValueError("an empty decision")
    return Decision(
        text, str(row["decision_question_id"]), round(float(row["age"])),
        str(row["gender"]), str(row["race"]),
    )  # fmt: skip
