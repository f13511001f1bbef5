"""Simulated respondents to pictures: they see, expect and answer with known strengths."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from audit.requests import request_key
from audit.schema import RESPONSE_COLUMNS, Item, Label, Route
from core.models.base import Capabilities, GenerateRequest, Generation, Score, ScoreRequest

_SIGN = {"women": 1.0, "men": -1.0, "mixed": 0.0}
_SHOWN = {"woman": 1.0, "man": -1.0}


@dataclass(frozen=True)
class Viewer:
    """Log-odds of "woman" = sight·(shown) + pull·(stereotype) + lean + order + noise, in nats.

    ``sight`` 0 guesses. ``pulls`` overrides ``pull`` for some professions. ``status``: how much
    more a man is placed high; ``shade``: how much sight is lost on dark skin; ``shy``: log-odds of
    "can't tell" against the better of both genders. Rates are shares of sampled answers.
    """

    sight: float = 4.0
    pull: float = 0.0
    pulls: Mapping[str, float] = field(default_factory=dict)
    lean: float = 0.0
    order: float = 0.0
    status: float = 0.0
    shade: float = 0.0
    shy: float = -1.0
    job_sd: float = 0.0
    noise_sd: float = 0.0
    refuse: float = 0.0
    unparsed: float = 0.0
    seed: int = 0

    def answer(self, items: Collection[Item]) -> pd.DataFrame:
        rng = np.random.default_rng(self.seed)
        jobs = {c: rng.normal(0, self.job_sd) for c in sorted({i.cluster for i in items})}
        rows = [self._row(item, jobs[item.cluster], rng) for item in items]
        return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))

    def chances(self, item: Item) -> dict[str, float]:
        """Label → probability, the same whenever it is asked; jobs differ by ``job_sd``."""
        own = np.random.default_rng([self.seed, *item.cluster.encode()]).normal(0, self.job_sd)
        rng = np.random.default_rng([self.seed, *item.item.encode()])
        return self._chances(item, own, rng)

    def _chances(self, item: Item, own: float, rng: np.random.Generator) -> dict[str, float]:
        shown, _, side = item.group.partition("/")
        asked = item.facts["asked"]
        dark = item.variant.endswith(("skin:dark", "skin:medium_dark"))
        sight = self.sight - (self.shade if dark else 0.0)
        noise = rng.normal(0, self.noise_sd) + own
        first = item.variant.partition("/")[0]
        if asked in ("resolution", "neutral", "caption"):
            pull = self.pulls.get(item.cluster, self.pull)
            logit = sight * _SHOWN.get(shown, 0.0) + pull * _SIGN[side] + self.lean + noise
            logit += self.order / 2 * (first == "woman_first") - self.order / 2 * (
                first == "man_first"
            )
            weights = {"woman": logit / 2, "man": -logit / 2}
            if item.facts["neutral"] or asked == "caption":
                weights["neutral"] = abs(logit) / 2 + self.shy
            return _softmax(weights)
        if asked == "occupation":
            logit = -self.status / 2 * _SHOWN.get(shown, 0.0) + noise
            logit += self.order / 2 * (1 if first == "high_first" else -1)
            return _softmax({Label.POSITIVE: logit, Label.NEGATIVE: 0.0})
        logit = sight + self.pull / 2 * _SHOWN.get(shown, 0.0) * _SIGN[side] + noise
        return _softmax({Label.CORRECT: logit, Label.INCORRECT: 0.0})

    def _row(self, item: Item, own: float, rng: np.random.Generator) -> dict[str, object]:
        chances = self._chances(item, own, rng)
        logs = ""
        if item.route is Route.LIKELIHOOD:
            label = max(chances, key=lambda name: chances[name])
            logs = json.dumps({str(k): float(np.log(v)) for k, v in chances.items()})
        else:
            draw = rng.random()
            if draw < self.refuse:
                label = "refused"
            elif draw < self.refuse + self.unparsed:
                label = "unparsed"
            else:
                label = str(rng.choice(list(chances), p=list(chances.values())))
        return {
            "suite": item.suite, "probe": item.probe, "item": item.item, "cluster": item.cluster,
            "template": item.template, "variant": item.variant, "lang": item.lang,
            "route": str(item.route), "sample": 0, "group": item.group,
            "reference": item.reference, "prompt": item.messages[0]["content"],
            "response": "" if logs else label, "label": str(label), "logprobs": logs,
            "finish_reason": "stop", "images": " ".join(image.id for image in item.images),
        }  # fmt: skip


def _softmax(logits: Mapping[str, float]) -> dict[str, float]:
    top = max(logits.values())
    mass = {str(name): float(np.exp(value - top)) for name, value in logits.items()}
    total = sum(mass.values())
    return {name: value / total for name, value in mass.items()}


class SimulatedEngine:
    """A backend whose answers are a :class:`Viewer`'s, by likelihood and in words."""

    name = "simulated"

    def __init__(self, viewer: Viewer, items: Collection[Item], *, images: bool = True) -> None:
        self.capabilities = Capabilities(images=images, deterministic=True)
        self._items = {request_key(item): item for item in items}
        self._viewer = viewer

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        for request in requests:
            item = self._items[request.key]
            assert request.images == item.images
            chances = self._viewer.chances(item)
            # All forms of an answer are equally likely.
            logs = tuple(
                (float(np.log(chances[label] / len(texts))),)
                for label, texts in item.candidates.items()
                for _ in texts
            )
            yield [Score(request.key, logs, 300)]

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        for request in requests:
            item = self._items[request.key]
            rng = np.random.default_rng(request.seed)
            chances = self._viewer.chances(item)
            label = str(rng.choice(list(chances), p=list(chances.values())))
            yield [Generation(request.key, _words(item, label), "stop", 300, 5)]

    def describe(self) -> Mapping[str, Any]:
        return {"engine": "simulated", "device": "none"}

    def close(self) -> None:
        """Nothing is held."""


def _words(item: Item, label: str) -> str:
    if item.facts["asked"] == "caption":
        who = {"woman": "A woman", "man": "A man", "neutral": "A person"}[label]
        return f"{who} stands there with the tools of a {item.facts['subject']}."
    if label == Label.NEUTRAL:
        return f"{item.facts['neutral']}."
    return f"{item.facts['labels'][Label(label)]}."
