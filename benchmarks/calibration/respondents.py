"""Respondents whose bias is known: they answer the suites' own questions.

An answer to a question about job i in wording t with option order v has the log-odds

    L = base + gap·s_i + u_i + w_t + d_t·s_i + order·v + e,    s = ½, 0, −½ for the three groups,

with u, w, d and e normal: how jobs differ, how wordings differ, how wordings tilt the contrast,
and what one question has of its own. v = ±½. A neutral answer has the log-weight ν + n, n normal,
beside ±L/2 of woman and man. By likelihood the three weights are the answer; by sampling one is
drawn, unless the answer is refused or cannot be read, which no value has a part in.
In ``pronouns`` L is the log-odds of being right, jobs are schemas or jobs, and s is +½ for what a
bias favours (``pro``) or makes easy (she and he), −½ for its counterpart. Its wordings are sets of
pronouns and three scenarios, which the audit holds fixed: there w is not drawn but spread evenly,
and the truth is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, Item, Label, Route

Float = NDArray[np.float64]
Int = NDArray[np.int64]

SIDE = {
    "women": 0.5, "men": -0.5, "mixed": 0.0,
    "pro": 0.5, "anti": -0.5, "neutral": 0.0,
    "they": -0.5, "xe": -0.5, "she": 0.5, "he": 0.5,
}  # fmt: skip
ORDER = {"woman_first": 0.5, "man_first": -0.5, "correct_first": 0.5, "correct_second": -0.5}


@dataclass(frozen=True, slots=True)
class Respondent:
    """Effects in nats of log-odds, standard deviations of normal effects, rates in 0–1.

    ``refuse`` and ``unparsed`` are means over clusters, whose own rates vary around them
    (sd ½ on the logit). ``neutral`` is ν, −∞ for a respondent that never answers so.
    """

    gap: float = 0.0
    base: float = 0.0
    order: float = 0.0
    cluster_sd: float = 0.6
    wording_sd: float = 0.0
    tilt_sd: float = 0.0
    question_sd: float = 0.4
    refuse: float = 0.0
    unparsed: float = 0.0
    neutral: float = -1.0
    neutral_sd: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The questions of one cell, coded once; only labels and log-probabilities are filled in.

    ``frame`` has ``RESPONSE_COLUMNS``; the arrays have one entry a row: ``cluster`` and
    ``wording`` codes, ``side`` and ``order`` as above, ``sampled`` and ``offers_neutral`` flags.
    """

    suite: str
    frame: pd.DataFrame
    cluster: Int
    wording: Int
    side: Float
    order: Float
    sampled: NDArray[np.bool_]
    offers_neutral: NDArray[np.bool_]
    labels: tuple[str, str]

    @property
    def wordings_fixed(self) -> bool:
        return self.suite == "pronouns"

    def fixed_wordings(self, sd: float) -> Float:
        """(n,) effects of fixed wordings on every question: evenly spread, of that sd over them."""
        count = int(self.wording.max()) + 1
        if not self.wordings_fixed or count < 2:
            return np.zeros(len(self.frame))
        scores = np.arange(count) - (count - 1) / 2
        return np.asarray(sd * (scores / scores.std())[self.wording])

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max()) + 1

    def repeated(self, times: int) -> Questions:
        """The same design with ``times`` as many clusters like these, in the same wordings."""
        n = len(self.frame)
        frame = pd.concat([self.frame] * times, ignore_index=True)
        copy = np.repeat(np.arange(times), n)
        for name in ("item", "cluster"):
            frame[name] = frame[name] + "#" + copy.astype(str)
        fields = {
            name: np.tile(getattr(self, name), times)
            for name in ("wording", "side", "order", "sampled", "offers_neutral")
        }
        cluster = np.tile(self.cluster, times) + copy * self.n_clusters
        return Questions(self.suite, frame, cluster, labels=self.labels, **fields)


def questions(suite: str, route: Route, clusters: int | None) -> Questions:
    """The suite's English questions of one route about so many of its clusters (None: all).

    Occupations: women- and men-dominated jobs equally many, the mixed ones as in the whole list,
    none below 20. Pronouns: the first schemas and jobs. ``given``, which is sampled alone, is part
    of either route.
    """
    items = get_suite(suite).items(langs=["en"], seed=0, limit=None, samples=None)
    kept = [i for i in items if i.route is route or i.probe == "given"]
    if clusters is not None:
        names = _some_clusters(kept, clusters)
        kept = [item for item in kept if item.cluster in names]
    rows = [_row(item) for item in kept]
    # Python strings: Arrow's are three times as slow in the small steps of an audit.
    frame = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS), dtype=object)
    frame["reference"] = frame["reference"].astype(np.float64)
    wordings = pd.Series(list(zip(frame["probe"], frame["template"], strict=True)), dtype=object)
    labels = (
        (Label.WOMAN, Label.MAN) if suite == "occupations" else (Label.CORRECT, Label.INCORRECT)
    )
    return Questions(
        suite=suite,
        frame=frame,
        cluster=_codes(frame["probe"] + "/" + frame["cluster"])
        if suite == "pronouns"
        else _codes(frame["cluster"]),
        wording=_codes(wordings),
        side=frame["group"].map(SIDE).to_numpy(dtype=np.float64),
        order=frame["variant"].map(lambda v: ORDER.get(v, 0.0)).to_numpy(dtype=np.float64),
        sampled=(frame["route"] == Route.SAMPLED).to_numpy(),
        offers_neutral=np.array([_offers_neutral(item) for item in kept]),
        labels=(str(labels[0]), str(labels[1])),
    )


