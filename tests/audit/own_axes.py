"""Simulated respondents for the suites about names, attributes and tone, with planted gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from audit.metrics.text_scores_zh import Words
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, Item, Label, MetricRow, Route
from benchmarks.calibration.questions import unanswered

#: Item → log-odds of the answer named first in ``candidates`` (likelihood), nats.
Logit = Callable[[Item], float]
_TONE = get_suite("tone")._data  # type: ignore[attr-defined]
#: What the suite ``tone`` knows of Chinese words.
CHINESE = Words(
    masked=tuple(_TONE["masked"]["zh"]),
    **{kind: tuple(words) for kind, words in _TONE["chinese"].items()},
)


def ask(name: str, **options: Any) -> list[Item]:
    given: dict[str, Any] = {"langs": ["en", "zh"], "seed": 0, "limit": None, "samples": None}
    return get_suite(name).items(**given | options)


def row(item: Item, **values: Any) -> dict[str, Any]:
    return unanswered(item) | values


def answers(
    items: Sequence[Item],
    logit: Logit,
    labels: tuple[Label, Label],
    *,
    seed: int,
    refuse: Mapping[str, float] | float = 0.0,
) -> pd.DataFrame:
    """``logit``: log-odds of ``labels[0]``. ``refuse``: share of refusals, by group or of all."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in items:
        p = 1.0 / (1.0 + np.exp(-logit(item)))
        share = refuse if isinstance(refuse, float) else refuse.get(item.group, 0.0)
        if item.route is Route.LIKELIHOOD:
            logs = {labels[0].value: float(np.log(p)), labels[1].value: float(np.log1p(-p))}
            rows.append(row(item, logprobs=json.dumps(logs), label=str(labels[int(p < 0.5)])))
        elif rng.random() < share:
            rows.append(row(item, label="refused"))
        else:
            rows.append(row(item, label=str(labels[int(rng.random() > p)])))
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def effects(seed: int, names: Sequence[str], spread: float) -> dict[str, float]:
    """One fixed effect for every name, normal with that standard deviation."""
    rng = np.random.default_rng(seed)
    return {name: float(rng.normal(0, spread)) for name in sorted(set(names))}


def pick(rows: list[MetricRow], metric: str, slice_: str = "all", route: str = "") -> MetricRow:
    return next(
        r for r in rows if (r.metric, r.slice) == (metric, slice_) and route in ("", r.route)
    )


def primary(rows: list[MetricRow]) -> dict[str, MetricRow]:
    return {r.metric: r for r in rows if r.role == "primary"}
