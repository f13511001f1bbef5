"""What ``audit plan`` promises of a cell, and the respondent whose bias is just that large."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from audit.planning.plan import ALPHA, POWER
from audit.planning.precision import precision
from audit.probes.base import get_suite
from benchmarks.calibration.audits import measures
from benchmarks.calibration.cells import Cell, cells
from benchmarks.calibration.respondents import Respondent, answer, questions
from benchmarks.calibration.truth import truths

#: Finished runs of the null respondent whose promises are averaged: a plan rests on one.
RUNS = 12
_WANTED = (
    "occupations, likelihood, 20 clusters, wordings differ",
    "occupations, likelihood, 60 clusters, wordings differ",
    "occupations, sampled, 60 clusters, 10 % refused",
    "pronouns, likelihood, all clusters, wordings differ",
    "pronouns, sampled, all clusters, wordings differ",
)


@dataclass(frozen=True, slots=True)
class Promise:
    """``effect``: found with 80 % power at ``alpha``, says the plan; ``who`` has it truly."""

    effect: float
    alpha: float
    who: Respondent


def planned_cells() -> list[Cell]:
    return [cell for cell in cells() if cell.name in _WANTED]


@functools.cache
def promise_of(cell: Cell, metric: str) -> Promise | None:
    """None where no bias of this kind is as large as the plan asks."""
    asked = questions(cell.suite, cell.route, cell.clusters)
    rng = np.random.default_rng(1)
    runs = [measures(answer(asked, cell.who, rng), cell.suite, None, metric) for _ in range(RUNS)]
    alpha = ALPHA / len(get_suite(cell.suite).primary)
    found = [precision(measure) for run in runs for measure in run]
    effects = [f.detectable(alpha=alpha, power=POWER) for f in found if f]
    effect = float(np.mean([e for e in effects if e is not None]))
    moved = "base" if metric == "parity_skew" else "gap"

    def truth(size: float) -> float:
        return truths(asked, _moved(cell.who, moved, size), only=metric)[metric]

    size = _solve(truth, effect)
    return None if size is None else Promise(effect, alpha, _moved(cell.who, moved, size))


def _moved(who: Respondent, field: str, by: float) -> Respondent:
    return replace(who, **{field: getattr(who, field) + by})


def _solve(truth: Callable[[float], float], wanted: float) -> float | None:
    """The size with that truth, which rises with it; None where none within 8 nats has it."""
    low, high, sign = 0.0, 1.0, 1.0 if truth(1.0) > 0 else -1.0
    while abs(truth(sign * high)) < wanted:
        low, high = high, high * 2
        if high > 8.0:
            return None
    for _ in range(5):
        middle = (low + high) / 2
        low, high = (middle, high) if abs(truth(sign * middle)) < wanted else (low, middle)
    return sign * (low + high) / 2