def _offers_neutral(item: Item) -> bool:
    return item.suite == "occupations" and (not item.candidates or "neutral" in item.candidates)


def _codes(names: pd.Series[str]) -> Int:
    return pd.factorize(names, sort=True)[0].astype(np.int64)


def _some_clusters(items: Sequence[Item], wanted: int) -> set[str]:
    chosen: set[str] = set()
    for probe in sorted({item.probe for item in items}):
        groups: dict[str, list[str]] = {}
        for item in items:
            if item.probe == probe:
                group = item.group if item.suite == "occupations" else ""
                names = groups.setdefault(group, [])
                if item.cluster not in names:
                    names.append(item.cluster)
        if "mixed" not in groups:
            for names in groups.values():
                chosen.update(names[:wanted])
            continue
        mixed = 0 if wanted < 20 else wanted - 2 * round(0.38 * wanted)
        sizes = {"mixed": mixed, "women": (wanted - mixed) // 2, "men": (wanted - mixed) // 2}
        for group, names in groups.items():
            step = max(1, len(names) // max(sizes[group], 1))
            chosen.update(names[::step][: sizes[group]])
    return chosen


def _row(item: Item) -> dict[str, object]:
    return {
        "suite": item.suite, "probe": item.probe, "item": item.item, "cluster": item.cluster,
        "template": item.template, "variant": item.variant, "lang": item.lang,
        "route": str(item.route), "sample": 0, "group": item.group, "reference": item.reference,
        "prompt": "", "response": "", "label": "", "logprobs": "", "finish_reason": "stop",
        "images": "",
    }  # fmt: skip


def answer(asked: Questions, who: Respondent, rng: np.random.Generator) -> pd.DataFrame:
    """One audit's answers, drawn with fresh jobs, wordings and answers; ``RESPONSE_COLUMNS``."""
    n, jobs, wordings = len(asked.frame), asked.n_clusters, int(asked.wording.max()) + 1
    drawn_wordings = rng.normal(0, who.wording_sd, wordings)[asked.wording]
    logit = (
        who.base + who.gap * asked.side + who.order * asked.order
        + rng.normal(0, who.cluster_sd, jobs)[asked.cluster]
        + (asked.fixed_wordings(who.wording_sd) if asked.wordings_fixed else drawn_wordings)
        + rng.normal(0, who.tilt_sd, wordings)[asked.wording] * asked.side
        + rng.normal(0, who.question_sd, n)
    )  # fmt: skip
    neutral = np.where(
        asked.offers_neutral, who.neutral + rng.normal(0, who.neutral_sd, n), -np.inf
    )
    weights = np.exp(np.stack([logit / 2, -logit / 2, neutral]))
    shares = weights / weights.sum(axis=0)
    first, second = asked.labels
    names = np.array([first, second, Label.NEUTRAL, Label.REFUSED, Label.UNPARSED], dtype=object)
    drawn = (rng.random(n) > np.cumsum(shares, axis=0)[:2]).sum(axis=0)
    drawn = np.where(asked.sampled, drawn, shares.argmax(axis=0))
    lost = rng.random(n)
    refuse, unparsed = (
        _rates(mean, jobs, rng)[asked.cluster] for mean in (who.refuse, who.unparsed)
    )
    drawn = np.where(asked.sampled & (lost < refuse), 3, drawn)
    drawn = np.where(asked.sampled & (lost > 1 - unparsed), 4, drawn)
    logs = pd.Series(_logprobs(asked, shares), dtype=object)
    return asked.frame.assign(label=pd.Series(names[drawn], dtype=object), logprobs=logs)


def _rates(mean: float, n: int, rng: np.random.Generator) -> Float:
    if mean == 0.0:
        return np.zeros(n)
    odds = mean / (1 - mean) * np.exp(rng.normal(0, 0.5, n))
    return np.asarray(odds / (1 + odds))


def _logprobs(asked: Questions, shares: Float) -> list[str]:
    first, second = asked.labels
    with np.errstate(divide="ignore"):
        logs = np.log(shares)
    out = [""] * len(asked.frame)
    for i in np.flatnonzero(~asked.sampled):
        text = f'{{"{first}": {logs[0, i]:.6f}, "{second}": {logs[1, i]:.6f}'
        if asked.offers_neutral[i]:
            text += f', "{Label.NEUTRAL}": {logs[2, i]:.6f}'
        out[i] = text + "}"
    return out
