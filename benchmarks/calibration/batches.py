"""Simulated audits in batches, a line each in a JSON-lines file; a killed run goes on there."""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from audit.metrics.verdict import ALPHA
from audit.schema import MetricRow
from benchmarks.calibration.audits import audit, fewer_draws, naive
from benchmarks.calibration.cells import Cell, cells
from benchmarks.calibration.planned import planned, promises_of
from benchmarks.calibration.questions import Questions, questions
from benchmarks.calibration.respondents import Respondent, answer
from benchmarks.calibration.truth import truths

BATCH = 100
#: (cell, what was simulated) → metric → what happened how often; "n" counts audits.
Counts = dict[tuple[str, str], dict[str, Counter[str]]]
Outcome = Callable[[Questions, int, np.random.Generator], Iterator[tuple[str, str]]]
#: A cell, what is simulated of it, and how.
Work = tuple[Cell, str, Callable[[], Outcome]]


def simulate(path: Path, simulations: int, jobs: int = 1) -> None:
    """Bring every cell to so many simulated audits, all cells in step; progress on stderr.

    ``jobs``: processes that share the batches; the counts do not depend on how many.
    """
    _without_half_a_line(path)
    done = {(line["cell"], line["kind"], line["batch"]) for line in _lines(path)}
    begun = time.monotonic()
    for work in (list(_audits()), list(_powers())):
        todo = [
            (number, batch)
            for batch in range(-(-simulations // BATCH))
            for number, (cell, kind, _) in enumerate(work)
            if (cell.name, kind, batch) not in done
        ]
        for (number, batch), counts in zip(todo, _counted(work, todo, jobs), strict=True):
            cell, kind, _ = work[number]
            line = {"cell": cell.name, "kind": kind, "batch": batch, "counts": counts}
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            where = f"batch {batch}, {number + 1} of {len(work)}: {cell.name}, {kind}"
            minutes = (time.monotonic() - begun) / 60
            print(f"{minutes:6.1f} min  {where}", file=sys.stderr, flush=True)


def _counted(
    work: list[Work], todo: list[tuple[int, int]], jobs: int
) -> Iterator[dict[str, Counter[str]]]:
    if jobs == 1 or not todo:
        yield from (_one_batch(work[number], batch) for number, batch in todo)
        return
    # Forked: closures of the cells cannot be sent, what a worker inherits need not be.
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("fork"), initializer=_WORK.extend, initargs=(work,)
    ) as pool:
        yield from pool.map(_one_batch_of, todo)


_WORK: list[Work] = []


def _one_batch_of(numbers: tuple[int, int]) -> dict[str, Counter[str]]:
    number, batch = numbers
    return _one_batch(_WORK[number], batch)


def read(path: Path) -> Counts:
    out: Counts = defaultdict(lambda: defaultdict(Counter))
    for line in _lines(path):
        for metric, found in line["counts"].items():
            out[line["cell"], line["kind"]][metric].update(found)
    return out


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")]


def _without_half_a_line(path: Path) -> None:
    """A run killed while it wrote left one; the next line must not be joined to it."""
    if path.exists():
        text = path.read_text()
        path.write_text(text[: text.rfind("\n") + 1])


def _one_batch(work: Work, batch: int) -> dict[str, Counter[str]]:
    cell, kind, prepare = work
    fewer_draws()
    asked = questions(cell.suite, cell.route, cell.clusters)
    outcome = prepare()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rng = np.random.default_rng([zlib.crc32(f"{cell.name}/{kind}".encode()), batch])
    for k in range(BATCH):
        for metric, what in outcome(asked, batch * BATCH + k, rng):
            counts[metric][what] += 1
    return counts


def _audits() -> Iterator[Work]:
    for cell in cells():
        for kind, who in (("null", cell.who), ("planted", cell.planted())):
            yield cell, kind, _prepared(cell, who, planted=kind == "planted")


def _powers() -> Iterator[Work]:
    for cell, metric in planned():
        yield cell, f"power:{metric}", _prepared_power(cell, metric)


_TRUTHS: dict[tuple[str, Respondent], dict[str, float]] = {}


def truth_of(cell: Cell, who: Respondent) -> dict[str, float]:
    key = cell.name, who
    if key not in _TRUTHS:
        _TRUTHS[key] = truths(questions(cell.suite, cell.route, cell.clusters), who)
    return _TRUTHS[key]


def _prepared(cell: Cell, who: Respondent, *, planted: bool) -> Callable[[], Outcome]:
    def prepare() -> Outcome:
        truth = truth_of(cell, who)
        # At the margin's edge for every metric: margins are put where the truth is.
        margins = {name: abs(value) for name, value in truth.items()} if planted else None

        def outcome(
            asked: Questions, seed: int, rng: np.random.Generator
        ) -> Iterator[tuple[str, str]]:
            frame = answer(asked, who, rng)
            rows = audit(frame, cell.suite, seed=seed, margins=margins)
            false_claim = False
            for row in rows:
                yield from _of_row(row, truth[row.metric])
                null = abs(truth[row.metric]) < 1e-9
                false_claim |= null and row.p_adjusted is not None and row.p_adjusted <= ALPHA
            yield "family", "n"
            if false_claim:
                yield "family", "rejected"
            for metric, p in naive(frame, cell.suite).items():
                yield f"naive:{metric}", "n"
                if p <= ALPHA:
                    yield f"naive:{metric}", "rejected"

        return outcome

    return prepare


def _of_row(row: MetricRow, truth: float) -> Iterator[tuple[str, str]]:
    yield row.metric, "n"
    yield row.metric, row.verdict
    if row.p_value is None or row.ci_low is None or row.ci_high is None:
        yield row.metric, "no interval or test"
    if row.p_value is not None and row.p_value <= ALPHA:
        yield row.metric, "rejected"
    if row.ci_low is not None and row.ci_high is not None and row.ci_low <= truth <= row.ci_high:
        yield row.metric, "covered"


def _prepared_power(cell: Cell, metric: str) -> Callable[[], Outcome]:
    def prepare() -> Outcome:
        promises = promises_of(cell, metric)

        def outcome(
            asked: Questions, seed: int, rng: np.random.Generator
        ) -> Iterator[tuple[str, str]]:
            if not promises:  # no bias is as large as that
                return
            promise = promises[seed % len(promises)]
            frame = answer(asked, promise.who, rng)
            for row in audit(frame, cell.suite, seed=seed, only=metric):
                yield metric, "n"
                if row.p_value is not None and row.p_value <= promise.alpha:
                    yield metric, "rejected"

        return outcome

    return prepare
