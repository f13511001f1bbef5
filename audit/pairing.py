"""Two run folders → the same answers of both, row by row.

A comparison is only of what was asked twice in the same words. Anything else is refused by name, or
left out where the caller says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.left_out import LeftOut, OtherQuestions, Why
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
    """The paired answers, in one order, and what has no pair.

    ``before`` and ``after`` are as they were given; ``answered`` is (n,) bool, true where both
    runs have a readable answer.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    answered: pd.Series
    left_out: tuple[LeftOut, ...]

    @property
    def only_before(self) -> int:
        return self._count(Why.ONLY_BEFORE)

    @property
    def only_after(self) -> int:
        return self._count(Why.ONLY_AFTER)

    @property
    def reworded(self) -> int:
        return self._count(Why.REWORDED)

    def _count(self, why: Why) -> int:
        return sum(one.why is why for one in self.left_out)

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

    Raises :class:`OtherQuestions` where a question stands in one run alone or was worded or built
    otherwise, unless ``allow_subset``, and :class:`UsageProblem` where nothing is left.
    """
    left, right = (_keyed(run) for run in (before, after))
    shared = left.index.intersection(right.index, sort=False)
    lost, new = left.index.difference(right.index), right.index.difference(left.index)
    unpaired = left.loc[lost], right.loc[new]
    left, right = left.loc[shared], right.loc[shared]
    unlike = _unlike(left, right)
    other = unlike.any(axis=1)
    left_out = (
        *_left_out(unpaired[0], Why.ONLY_BEFORE),
        *_left_out(unpaired[1], Why.ONLY_AFTER),
        *_left_out(left[other], Why.REWORDED, unlike[other]),
    )
    if left_out and not allow_subset:
        raise OtherQuestions(_refusal(before, after, left_out), left_out)
    if other.all():
        raise UsageProblem(
            f"{before.folder} and {after.folder} share no question: audit both with the same suite."
        )
    left, right = left[~other].reset_index(), right[~other].reset_index()
    absent = {str(Label.REFUSED), str(Label.UNPARSED)}
    answered = ~left["label"].isin(absent) & ~right["label"].isin(absent)
    return Pairs(left, right, answered, left_out)


def _unlike(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """(n, columns) bool: what of a question differs between the runs; rows are in one order.

    The answers offered (``candidates``) are known by the labels that log-probabilities are of.
    """
    columns = list(_MEANING)
    found = (left[columns] != right[columns]) & ~(left[columns].isna() & right[columns].isna())
    offered = [frame["logprobs"].map(_labels) for frame in (left, right)]
    both = (offered[0] != "") & (offered[1] != "")
    return found.assign(candidates=both & (offered[0] != offered[1]))


def _labels(logprobs: str) -> str:
    """The labels in a ``logprobs`` cell, in one order; empty where there are none."""
    from audit.metrics.cells import parse_logprobs

    return " ".join(sorted(parse_logprobs(logprobs)))


def _left_out(
    answers: pd.DataFrame, why: Why, unlike: pd.DataFrame | None = None
) -> Iterator[LeftOut]:
    """One a row of ``answers``, which are keyed; ``unlike`` as :func:`_unlike` gives it."""
    rows = answers.reset_index()[["suite", "probe", "item", "sample"]]
    for number, (suite, probe, item, sample) in enumerate(rows.itertuples(index=False)):
        differs = () if unlike is None else tuple(unlike.columns[unlike.iloc[number]])
        yield LeftOut(why, str(suite), str(probe), str(item), int(sample), differs)


def _refusal(before: RunFolder, after: RunFolder, left_out: Sequence[LeftOut]) -> str:
    told = {
        Why.ONLY_BEFORE: f"answers of {before.folder} are not in {after.folder}",
        Why.ONLY_AFTER: f"answers of {after.folder} are not in {before.folder}",
        Why.REWORDED: "questions are worded or built differently in the two runs",
    }
    parts = []
    for why, what in told.items():
        if own := [one for one in left_out if one.why is why]:
            parts.append(f"{len(own)} {what} (the first is {own[0].suite}:{own[0].item})")
    return (
        f"{', '.join(parts)}. Audit both with the same suites, languages, limit, seed and samples, "
        "or compare what they share with --allow-subset, which names all the others in "
        "compare.json."
    )


def _keyed(run: RunFolder) -> pd.DataFrame:
    keyed: pd.DataFrame = run.answers.set_index(_KEY)
    if not keyed.index.is_unique:
        suite, item, sample = keyed.index[keyed.index.duplicated()][0]
        raise EnvironmentProblem(
            f"{run.folder} answers {suite}:{item}#{sample} twice: its responses.parquet is damaged."
        )
    return keyed
