"""The data card: what a training set holds, for whoever must answer for it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from remediate.counterfactual_data.build import counts
from remediate.counterfactual_data.pairs import Kind, Pair, Part
from remediate.counterfactual_data.splits import Splits

_SAMPLES = 3


def data_card(pairs: Sequence[Pair], splits: Splits, checked: dict[str, int]) -> dict[str, Any]:
    """Counts, balance, lengths of both sides, samples, the split and the leak check's counts."""
    train = [pair for pair in pairs if pair.part is Part.TRAIN]
    twins = [pair for pair in train if pair.kind is Kind.TWIN]
    return {
        "counts": counts(pairs),
        "languages": dict(Counter(pair.lang for pair in train)),
        "sources": dict(Counter(pair.source for pair in train)),
        "balance": dict(Counter(pair.group for pair in twins)),
        "pairs_per_occupation": _spread(Counter(pair.occupation for pair in twins).values()),
        "words": {
            side: _spread([len(pair.sides[n].split()) for pair in train])
            for n, side in enumerate(("chosen", "rejected"))
        },
        "length_difference": _spread(
            [
                len(chosen.split()) - len(rejected.split())
                for chosen, rejected in (pair.sides for pair in twins)
            ]
        ),
        "distinct_texts": len({side for pair in train for side in pair.sides}),
        "split": splits.to_json(),
        "leak_check": checked,
        "samples": {
            probe: [_sample(pair) for pair in train if pair.probe == probe][:_SAMPLES]
            for probe in sorted({pair.probe for pair in train})
        },
    }


def fluency(pairs: Sequence[Pair], logps: Any, lengths: Any) -> dict[str, dict[str, float]]:
    """Log-probability per token (nats) of both sides of whole twins, by the untouched model.

    ``logps`` and ``lengths``: (pairs, 2), in the pairs' order. A swap that broke the grammar of one
    side would show as that side's lower values; texts that stop at a pronoun are too short to tell.
    """
    rows = [
        n for n, p in enumerate(pairs) if p.part is Part.TRAIN and p.kind is Kind.TWIN and p.ends
    ]
    return {
        side: _spread([round(float(logps[n, at] / lengths[n, at]), 2) for n in rows])
        for at, side in enumerate(("chosen", "rejected"))
    }


def _spread(values: Any) -> dict[str, float]:
    rows = list(values) or [0]
    return {
        "min": min(rows),
        "median": statistics.median(rows),
        "mean": round(statistics.fmean(rows), 2),
        "max": max(rows),
    }


def _sample(pair: Pair) -> dict[str, str]:
    chosen, rejected = pair.sides
    return {"prompt": pair.prompt[-1]["content"], "chosen": chosen, "rejected": rejected}
