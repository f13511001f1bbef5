"""One simulated audit by the very path of ``audit run``, and naive practice on the same answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from audit.metrics import estimates, occupation_measures, stats_permutation
from audit.metrics.cells import add_values
from audit.metrics.estimates import Context, measure_row
from audit.metrics.measures import Measure
from audit.metrics.occupation_measures import occupation_measure
from audit.metrics.verdict import Family
from audit.schema import Label, MetricRow
from benchmarks.calibration.designs import suite_of

#: Resamples and rearrangements an audit, 10,000 in ``audit run``: Student's limits do not depend
#: on how many there are.
DRAWS = 199


def fewer_draws() -> None:
    """For this process."""
    estimates.RESAMPLES = stats_permutation.DRAWS = DRAWS


def audit(
    frame: pd.DataFrame, suite: str, *, seed: int, margins: Mapping[str, float] | None = None,
    only: str | None = None,
) -> list[MetricRow]:  # fmt: skip
    """The primary rows, judged as a family; ``only`` one metric where given."""
    family = Family()
    for measure in measures(frame, suite, margins, only):
        context = Context(suite, "all", measure.route, "primary", seed, frame, measure.margin)
        measure_row(family, context, measure, lambda _: None)
    return family.judged()


def measures(
    frame: pd.DataFrame,
    suite: str,
    margins: Mapping[str, float] | None = None,
    only: str | None = None,
) -> list[Measure]:
    """The primary measures of the leading route, as ``suite.measures`` gives them."""
    if suite != "occupations":
        found = suite_of(suite).measures(frame, margins=margins)
        return [m for m in found if m.primary and only in (None, m.metric)]
    # The same calls one by one, so that the metrics can share their table of cells.
    data = add_values(frame, Label.WOMAN, Label.MAN, Label.NEUTRAL)
    route = str(frame["route"].iat[0])
    out = []
    with _one_table_of_cells():
        for primary in suite_of(suite).primary:
            if only in (None, primary.name):
                margin = (margins or {}).get(primary.name, primary.margin)
                measure = occupation_measure(
                    primary.name, data, route=route, primary=True, margin=margin
                )
                out += [measure[0]] if measure else []
    return out


@contextmanager
def _one_table_of_cells() -> Iterator[None]:
    """Five metrics of one frame: its cells and rates are worked out once, not five times."""
    held = occupation_measures.make_cells, occupation_measures.worst_missing
    occupation_measures.make_cells = _once(held[0])
    occupation_measures.worst_missing = _once(held[1])
    try:
        yield
    finally:
        occupation_measures.make_cells, occupation_measures.worst_missing = held


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    found: dict[tuple[Any, ...], Any] = {}

    def call(frame: pd.DataFrame, *rest: Any) -> Any:
        key = (id(frame), *rest)
        if key not in found:
            found[key] = function(frame, *rest)
        return found[key]

    return call


def naive(frame: pd.DataFrame, suite: str) -> dict[str, float]:
    """Metric → p of a z-test over rows, every answer taken for an observation of its own.

    Of ``occupations`` and ``pronouns``; empty for another suite. Two proportions, pooled variance,
    as harnesses and notebooks do; ``parity_skew``: one proportion against ½. What is neither answer
    is left out.
    """
    rows = dict(iter(frame.groupby("probe")))
    if suite == "occupations":
        label = frame["label"].to_numpy()
        kept = (label == "woman") | (label == "man")
        hit, group = label[kept] == "woman", frame["group"].to_numpy()[kept]
        return {
            "stereotype_gap": _two(hit[group == "women"], hit[group == "men"]),
            "parity_skew": _one(hit),
        }
    out: dict[str, float] = {}
    if suite != "pronouns":
        return out
    for probe, metric, first, second in (
        ("coreference", "coreference_gap", ("pro",), ("anti",)),
        ("given", "misgendering_gap", ("they", "xe"), ("she", "he")),
    ):
        part = rows[probe]
        readable = part[part["label"].isin(("correct", "incorrect"))]
        right, group = (readable["label"] == "correct").to_numpy(), readable["group"]
        out[metric] = _two(
            right[group.isin(first).to_numpy()], right[group.isin(second).to_numpy()]
        )
    return out


def _two(first: np.ndarray, second: np.ndarray) -> float:
    if not first.size or not second.size:
        return math.nan
    pooled = (first.sum() + second.sum()) / (first.size + second.size)
    error = math.sqrt(pooled * (1 - pooled) * (1 / first.size + 1 / second.size))
    return 1.0 if error == 0 else float(2 * ndtr(-abs(first.mean() - second.mean()) / error))


def _one(hits: np.ndarray) -> float:
    if not hits.size:
        return math.nan
    return float(2 * ndtr(-abs(hits.mean() - 0.5) * math.sqrt(hits.size) / 0.5))
