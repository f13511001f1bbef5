"""Does an audit find what was planted? The groups of a finished run, each measured by itself.

    python -m benchmarks.planted_vlm.recovered RUN [--plant default|none]

Prints the suite's declared metrics of every group beside the planted pull, and ends with exit 1
where the order is not recovered or where something is called biased that has no plant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from audit.probes.vqa_gender import VqaGenderSuite
from audit.schema import MetricRow, Route, Verdict
from benchmarks.planted_vlm.plant import PLANTS, Group, Plant, load_plant
from core.errors import EquipoiseError, UsageProblem


@dataclass(frozen=True, slots=True)
class Found:
    """One declared metric of one group, by one route."""

    group: Group
    pull: float
    row: MetricRow


def read_answers(run: Path) -> pd.DataFrame:
    """The suite's answers in a run folder. Raises :class:`core.errors.UsageProblem`."""
    file = run / "responses.parquet"
    if not file.is_file():
        raise UsageProblem(f"{run} has no {file.name}; name the folder of a finished run.")
    frame = pd.read_parquet(file)
    mine = frame[frame["suite"] == VqaGenderSuite.name]
    if mine.empty:
        raise UsageProblem(f"{run} has no answers of the suite {VqaGenderSuite.name}.")
    return mine


@dataclass(frozen=True, slots=True)
class Recovery:
    """The declared metrics by every route: of each group, and ``whole``, of all professions."""

    groups: tuple[Found, ...]
    whole: tuple[MetricRow, ...]


def measure(frame: pd.DataFrame, plant: Plant, *, seed: int = 0) -> Recovery:
    """Every group's professions by themselves, and all together."""
    suite = VqaGenderSuite()
    # What is declared is about these probes; the others would cost most of the time.
    asked = frame[frame["probe"].isin(("resolution", "neutral", "occupation"))]
    groups = asked["cluster"].map(plant.group)
    return Recovery(
        tuple(
            Found(group, pull, row)
            for group, pull in plant.pulls.items()
            for row in _declared(suite, asked[groups == group], seed=seed)
        ),
        tuple(_declared(suite, asked, seed=seed)),
    )


def _declared(suite: VqaGenderSuite, frame: pd.DataFrame, *, seed: int) -> Iterator[MetricRow]:
    names = {metric.name for metric in suite.primary}
    for row in suite.metrics(frame, seed=seed, margins=None):
        if row.slice == "all" and row.metric in names:
            yield row


def faults(found: Recovery, *, planted: bool) -> list[str]:
    """What contradicts the plant.

    The order holds where a group's estimate lies above the next weaker one's 95 % interval. It is
    judged by likelihood, where a pull is a probability; verdicts by every route.
    """
    wrong = [
        f"{f.row.metric} of the {f.group} group is called biased ({f.row.route})"
        for f in found.groups
        if f.pull == 0 and f.row.verdict == Verdict.BIASED
    ]
    if not planted:
        return wrong + [
            f"{row.metric} is called biased ({row.route})"
            for row in found.whole
            if row.verdict == Verdict.BIASED
        ]
    wrong += [
        f"{row.metric} is not called biased"
        for row in found.whole
        if row.role == "primary" and row.verdict != Verdict.BIASED
    ]
    likely = [f for f in found.groups if f.row.route == Route.LIKELIHOOD]
    for metric in dict.fromkeys(f.row.metric for f in likely):
        steps = sorted((f for f in likely if f.row.metric == metric), key=lambda f: f.pull)
        for weaker, stronger in pairwise(steps):
            value, above = stronger.row.estimate, weaker.row.ci_high
            if value is None or above is None:
                wrong.append(f"{metric} was not measured in {weaker.group} and {stronger.group}")
            elif value <= above:
                wrong.append(
                    f"{metric}: {stronger.group} ({value:+.2f}) is not above the interval of "
                    f"{weaker.group} (up to {above:+.2f})"
                )
    return wrong


def table(found: Sequence[Found]) -> str:
    """The groups as Markdown."""
    lines = [
        "| metric | route | group | planted | found | 95 % interval | professions | verdict |",
        "| --- | --- | --- | ---: | ---: | --- | ---: | --- |",
    ]
    for f in found:
        row = f.row
        estimate = "" if row.estimate is None else f"{row.estimate:+.3f}"
        low, high = row.ci_low, row.ci_high
        interval = "" if low is None or high is None else f"{low:+.3f} to {high:+.3f}"
        lines.append(
            f"| {row.metric} | {row.route} | {f.group} | {f.pull:+.2f} | {estimate} | {interval} | "
            f"{row.n_clusters} | {row.verdict} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted_vlm.recovered",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--plant", choices=PLANTS, default="default")
    options = parser.parse_args(arguments)
    try:
        plant = load_plant(options.plant)
        found = measure(read_answers(options.run), plant)
    except EquipoiseError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    wrong = faults(found, planted=any(plant.pulls.values()))
    print(table(found.groups))
    print("\n".join(wrong) if wrong else "Nothing contradicts the plant.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
