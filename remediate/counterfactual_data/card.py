"""The data card: what a training set holds, for whoever must answer for it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from remediate.counterfactual_data.build import counts
from remediate.counterfactual_data.pairs import Kind, Pair, Part
from remediate.counterfactual_data.splits import Splits

if TYPE_CHECKING:
    from remediate.counterfactual_data.picture_pairs import Gallery

_SAMPLES = 3


def data_card(pairs: Sequence[Pair], splits: Splits, checked: dict[str, int]) -> dict[str, Any]:
    """Counts, balance, lengths of both sides, samples, the split and the leak check's counts."""
    train = [pair for pair in pairs if pair.part is Part.TRAIN]
    twins = [pair for pair in train if pair.kind is Kind.TWIN]
    return _card(pairs, train, twins) | {"split": splits.to_json(), "leak_check": checked}


def picture_card(
    pairs: Sequence[Pair], gallery: Gallery, checked: dict[str, int]
) -> dict[str, Any]:
    """The same of pairs about pictures, and whose pictures they are."""
    train = [pair for pair in pairs if pair.part is Part.TRAIN]
    shown = [pair for pair in train if pair.kind is Kind.SHOWN]
    own = gallery.set
    return _card(pairs, train, shown) | {
        "split": gallery.splits.to_json(),
        "leak_check": checked,
        "pictures": {
            "name": own.name,
            "style": own.style,
            "licence": own.licence,
            "attribution": own.attribution,
            "fingerprint": own.fingerprint,
            "folder": str(gallery.folder),
            "trained_on": len({image.id for pair in train for image in pair.images}),
        },
    }


def _card(pairs: Sequence[Pair], train: Sequence[Pair], main: Sequence[Pair]) -> dict[str, Any]:
    """``main``: the training pairs that carry the lesson."""
    return {
        "counts": counts(pairs),
        "languages": dict(Counter(pair.lang for pair in train)),
        "sources": dict(Counter(pair.source for pair in train)),
        "balance": dict(Counter(pair.group or "mixed" for pair in main)),
        "pairs_per_occupation": _spread(Counter(pair.occupation for pair in main).values()),
        "words": {
            side: _spread([len(pair.sides[n].split()) for pair in train])
            for n, side in enumerate(("chosen", "rejected"))
        },
        "length_difference": _spread(
            [
                len(chosen.split()) - len(rejected.split())
                for chosen, rejected in (pair.sides for pair in main)
            ]
        ),
        "distinct_texts": len({side for pair in train for side in pair.sides}),
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
    shown = {"picture": pair.images[0].id} if pair.images else {}
    return {"prompt": pair.prompt[-1]["content"], "chosen": chosen, "rejected": rejected} | shown
