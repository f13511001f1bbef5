"""What of a metric's variance is chance of sampling: which answers happened to be drawn.

A likelihood has none. Of a run with S samples a question each part V of the variance (clusters,
wordings, cells) is compared with V_s, that of every sample by itself: the questions are the same,
and chance is S times as large. So its share of V is (mean V_s − V)/(S − 1).

One sample a question does not tell what the question does from what chance does. Then all might be
chance, which is the most that it can be.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from audit.metrics.measures import Measure
from audit.planning.power import Uncertainty
from audit.planning.precision import Gain, Precision, precision
from audit.schema import Route

if TYPE_CHECKING:
    import pandas as pd

    from audit.probes.base import Comparable

Found = list[tuple[Measure, Precision | None]]


def precisions(suite: Comparable, answers: pd.DataFrame) -> Found:
    """The primary metrics of the suite's own ``answers``; None where there is no interval."""
    found = _primary(suite, answers)
    sampled = answers["route"] == Route.SAMPLED
    drawn = sorted(answers.loc[sampled, "sample"].unique())
    singles: list[dict[str, Precision | None]] = []
    if len(drawn) > 1:
        for number in drawn:
            one = _primary(suite, answers[~sampled | (answers["sample"] == number)])
            singles.append({measure.metric: own for measure, own in one})
    return [
        (m, _with_chance(own, [one.get(m.metric) for one in singles]))
        if own is not None and m.route == Route.SAMPLED
        else (m, own)
        for m, own in found
    ]


def _primary(suite: Comparable, answers: pd.DataFrame) -> Found:
    measures = suite.measures(answers, margins=None)
    return [(measure, precision(measure)) for measure in measures if measure.primary]


def _with_chance(whole: Precision, singles: list[Precision | None]) -> Precision:
    """``singles``: the same of every sample by itself; empty where there is one a question."""
    here = _parts(whole.known)
    if not singles:
        return replace(whole, known=replace(whole.known, chance=here), gain=Gain.AT_MOST)
    alone = [_parts(one.known) for one in singles if one is not None]
    if len(alone) < len(singles):  # a sample by itself is too little for an interval
        return replace(whole, gain=Gain.UNKNOWN)
    more = len(singles) - 1
    clusters, wordings, cells = (
        (fmean(vs) - v) / more for vs, v in zip(zip(*alone, strict=True), here, strict=True)
    )
    known = replace(whole.known, chance=(clusters, wordings, cells))
    return replace(whole, known=known, gain=Gain.MEASURED)


def _parts(known: Uncertainty) -> tuple[float, float, float]:
    return known.clusters, known.wordings, known.cells
