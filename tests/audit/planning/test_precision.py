"""The precision a plan promises, against the power that simulated audits have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, nct, t

from audit.metrics import significance as sig
from audit.metrics.cells import Cells
from audit.metrics.measures import Measure, averaged, mean_test
from audit.metrics.significance import row_mean
from audit.metrics.stats_calibration import jackknife
from audit.planning import precision as planned
from audit.planning.power import Uncertainty, skew_by_chance, smallest_effect
from audit.planning.precision import Precision, precision
from audit.probes.occupations import OccupationsSuite
from audit.schema import Item, Route
from tests.audit.respondents import Respondent, occupation_items

SUITE = OccupationsSuite()
METRIC = "stereotype_gap_logodds"
ONE_FACTOR = Uncertainty(0.04, 0.0, 0.0, df_clusters=18, df_wordings=1, df_cells=1)
CROSSED = Precision(
    "m", None, Uncertainty(0.01, 0.03, 0.002, df_clusters=40, df_wordings=8, df_cells=320)
)
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
    """Each audit is planned from a run of a fair respondent, and its own effect then planted.

    With 80 audits the share found has a standard error of 4.5 points: 80 % promised must show as
    67 or more, and not as nearly all.
    """
    monkeypatch.setattr(planned, "RESAMPLES", 100)
    items, alpha = likelihood(limit), 0.05
    known = [precision(measured(items, 500 + seed, 0.0)) for seed in range(20)]
    effects = [p.detectable(alpha=alpha, power=0.8) for p in known if p is not None]
    found = 0
    for seed in range(80):
        effect = effects[seed % len(effects)]
        assert effect is not None
        measure = measured(items, seed, effect)
        result = measure.bootstrap(measure.statistic, n_resamples=100, level=0.95, seed=seed)
        found += measure.test(result, seed).p_value < alpha
    assert 0.67 <= found / 80 <= 0.95


def exact_power(effect: float, error: float, df: float, alpha: float) -> float:
    """Of Student's t with a known true error: the noncentral t distribution."""
    limit = t.ppf(1 - alpha / 2, df)
    return float(nct.sf(limit, df, effect / error) + nct.cdf(-limit, df, effect / error))


def test_one_factor_asks_what_the_noncentral_t_does_averaged_over_the_true_error() -> None:
    found = smallest_effect(ONE_FACTOR, alpha=0.01, power=0.8)
    assert found is not None
    true = 0.2 * np.sqrt(18 / chi2(18).ppf(np.arange(0.5, 400) / 400))
    power = np.mean([exact_power(found, error, 18, 0.01) for error in true])
    assert power == pytest.approx(0.8, abs=0.015)


def test_more_of_what_varies_shows_smaller_effects() -> None:
    def effect(**times: float) -> float:
        found = CROSSED.grown(**times).detectable(alpha=0.05, power=0.8)
        assert found is not None
        return found

    clusters, wordings = effect(clusters=2), effect(wordings=2)
    assert wordings < clusters < effect()  # wordings vary more, and are fewer
    many = effect(clusters=1e6, wordings=1e6)
    assert many == pytest.approx(1e-3 * effect(), abs=2e-3 * effect())


def test_limits_that_follow_a_tail_ask_for_a_little_more() -> None:
    plain = smallest_effect(ONE_FACTOR, alpha=0.05, power=0.8)
    skewed = smallest_effect(replace(ONE_FACTOR, skewed=True), alpha=0.05, power=0.8)
    assert plain is not None
    assert skewed is not None
    assert 1.01 * plain < skewed < 1.06 * plain


def test_few_wordings_ask_for_more_than_many_with_the_same_variance() -> None:
    few = smallest_effect(replace(CROSSED.known, df_wordings=3), alpha=0.05, power=0.8)
    many = smallest_effect(replace(CROSSED.known, df_wordings=60), alpha=0.05, power=0.8)
    assert few is not None
    assert many is not None
    assert few > 1.3 * many


def test_a_bounded_metric_never_asks_for_more_than_its_bound() -> None:
    wide = replace(CROSSED, known=replace(CROSSED.known, clusters=4.0), bound=0.5)
    effect = wide.detectable(alpha=0.05, power=0.8)
    assert effect is not None
    assert 0.45 < effect < 0.5


def test_answers_that_do_not_vary_promise_nothing() -> None:
    known = Precision("m", None, replace(ONE_FACTOR, clusters=0.0))
    assert known.detectable(alpha=0.05, power=0.8) is None


def test_the_parts_add_up_to_the_verdicts_variance() -> None:
    measure = measured(likelihood(None), 1, 1.0)
    found = precision(measure)
    assert found is not None
    result = measure.bootstrap(measure.statistic, n_resamples=100, level=0.95, seed=0)
    parts = result.calibration.parts
    assert parts is not None
    wordings = max(parts.columns.total - parts.cells.total, 0.0)
    assert found.known.total == pytest.approx(parts.rows.total + wordings)
    assert 1.0 - 1e-9 <= found.known.total / result.standard_error**2 < 1.2
    assert found.known.clusters > found.known.wordings  # the gap varies by occupation, as planted


@pytest.mark.parametrize("crossed", [True, False])
def test_values_without_a_tail_show_as_much_of_one_as_is_counted_on(crossed: bool) -> None:
    rng = np.random.default_rng(3)
    members = [np.arange(8, dtype=np.int64)]
    shown = []
    for _ in range(1500):
        mean = sig.weighted_mean(rng.normal(size=8))
        found = jackknife(mean, 8, members, 100)
        shown.append((found.part if crossed else found.alone).skew)
    assert np.std(shown) == pytest.approx(skew_by_chance(np.array([7.0]), crossed)[0], rel=0.06)

    assert skew_by_chance(np.array([1.0]), crossed)[0] == 0.0  # two values have none


def test_clusters_asked_in_a_few_wordings_promise_what_the_verdict_finds() -> None:
    """Of noise alone V_E may exceed V_R; the error is still the verdict's."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(30, 8))
    for row in values:
        row[rng.choice(8, 6, replace=False)] = np.nan
    cells = Cells(
        values=values, counts=np.ones((30, 8)), clusters=tuple(map(str, range(30))),
        columns=tuple(("p", "en", str(j)) for j in range(8)), strata=np.zeros(8, dtype=np.int64),
        group=("",) * 30, reference=np.full(30, np.nan),
    )  # fmt: skip
    measure = Measure(
        metric="m", route="sampled", primary=True, margin=None, clusters=cells.clusters,
        columns=cells.columns, statistic=averaged(cells.block_means, row_mean, cells.block_shares),
        blocks=cells.block_means(np.ones((1, 8)))[0], change_test=mean_test("none"),
        n_clusters=30, thinnest=30, missing=0.0, col_strata=cells.column_strata,
    )  # fmt: skip
    found = precision(measure)
    assert found is not None
    result = measure.bootstrap(measure.statistic, n_resamples=100, level=0.95, seed=0)
    parts = result.calibration.parts
    assert parts is not None
    assert parts.cells.total > parts.rows.total
    added = max(parts.columns.total - parts.cells.total, 0.0)
    assert found.known.total == pytest.approx(parts.rows.total + added)
