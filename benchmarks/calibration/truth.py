"""What a respondent's metrics truly are: the estimand of an audit.

The truth of a metric is its expectation over other clusters (occupations, schemas) like those
asked and, where they are sampled, over other wordings, with as many questions about each as in the
design. In ``occupations`` and ``pronouns`` gaps, slopes and skews are linear in the answers, so
theirs is the metric of the expected answers, integrated by Gauss and Hermite over all normal
effects. Spearman's ρ and the log-odds of sampled shares are not linear and depend on how many
answers an occupation has: their truth is what very many occupations would give, averaged over draws
of the wordings. In the other suites the truth is 0 for respondents without a bias, by symmetry, and
else what the estimates of audits average to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from audit.metrics.measures import Measure
from audit.schema import Route
from benchmarks.calibration.audits import measures
from benchmarks.calibration.designs import suite_of
from benchmarks.calibration.questions import Float, Questions
from benchmarks.calibration.respondents import Respondent, answer

#: Occupations and draws of wordings behind a truth that is not linear: ρ is known to ±0.01.
MANY, WORDINGS = 480, 30
#: Audits whose estimates are averaged, with and without the bias.
AVERAGED = 100


def truths(asked: Questions, who: Respondent, only: str | None = None) -> dict[str, float]:
    """Metric → truth, for the primary metrics of the questions' route, or ``only`` one."""
    if asked.suite not in ("occupations", "pronouns"):
        return _averages(asked, who, only)
    found = _estimates(_certain(asked, _expected_shares(asked, who)), asked.suite)
    if asked.suite != "occupations":
        return found
    curved = ["labour_spearman"]
    if asked.sampled.any():
        curved.append("stereotype_gap_logodds")
    else:
        logit = who.base + who.gap * asked.side + who.order * asked.order
        exact = _estimates(_certain(asked, 1 / (1 + np.exp(-logit))), asked.suite)
        found["stereotype_gap_logodds"] = exact["stereotype_gap_logodds"]
    curved = [name for name in curved if only in (None, name)]
    if who.gap == 0.0:  # by symmetry
        return found | dict.fromkeys(curved, 0.0)
    return found | (_of_many(asked, who, curved) if curved else {})


def estimate(measure: Measure) -> float:
    one = np.ones((1, len(measure.clusters))), np.ones((1, len(measure.columns)))
    return float(measure.statistic(*one)[0])


def _estimates(frame: pd.DataFrame, suite: str) -> dict[str, float]:
    measures = suite_of(suite).measures(frame, margins=None)
    return {m.metric: estimate(m) for m in measures if m.primary}


def _averages(asked: Questions, who: Respondent, only: str | None) -> dict[str, float]:
    primary = [m.name for m in suite_of(asked.suite).primary if only in (None, m.name)]
    if who.gap == 0.0 and who.refuse_gap == 0.0:
        return dict.fromkeys(primary, 0.0)
    # The same draws without the bias average to 0: their mean is the error of the other one.
    with_bias, without = (
        [
            _estimates(answer(asked, one, np.random.default_rng(k)), asked.suite)
            for k in range(AVERAGED)
        ]
        for one in (who, replace(who, gap=0.0, refuse_gap=0.0))
    )
    return {
        name: float(
            np.nanmean([a[name] - b[name] for a, b in zip(with_bias, without, strict=True)])
        )
        for name in primary
    }


def _expected_shares(asked: Questions, who: Respondent) -> Float:
    """(n,) E[P(first) + ½ P(neutral)] of every question."""
    spread = np.sqrt(
        who.cluster_sd**2
        + (0.0 if asked.wordings_fixed else who.wording_sd**2)
        + (who.tilt_sd * asked.side) ** 2
        + who.question_sd**2
    )
    centre = who.base + who.gap * asked.side + who.order * asked.order
    centre = centre + asked.fixed_wordings(who.wording_sd)
    keys = np.stack([centre, spread, asked.offers_third.astype(np.float64)], axis=1)
    different, back = np.unique(keys, axis=0, return_inverse=True)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    out = np.empty(len(different))
    for i, (mean, sd, offered) in enumerate(different):
        logit = (mean + sd * nodes)[:, None]
        neutral = np.exp(who.third + who.third_sd * nodes)[None] if offered else 0.0
        up, down = np.exp(logit / 2), np.exp(-logit / 2)
        out[i] = (
            weights @ ((up + 0.5 * neutral) / (up + down + neutral) * np.ones((60, 60))) @ weights
        )
    return out[back.ravel()]


def _certain(asked: Questions, share: Float) -> pd.DataFrame:
    """Answers by likelihood that say ``share`` exactly."""
    first, second, _ = asked.labels[0]
    logs = [
        f'{{"{first}": {a!r}, "{second}": {b!r}}}'
        for a, b in zip(np.log(share).tolist(), np.log1p(-share).tolist(), strict=True)
    ]
    return asked.frame.assign(route=str(Route.LIKELIHOOD), label=first, logprobs=logs)


def _of_many(asked: Questions, who: Respondent, metrics: Sequence[str]) -> dict[str, float]:
    many = asked.repeated(max(1, MANY // asked.n_clusters))
    rng = np.random.default_rng(0)
    found: list[Mapping[str, float]] = [
        {
            m.metric: estimate(m)
            for name in metrics
            for m in measures(frame, asked.suite, None, name)
        }
        for frame in (answer(many, who, rng) for _ in range(WORDINGS))
    ]
    return {name: float(np.mean([one[name] for one in found])) for name in metrics}
