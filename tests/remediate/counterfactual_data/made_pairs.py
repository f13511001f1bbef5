"""Pairs without a model: every builder gets the same plausible texts."""

from __future__ import annotations

from collections.abc import Sequence

from core.models.base import GenerateRequest
from remediate.counterfactual_data import anchors, neutral, twins
from remediate.counterfactual_data.pairs import Pair
from remediate.counterfactual_data.splits import Splits


def answers(requests: Sequence[GenerateRequest]) -> dict[str, str]:
    """By what is asked: a sentence's rest, a text about her, an open answer, a plain fact."""
    out = {}
    for number, request in enumerate(requests):
        zh = "/zh/" in request.key
        if request.key.startswith("twin/pronoun"):
            text = "很累了。" if zh else " wanted to see her sister, and so on."
        elif request.key.startswith("twin/text"):
            text = "她周末去看了母亲。" if zh else "She went home early. Her day was long."
        elif request.key.startswith("neutral"):
            text = "都有可能。" if zh else " both women and men do it."
        else:
            text = f"第{number}个回答。" if zh else f"Answer number {number}."
        out[request.key] = text
    return out


def every_pair(splits: Splits, *, seed: int = 0, langs: tuple[str, ...] = ("en",)) -> list[Pair]:
    """All pairs of all builders, unselected."""
    out: list[Pair] = []
    for builder in (twins, neutral, anchors):
        texts = answers(builder.requests(splits, seed, langs, 5000))
        out += builder.build(splits, seed, langs, texts)
    return out
