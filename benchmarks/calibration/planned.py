"""What ``audit plan`` promises of a cell, and respondents whose bias is just that large."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from audit.planning.plan import ALPHA, POWER
from audit.planning.precision import precision
from benchmarks.calibration.audits import measures
from benchmarks.calibration.cells import Cell, cells
from benchmarks.calibration.designs import suite_of
from benchmarks.calibration.questions import questions
from benchmarks.calibration.respondents import Respondent, answer
from benchmarks.calibration.truth import truths

#: Finished runs of the null respondent: each plans for audits of its own, as a plan rests on one.
RUNS = 40
#: Sizes at which the truth of a metric is worked out, evenly from 0; between them it is a line.
GRID = np.linspace(0.0, 4.0, 17)
#: Cell → the metrics whose promise is checked: all, or of metrics alike one.
_WANTED = {
    "occupations, likelihood, 20 clusters, wordings differ": (),
    "occupations, likelihood, 60 clusters, wordings differ": (),
    "occupations, sampled, 60 clusters, 10 % refused": (),
    "pronouns, likelihood, all clusters, wordings differ": (),
    "pronouns, sampled, all clusters, wordings differ": (),
    "names, likelihood, all clusters, wordings differ": ("gender_gap",),
    "tone, sampled, all clusters, wordings differ": ("refusal_gap_age",),
    "winobias, likelihood, all clusters, wordings differ": (),
    "bbq, likelihood, all clusters": ("ambiguous_bias",),
    "crows-pairs, likelihood, all clusters": (),
    "discrim-eval, likelihood, all clusters": ("discrimination_female",),
    "declared, sampled, all clusters, wordings differ": (),
}
#: Metrics that another effect than a gap moves.
_MOVED = {"parity_skew": "base", "refusal_gap_age": "refuse_gap"}


@dataclass(frozen=True, slots=True)
class Promise:
    """``effect``: found with 80 % power at ``alpha``, says a plan; ``who`` has it truly."""

    effect: float
    alpha: float
    who: Respondent


def planned() -> list[tuple[Cell, str]]:
    """The cells and metrics whose promised power is checked."""
    return [
        (cell, metric)
        for cell in cells()
        if cell.name in _WANTED
        for metric in _WANTED[cell.name] or [p.name for p in suite_of(cell.suite).primary]
    ]


@functools.cache
def promises_of(cell: Cell, metric: str) -> list[Promise]:
    """A promise a finished run; without those that no bias within 4 nats is large enough for."""
    asked = questions(cell.suite, cell.route, cell.clusters)
    moved = _MOVED.get(metric, "gap")
    known = np.array(
        [truths(asked, _moved(cell.who, moved, size), only=metric)[metric] for size in GRID]
    )
    sign = math.copysign(1.0, known[-1])
    rising = np.maximum.accumulate(sign * known)
    rng = np.random.default_rng(1)
    alpha = ALPHA / len(suite_of(cell.suite).primary)
    out = []
    for _ in range(RUNS):
        (measure,) = measures(answer(asked, cell.who, rng), cell.suite, None, metric)
        found = precision(measure)
        effect = found.detectable(alpha=alpha, power=POWER) if found else None
        if effect is not None and effect <= rising[-1]:
            size = float(np.interp(effect, rising, GRID))
            out.append(Promise(effect, alpha, _moved(cell.who, moved, size)))
    return out


def _moved(who: Respondent, field: str, by: float) -> Respondent:
    return replace(who, **{field: getattr(who, field) + by})
