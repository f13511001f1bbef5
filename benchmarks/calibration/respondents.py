"""Respondents whose bias is known: they answer the suites' own questions.

An answer to a question about cluster i in wording t with option order v has the log-odds

    L = base + gap·s + known + u_i + w_t + (d_t + c_i)·s + order·v + e

with u, w, d, c and e normal: how clusters differ, how wordings differ, how wordings and clusters
tilt the contrast, and what one question has of its own. s, v, what is ``known`` and the answers
that L is about are of the suite's design (``designs``). A third answer, where one is offered, has
the log-weight ν + n, n normal, beside ±L/2 of the other two. By likelihood the three weights are
the answer; by sampling one is drawn, unless the answer is refused or cannot be read, which has
part in no value. Wordings that an audit holds fixed are not drawn: their w is spread evenly, and
the truth is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.schema import Label
from benchmarks.calibration.questions import Float, Questions


@dataclass(frozen=True, slots=True)
class Respondent:
    """Effects in nats of log-odds, standard deviations of normal effects, rates in 0–1.

    ``refuse`` and ``unparsed`` are means over clusters, whose own rates vary around them
    (sd ½ on the logit); ``refuse_gap`` moves refusals with s, as ``gap`` moves answers. ``third``
    is ν, −∞ for a respondent that never answers so. ``slope_sd`` is that of c.
    """

    gap: float = 0.0
    base: float = 0.0
    order: float = 0.0
    cluster_sd: float = 0.6
    wording_sd: float = 0.0
    tilt_sd: float = 0.0
    slope_sd: float = 0.0
    question_sd: float = 0.4
    refuse: float = 0.0
    refuse_gap: float = 0.0
    unparsed: float = 0.0
    third: float = -1.0
    third_sd: float = 0.5


def answer(asked: Questions, who: Respondent, rng: np.random.Generator) -> pd.DataFrame:
    """One audit's answers, drawn with fresh clusters, wordings, answers; ``RESPONSE_COLUMNS``."""
    n, clusters, wordings = len(asked.frame), asked.n_clusters, int(asked.wording.max()) + 1
    drawn_wordings = rng.normal(0, who.wording_sd, wordings)[asked.wording]
    tilt = (
        rng.normal(0, who.tilt_sd, wordings)[asked.wording]
        + rng.normal(0, who.slope_sd, clusters)[asked.cluster]
    )
    logit = (
        who.base + asked.known + who.gap * asked.side + who.order * asked.order
        + rng.normal(0, who.cluster_sd, clusters)[asked.cluster]
        + (asked.fixed_wordings(who.wording_sd) if asked.wordings_fixed else drawn_wordings)
        + tilt * asked.side + rng.normal(0, who.question_sd, n)
    )  # fmt: skip
    third = np.where(asked.offers_third, who.third + rng.normal(0, who.third_sd, n), -np.inf)
    weights = np.exp(np.stack([logit / 2, -logit / 2, third]))
    shares = weights / weights.sum(axis=0)
    drawn = (rng.random(n) > np.cumsum(shares, axis=0)[:2]).sum(axis=0)
    drawn = np.where(asked.sampled, drawn, shares.argmax(axis=0))
    lost = rng.random(n)
    refuse, unparsed = (_rates(mean, asked, rng) for mean in (who.refuse, who.unparsed))
    odds = refuse / (1 - refuse) * np.exp(who.refuse_gap * asked.side)
    drawn = np.where(asked.sampled & (lost < odds / (1 + odds)), 3, drawn)
    drawn = np.where(asked.sampled & (lost > 1 - unparsed), 4, drawn)
    missing = np.full((n, 2), [Label.REFUSED, Label.UNPARSED], dtype=object)
    label = np.concatenate([asked.labels, missing], axis=1)[np.arange(n), drawn]
    found = asked.frame.assign(
        label=pd.Series(label, dtype=object),
        logprobs=pd.Series(_logprobs(asked, shares), dtype=object),
    )
    return found.assign(response=found["label"].map(asked.texts)) if asked.texts else found


def _rates(mean: float, asked: Questions, rng: np.random.Generator) -> Float:
    """(n,) rate of every question, its cluster's."""
    if mean == 0.0:
        return np.zeros(len(asked.frame))
    odds = mean / (1 - mean) * np.exp(rng.normal(0, 0.5, asked.n_clusters))
    return np.asarray((odds / (1 + odds))[asked.cluster])


def _logprobs(asked: Questions, shares: Float) -> list[str]:
    with np.errstate(divide="ignore"):
        logs = np.log(shares)
    out = [""] * len(asked.frame)
    for i in np.flatnonzero(~asked.sampled):
        first, second, third = asked.labels[i]
        text = f'{{"{first}": {logs[0, i]:.6f}, "{second}": {logs[1, i]:.6f}'
        if asked.offers_third[i]:
            text += f', "{third}": {logs[2, i]:.6f}'
        out[i] = text + "}"
    return out
