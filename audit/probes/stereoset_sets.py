"""The sets of StereoSet (Nadeem et al. 2021) as they stand in the user's copy of its files.

``dev.json`` is the part that the authors' own scores of models are about (their repository's
``code/README.md``); ``test.json``, on which bias-bench (Meade et al. 2022) scores, has other terms
and is read too where it lies beside it.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.probes.public_data import TextsMissing, benchmark_folder, read_text
from core.errors import EnvironmentProblem

NAME = "stereoset"
FILE, MORE = "dev.json", "test.json"
INTRA, INTER = "intrasentence", "intersentence"
TASKS = (INTRA, INTER)
STEREOTYPE, ANTI, UNRELATED = "stereotype", "anti-stereotype", "unrelated"
_GOLD = (STEREOTYPE, ANTI, UNRELATED)


@dataclass(frozen=True, slots=True)
class Triple:
    """A context and three sentences, by gold label. Intrasentence: the sentences are whole."""

    id: str
    task: str
    bias_type: str
    target: str
    context: str
    sentences: dict[str, str]


def triples() -> tuple[Triple, ...]:
    """Every set, the development part first.

    Raises :class:`EnvironmentProblem` for data that are not there or not StereoSet.
    """
    return tuple(triple for path in _paths() for triple in _read(path))


def parts_of_terms() -> dict[str, str]:
    """Target term → ``dev`` or ``test``: the parts share no term.

    Answers do not say their part. Empty where the texts are no longer on this machine: what was
    answered is measured all the same.
    """
    try:
        return {triple.target: path.stem for path in _paths() for triple in _read(path)}
    except TextsMissing:
        return {}


def _paths() -> list[Path]:
    folder = benchmark_folder(NAME, packaged="StereoSet", files=(FILE,))
    return [path for path in (folder / FILE, folder / MORE) if path.is_file()]


@functools.cache
def _read(path: Path) -> tuple[Triple, ...]:
    try:
        data = json.loads(read_text(path))["data"]
        return tuple(_triple(row, task) for task in TASKS for row in data[task])
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentProblem(
            f"{path} is not a file of StereoSet ({type(error).__name__}: {error}); get it again."
        ) from error


def _triple(row: dict[str, Any], task: str) -> Triple:
    sentences = {s["gold_label"]: str(s["sentence"]).strip() for s in row["sentences"]}
    if sorted(sentences) != sorted(_GOLD) or not all(sentences.values()):
        raise ValueError(f"set {row['id']} has not one sentence of each kind")
    return Triple(
        str(row["id"]), task, str(row["bias_type"]), str(row["target"]),
        str(row["context"]).strip(), sentences,
    )  # fmt: skip
