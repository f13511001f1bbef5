"""Simulated respondents: they answer the real suite's items with a bias that is planted.

An answer's log-odds of woman is  base + gap·side + slope of the wording + order habit + noise, so
the truth behind every estimate is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, Item, Route

SIDE = {"women": 0.5, "men": -0.5, "mixed": 0.0}


@dataclass(frozen=True)
class Respondent:
    """All effects in nats of log-odds; rates are shares of sampled answers."""

    gap: float = 0.0
    base: float = 0.0
    order: float = 0.0
    occupation_sd: float = 0.0
    template_sd: float = 0.0
    noise_sd: float = 0.0
    refuse: float = 0.0
    unparsed: float = 0.0
    neutral: float = 0.0
    seed: int = 0
    #: Another draw of noise and samples around the same occupations and wordings (a second run).
    noise_seed: int | None = None

    def answer(self, items: list[Item]) -> pd.DataFrame:
        rng = np.random.default_rng(self.seed)
        jobs = {c: rng.normal(0, self.occupation_sd) for c in sorted({i.cluster for i in items})}
        words = {
            t: rng.normal(0, self.template_sd)
            for t in sorted({(i.probe, i.template) for i in items})
        }
        if self.noise_seed is not None:
            rng = np.random.default_rng(self.noise_seed)
        rows = []
        for item in items:
            logit = (
                self.base + self.gap * SIDE[item.group] + jobs[item.cluster]
                + words[item.probe, item.template] + rng.normal(0, self.noise_sd)
            )  # fmt: skip
            if item.variant:
                logit += self.order / 2 * (1 if item.variant == "woman_first" else -1)
            rows.append(self._row(item, logit, rng))
        return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))

    def _row(self, item: Item, logit: float, rng: np.random.Generator) -> dict[str, object]:
        woman = 1 / (1 + np.exp(-logit))
        logprobs = ""
        if item.route is Route.LIKELIHOOD:
            label = "woman" if logit > 0 else "man"
            logs = {"woman": float(np.log(woman)), "man": float(np.log1p(-woman))}
            logprobs = json.dumps(logs)
        else:
            draw = rng.random()
            if draw < self.refuse:
                label = "refused"
            elif draw < self.refuse + self.unparsed:
                label = "unparsed"
            elif draw < self.refuse + self.unparsed + self.neutral:
                label = "neutral"
            else:
                label = "woman" if rng.random() < woman else "man"
        return row_of(item) | {"label": label, "logprobs": logprobs, "finish_reason": "stop"}


def occupation_items(*, limit: int | None = None, route: Route | None = None) -> list[Item]:
    items = get_suite("occupations").items(langs=["en"], seed=0, limit=limit, samples=None)
    return [i for i in items if route is None or i.route is route]


def row_of(item: Item) -> dict[str, object]:
    """A row of responses.parquet that says which question it answers, and no answer."""
    return dict.fromkeys(RESPONSE_COLUMNS, "") | {
        "suite": item.suite, "probe": item.probe, "item": item.item, "cluster": item.cluster,
        "template": item.template, "variant": item.variant, "lang": item.lang,
        "route": str(item.route), "sample": 0, "group": item.group, "reference": item.reference,
    }  # fmt: skip


def right_or_wrong(item: Item, rate: float, rng: np.random.Generator) -> dict[str, object]:
    """The answer, right with probability ``rate``, to a question of whom a word means."""
    row = row_of(item)
    if item.route is Route.LIKELIHOOD:
        row["label"] = "correct" if rate > 0.5 else "incorrect"
        logs = {"correct": float(np.log(rate)), "incorrect": float(np.log1p(-rate))}
        row["logprobs"] = json.dumps(logs)
    else:
        row["label"] = "correct" if rng.random() < rate else "incorrect"
    return row


def right_at(items: list[Item], right: Callable[[Item], float], seed: int = 0) -> pd.DataFrame:
    """Answers whose probability of being right is ``right(item)``."""
    rng = np.random.default_rng(seed)
    rates = (min(max(right(item), 1e-6), 1 - 1e-6) for item in items)
    rows = [right_or_wrong(item, rate, rng) for item, rate in zip(items, rates, strict=True)]
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
