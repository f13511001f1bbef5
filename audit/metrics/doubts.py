"""When a small gap shows nothing: answers without room for one, or given without reading."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from audit.metrics.verdict import withhold_fairness
from audit.schema import MetricRow

_CRAMPED = "answers are so one-sided in every wording and order that no gap could pass the margin"
_BLIND = "the control does not show that the question is read: a model that guesses looks fair"


def is_cramped(rows: pd.DataFrame, margin: float) -> bool:
    """Whether no gap of ``margin`` fits into the shares ``value`` of these answers.

    Two equal groups whose mean is p differ by at most 2·min(p, 1 − p); taken by wording and
    variant (an always-yes looks even once both phrasings are averaged), and averaged.
    """
    shares = rows.groupby(["probe", "lang", "template", "variant"])["value"].mean().dropna()
    room = 2.0 * np.minimum(shares, 1.0 - shares)
    return bool(len(room) and float(room.mean()) < margin)


def withhold_doubtful(
    judged: Sequence[MetricRow], *, control: str, cramped: Collection[tuple[str, str]]
) -> None:
    """Take back "within margin" where it rests on guesses or could not have been otherwise.

    ``control``: the metric that is above zero where the question is read; only a route that has a
    row of it is held to it. ``cramped``: (metric, route) without room.
    """
    able = {row.route: (row.ci_low or 0.0) > 0.0 for row in judged if row.metric == control}
    for row in judged:
        if row.margin is None:
            continue
        if (row.metric, row.route) in cramped:
            withhold_fairness(row, _CRAMPED)
        if not able.get(row.route, True):
            withhold_fairness(row, _BLIND)
