"""Two run folders → the same answers of both, row by row.

A comparison is only of what was asked twice in the same words. Anything else is refused with its
number and an example, or left out where the caller says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.manifest import read_json
from audit.schema import RESPONSE_COLUMNS, Label
from core.errors import EnvironmentProblem, UsageProblem

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["suite", "item", "sample"]
#: What an item is: two answers pair only if all of it is the same.
_MEANING = (
    "probe", "cluster", "template", "variant", "lang", "route", "group", "reference", "prompt",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What a comparison reads of a finished run. ``answers`` has ``RESPONSE_COLUMNS``."""

    folder: Path
    manifest: Mapping[str, Any]
    results: Mapping[str, Any]
    answers: pd.DataFrame

    @property
    def name(self) -> str:
        return str((self.manifest.get("model") or {}).get("name") or self.folder.name)

    def margins(self) -> dict[tuple[str, str], float]:
        """(suite, metric) → the margin the run declared."""
        return {
            (str(suite["name"]), str(metric["name"])): float(metric["margin"])
            for suite in self.results.get("suites") or []
            for metric in suite.get("primary") or []
        }

    def versions(self) -> dict[str, str]:
        """Suite → version."""
        return {str(s["name"]): str(s["version"]) for s in self.manifest.get("suites") or []}

    def verdicts(self) -> dict[tuple[str, str, str], str]:
        """(suite, metric, route) → the verdict over all."""
        return {
            (row["suite"], row["metric"], row["route"]): row["verdict"]
            for row in self.results.get("metrics") or []
            if row["slice"] == "all"
        }


@dataclass(frozen=True, slots=True)
class Pairs:
    """The paired answers, in one order. ``unanswered`` of the pairs lack an answer in a run.

    ``before`` and ``after`` are as they were given; ``answered`` is (n,) bool, true where both
    runs have a readable answer.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    answered: pd.Series
    only_before: int
    only_after: int
    reworded: int

    def complete(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both frames with an answer that one run lacks taken from the other too."""
        return tuple(  # type: ignore[return-value]
            frame.assign(
                label=frame["label"].where(self.answered, str(Label.UNPARSED)),
                logprobs=frame["logprobs"].where(self.answered, ""),
            )
            for frame in (self.before, self.after)
        )


def finished(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run.

    Raises :class:`EnvironmentProblem` for no run folder, :class:`UsageProblem` for an unfinished
    run.
    """
    manifest = read_json(folder / "run.json")
    if manifest.get("status") != "complete":
        raise UsageProblem(
            f"The run in {folder} is {manifest.get('status')}, not complete. Run its command again "
            "to finish it."
        )
    return manifest


def read_run(folder: Path) -> RunFolder:
    """Raises as :func:`finished`, and :class:`EnvironmentProblem` where answers are not there."""
    import pandas as pd

    manifest = finished(folder)
    results = read_json(folder / "results.json")
    path = folder / "responses.parquet"
    try:
        answers = pd.read_parquet(path)
    except FileNotFoundError:
        raise EnvironmentProblem(f"{folder} has no {path.name}: run the audit again.") from None
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"{path} cannot be read ({error}).") from error
    # Runs older than the column showed no pictures.
    answers = answers.assign(images=answers.get("images", ""))
    missing = sorted(set(RESPONSE_COLUMNS) - set(answers.columns))
    if missing:
        raise EnvironmentProblem(f"{path} lacks the columns {', '.join(missing)}.")
    return RunFolder(folder, manifest, results, _uninstructed(answers, manifest))


def _uninstructed(answers: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Prompts without the instruction that the run put before every question.

    The instruction is the treatment that is compared, not another wording of the questions.
    """
    instruction = manifest.get("instruction")
    if not instruction:
        return answers
    return answers.assign(prompt=answers["prompt"].str.removeprefix(f"{instruction}\n\n"))


def pair(before: RunFolder, after: RunFolder, *, allow_subset: bool) -> Pairs:
    """Pair by suite, item and sample.

    Raises :class:`UsageProblem` where a question stands in one run alone or was worded otherwise,
    unless ``allow_subset``, and where nothing is left.
    """
    left, right = (_keyed(run) for run in (before, after))
    shared = left.index.intersection(right.index, sort=False)
    lost, new = left.index.difference(right.index), right.index.difference(left.index)
    left, right = left.loc[shared], right.loc[shared]
    columns = list(_MEANING)
    same = ((left[columns] == right[columns]) | (left[columns].isna() & right[columns].isna())).all(
        axis=1
    )
    reworded = left.index[~same]
    if not allow_subset:
        for found, what in (
            (lost, f"answers of {before.folder} are not in {after.folder}"),
            (new, f"answers of {after.folder} are not in {before.folder}"),
            (reworded, "questions are worded or built differently in the two runs"),
        ):
            if len(found):
                suite, item, _ = found[0]
                raise UsageProblem(
                    f"{len(found)} {what}, the first is {suite}:{item}. Audit both with the same "
                    "suites, languages, limit, seed and samples, or compare what they share with "
                    "--allow-subset."
                )
    if not same.any():
        raise UsageProblem(
            f"{before.folder} and {after.folder} share no question: audit both with the same suite."
        )
    left, right = left[same].reset_index(), right[same].reset_index()
    absent = {str(Label.REFUSED), str(Label.UNPARSED)}
    answered = ~left["label"].isin(absent) & ~right["label"].isin(absent)
    return Pairs(left, right, answered, len(lost), len(new), len(reworded))


def _keyed(run: RunFolder) -> pd.DataFrame:
    keyed: pd.DataFrame = run.answers.set_index(_KEY)
    if not keyed.index.is_unique:
        suite, item, sample = keyed.index[keyed.index.duplicated()][0]
        raise EnvironmentProblem(
            f"{run.folder} answers {suite}:{item}#{sample} twice: its responses.parquet is damaged."
        )
    return keyed
