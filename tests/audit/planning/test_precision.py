"""The precision a plan promises, against the power that simulated audits have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from audit.metrics import estimates
from audit.planning import precision as planned
from audit.planning.precision import Precision, precision
from audit.probes.occupations import OccupationsSuite
from audit.schema import Item, Route
from tests.audit.respondents import Respondent, occupation_items

SUITE = OccupationsSuite()
METRIC = "stereotype_gap_logodds"
PLANTED = {"occupation_sd": 1.0, "template_sd": 0.5, "noise_sd": 0.5}


def likelihood(limit: int | None) -> list[Item]:
    return [i for i in occupation_items(limit=limit) if i.route is Route.LIKELIHOOD]


def measured(items: list[Item], seed: int, gap: float) -> Any:
    frame = Respondent(gap=gap, seed=seed, **PLANTED).answer(items)
    return next(m for m in SUITE.measures(frame, margins=None) if m.metric == METRIC)


@pytest.mark.parametrize("limit", [60, 160])
def test_an_effect_of_the_promised_size_is_found_as_often_as_promised(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned from fair respondents, judged by the verdict's own test on biased ones.

    With 60 audits the share found has a standard error of 5 points: 80 % promised must show as 65
    or more, and not as nearly all.
    """
    monkeypatch.setattr(planned, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES", 300)
    items, alpha = likelihood(limit), 0.05
    known = [precision(measured(items, 500 + seed, 0.0)) for seed in range(12)]
    effects = [p.detectable(alpha=alpha, power=0.8) for p in known if p is not None]
    effect = float(np.mean([e for e in effects if e is not None]))
    found = 0
    for seed in range(60):
        measure = measured(items, seed, effect)
        result = measure.bootstrap(measure.statistic, n_resamples=300, level=0.95, seed=seed)
        found += measure.test(result, seed).p_value < alpha
    assert 0.65 <= found / 60 <= 0.97


def test_detectable_by_hand() -> None:
    known = Precision("m", None, clusters=0.03, wordings=0.01, cells=0.0, df=18)
    quantiles = t.ppf(0.975, 18) + t.ppf(0.8, 18)
    assert known.detectable(alpha=0.05, power=0.8) == pytest.approx(quantiles * 0.2)
    assert known.detectable(alpha=0.05, power=0.8, more_clusters=2) == pytest.approx(
        quantiles * math.sqrt(0.025)
    )
    assert known.detectable(alpha=0.05, power=0.8, more_wordings=2) == pytest.approx(
        quantiles * math.sqrt(0.035)
    )


def test_answers_that_do_not_vary_promise_nothing() -> None:
    known = Precision("m", None, clusters=0.0, wordings=0.0, cells=0.0, df=5)
    assert known.detectable(alpha=0.05, power=0.8) is None


def test_the_parts_add_up_to_the_verdicts_variance() -> None:
    measure = measured(likelihood(None), 1, 1.0)
    found = precision(measure)
    assert found is not None
    result = measure.bootstrap(measure.statistic, n_resamples=planned.RESAMPLES, level=0.95, seed=0)
    total = found.clusters + found.wordings + found.cells
    assert total == pytest.approx(result.standard_error**2)
    assert found.clusters > found.wordings  # the gap varies by occupation, as planted
