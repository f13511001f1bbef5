"""The precision a plan promises, against simulated audits of the design it promises it for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.planning import precision
from audit.planning.precision import Components, Design, components
from audit.probes.occupations import OccupationsSuite
from audit.schema import Item, Route
from tests.audit.respondents import Respondent, occupation_items

SUITE = OccupationsSuite()
METRICS = ("stereotype_gap_logodds", "parity_skew")


def likelihood(limit: int | None) -> list[Item]:
    return [i for i in occupation_items(limit=limit) if i.route is Route.LIKELIHOOD]


def measured(items: list[Item], seed: int) -> dict[str, object]:
    planted = {"occupation_sd": 0.6, "template_sd": 0.6, "noise_sd": 0.5}
    frame = Respondent(gap=1.0, seed=seed, **planted).answer(items)
    return {m.metric: m for m in SUITE.measures(frame, margins=None) if m.metric in METRICS}


def estimate(measure: object) -> float:
    ones = (np.ones((1, len(measure.clusters))), np.ones((1, len(measure.columns))))  # type: ignore[attr-defined]
    return float(measure.statistic(*ones)[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("metric", METRICS)
def test_the_promised_error_is_what_a_smaller_design_shows(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Components of full runs, applied to a third of the cells, against the spread of such runs.

    The promise is of the pigeonhole bootstrap's error, which counts the cells three times: never
    below the truth, and not far above it.
    """
    monkeypatch.setattr(precision, "RESAMPLES", 400)
    full, small = likelihood(None), likelihood(168)
    known = [components("s", measured(full, seed)[metric]) for seed in range(6)]  # type: ignore[arg-type]
    share = len({(i.cluster, i.probe, i.template) for i in small}) / len(
        {(i.cluster, i.probe, i.template) for i in full}
    )
    clusters = len({i.cluster for i in small})
    first = known[0]
    design = Design(clusters, 12, round(first.n_clusters * first.n_wordings * share))
    promised = math.sqrt(np.mean([row.standard_error(design) ** 2 for row in known]))
    spread = float(np.std([estimate(measured(small, 100 + s)[metric]) for s in range(80)], ddof=1))
    assert 0.85 * spread < promised < 1.6 * spread


def test_the_full_design_gives_back_the_runs_own_error() -> None:
    known = Components("s", "m", None, 0.03, 0.01, 0.002, 40, 6)
    assert known.standard_error(Design(40, 6, 240)) == pytest.approx(math.sqrt(0.046))
    assert known.standard_error(Design(80, 6, 480)) == pytest.approx(
        math.sqrt(0.015 + 0.01 + 0.003)
    )


def test_detectable_by_hand() -> None:
    """No wordings sampled: Student's quantiles with clusters − 2 degrees of freedom."""
    from scipy.stats import t

    known = Components("s", "m", None, 0.04, 0.0, 0.0, 20, 1)
    wanted = (t.ppf(0.975, 18) + t.ppf(0.8, 18)) * 0.2
    assert known.detectable(Design(20, 1, 20), alpha=0.05) == pytest.approx(wanted)


def test_more_of_either_never_detects_less() -> None:
    known = Components("s", "m", None, 0.03, 0.01, 0.002, 40, 6)
    design = Design(20, 4, 60)
    now = known.detectable(design, alpha=0.01)
    assert known.detectable(design.times(clusters=2), alpha=0.01) < now
    assert known.detectable(design.times(wordings=2), alpha=0.01) < now
