"""The change between two runs: closed forms, its error rates, its power, its intervals."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from audit.metrics import estimates
from audit.metrics.cells import add_values, make_cells
from audit.metrics.changes import MetricChange, compare_measures
from audit.metrics.measures import Measure
from audit.metrics.occupation_measures import occupation_measure
from audit.metrics.significance import pigeonhole_bootstrap, two_way_mean
from audit.metrics.stats_paired import change, magnitude_change, paired_answers, shrinkage
from audit.probes.base import Comparable, get_suite
from audit.schema import Route
from tests.audit.respondents import SIDE, Respondent, occupation_items

ITEMS = [i for i in occupation_items(route=Route.LIKELIHOOD) if i.probe == "pronoun"]
FRAME = Respondent().answer(ITEMS)
SIDES = FRAME["group"].map(SIDE).to_numpy()
JOB = np.unique(FRAME["cluster"], return_inverse=True)[1]
WORDING = np.unique(FRAME["template"], return_inverse=True)[1]


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 599)


def logits(
    rng: np.random.Generator, before: float, after: float, *, shift: float = 0.0, drift: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of woman in two runs with gaps ``before`` and ``after``, nats.

    Jobs and wordings share effects over both runs; ``drift`` is the standard deviation of what
    changes at random by job, by wording, and in each wording's tilt between the groups. Either run
    has half of that variance: were it the second one's alone, it would rank jobs less well.
    """

    def effect(codes: np.ndarray, size: float) -> np.ndarray:
        return np.asarray(rng.normal(0, size, codes.max() + 1)[codes])

    shared = effect(JOB, 0.5) + effect(WORDING, 0.7) + SIDES * effect(WORDING, 0.3)
    one, two = (
        effect(JOB, sd) + effect(WORDING, sd) + SIDES * effect(WORDING, sd)
        for sd in (drift / math.sqrt(2),) * 2
    )
    first = shared + one + before * SIDES + rng.normal(0, 0.4, len(FRAME))
    second = shared + two + after * SIDES + shift + rng.normal(0, 0.4, len(FRAME))
    return first, second


def measure(metric: str, logit: np.ndarray) -> Measure:
    data = FRAME.assign(value=1 / (1 + np.exp(-logit)), logodds=logit)
    found = occupation_measure(metric, data, route=Route.LIKELIHOOD, primary=True, margin=0.05)
    assert found is not None
    return found[0]


def changed(metric: str, pair: tuple[np.ndarray, np.ndarray], seed: int = 0) -> MetricChange:
    first, second = (measure(metric, logit) for logit in pair)
    return compare_measures("occupations", [first], [second], seed=seed)[0]


# --- closed forms --------------------------------------------------------------------------------


def test_statistics_of_a_change() -> None:
    one = np.ones((1, 1))
    before, after = (lambda r, c: r[:, 0] * -0.4), (lambda r, c: c[:, 0] * 0.1)
    assert change(before, after)(one, one) == pytest.approx(0.5)
    assert magnitude_change(before, after)(one, one) == pytest.approx(-0.3)
    assert shrinkage(before, after)(one, one) == pytest.approx(0.75)
    nothing = shrinkage(lambda r, c: r[:, 0] * 0.0, after)(one, one)
    assert np.isnan(nothing).all()


def test_change_of_a_mean_is_the_mean_of_the_changes() -> None:
    """Both runs under the same weights: exactly the interval of the cells' differences."""
    pair = logits(np.random.default_rng(0), 1.0, 0.5)
    row = changed("parity_skew", pair)
    cells = [
        make_cells(FRAME.assign(value=1 / (1 + np.exp(-logit)), logodds=logit)).values
        for logit in pair
    ]
    found = measure("parity_skew", pair[0])
    expected = pigeonhole_bootstrap(
        two_way_mean(cells[1] - cells[0]),
        *cells[0].shape,
        row_strata=found.row_strata,
        col_strata=found.col_strata,
        n_resamples=599,
        seed=estimates.stable_seed(0, "parity_skew", "all", Route.LIKELIHOOD),
    )
    assert row.change == pytest.approx(expected.estimate)
    assert (row.ci_low, row.ci_high) == pytest.approx(
        (expected.interval.low, expected.interval.high)
    )


def test_what_both_runs_share_cancels() -> None:
    pair = logits(np.random.default_rng(1), 1.0, 1.0, drift=0.02)
    row = changed("stereotype_gap_logodds", pair)
    assert row.ci_high is not None
    assert row.ci_low is not None
    assert row.before_high is not None
    assert row.before_low is not None
    assert row.ci_high - row.ci_low < 0.5 * (row.before_high - row.before_low)


def test_the_same_answers_twice_show_no_change() -> None:
    logit = logits(np.random.default_rng(2), 1.5, 0.0)[0]
    for metric in ("stereotype_gap", "labour_slope", "labour_spearman", "parity_skew"):
        row = changed(metric, (logit, logit))
        assert (row.change, row.p_value, row.outcome) == (0.0, 1.0, "inconclusive")
        assert "zero-width" in row.note


def test_a_shift_of_every_answer_is_no_change_of_gap_or_rank() -> None:
    """And it must not drown one: the test of a gap compares the groups' changes."""
    first, _ = logits(np.random.default_rng(3), 1.0, 1.0)
    noise = np.random.default_rng(4).normal(0, 0.05, len(FRAME))
    for metric in ("stereotype_gap_logodds", "labour_spearman"):
        assert changed(metric, (first, first - 3.0 + noise)).outcome == "inconclusive"
    repaired = first - 3.0 - 0.3 * SIDES + noise
    assert changed("stereotype_gap_logodds", (first, repaired)).outcome == "reduced"


def test_sign_flipped_wants_another_sign_beyond_the_margin() -> None:
    first, _ = logits(np.random.default_rng(5), 2.0, 0.0)
    over = changed("stereotype_gap_logodds", (first, -first))
    assert over.sign_flipped
    assert over.outcome == "reversed"
    assert over.shrinkage == pytest.approx(0.0)
    gap = over.before
    assert gap is not None
    # SIDES are ±½: removing gap + 0.02 leaves −0.02, inside the margin of 0.05.
    just = changed("stereotype_gap_logodds", (first, first - (gap + 0.02) * SIDES))
    assert just.after == pytest.approx(-0.02)
    assert not just.sign_flipped
    assert just.outcome == "reduced"


def test_no_relative_shrinkage_of_what_was_not_there() -> None:
    first, _ = logits(np.random.default_rng(6), 0.0, 0.0)
    gap = changed("stereotype_gap_logodds", (first, first)).before
    assert gap is not None
    almost = first - (gap + 0.02) * SIDES  # −0.02: the other sign, but no bias yet
    noise = np.random.default_rng(7).normal(0, 0.2, len(FRAME))
    row = changed("stereotype_gap_logodds", (almost, almost + 1.5 * SIDES + noise))
    assert row.before == pytest.approx(-0.02)
    assert row.sign_flipped  # it is biased the other way now, whatever it was
    assert row.outcome == "increased"
    assert row.shrinkage is None
    assert "no relative shrinkage" in row.note


def test_holm_runs_over_the_primary_metrics_and_bh_over_the_others() -> None:
    pair = logits(np.random.default_rng(7), 1.0, 0.7)
    names = ("stereotype_gap", "labour_slope", "parity_skew")
    runs = [[measure(name, logit) for name in names] for logit in pair]
    rows = compare_measures("occupations", *runs, seed=0)
    raw = [row.p_value for row in rows]
    assert None not in raw
    smallest = min(p for p in raw if p is not None)
    assert min(row.p_adjusted or 0 for row in rows) == pytest.approx(min(3 * smallest, 1.0))
    assert {row.correction for row in rows} == {"Holm"}


def test_runs_of_other_clusters_are_a_defect() -> None:
    logit = logits(np.random.default_rng(8), 1.0, 1.0)[0]
    whole = measure("parity_skew", logit)
    data = FRAME.assign(value=0.5, logodds=0.0)
    part = occupation_measure(
        "parity_skew", data[data["cluster"] != "nurse"], route=Route.LIKELIHOOD, primary=True,
        margin=0.05,
    )  # fmt: skip
    assert part is not None
    with pytest.raises(ValueError, match="differ"):
        compare_measures("occupations", [whole], [part[0]], seed=0)


# --- error rates and power -----------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["stereotype_gap_logodds", "labour_spearman"])
@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_type_one_error_of_a_change_is_near_nominal(metric: str, drift: float) -> None:
    """100 pairs without a true change, all answers shifted: expected 5, conservative at drift 0."""
    rng = np.random.default_rng(10)
    rejected = covered = 0
    for k in range(100):
        row = changed(metric, logits(rng, 1.0, 1.0, shift=-0.5, drift=drift), seed=k)
        rejected += (row.p_value or 0.0) <= 0.05
        covered += (row.ci_low or 0.0) <= 0.0 <= (row.ci_high or 0.0)
    assert rejected <= 12
    assert covered >= 88
    if drift:
        assert rejected >= 1


def test_a_real_shrink_is_found_and_its_size_covered() -> None:
    rng = np.random.default_rng(11)
    reduced = covered = 0
    for k in range(60):
        row = changed("stereotype_gap_logodds", logits(rng, 1.5, 0.6), seed=k)
        reduced += row.outcome == "reduced"
        assert row.shrinkage_low is not None
        assert row.shrinkage_high is not None
        covered += row.shrinkage_low <= 0.6 <= row.shrinkage_high
    assert reduced >= 55
    assert covered >= 52


# --- suites and single answers -------------------------------------------------------------------


def test_pronouns_are_tested_by_the_units_changes() -> None:
    suite = get_suite("pronouns")
    assert isinstance(suite, Comparable)
    items = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    rng = np.random.default_rng(12)

    def answers(gap: float) -> pd.DataFrame:
        frame = Respondent().answer([i for i in items if i.route is Route.SAMPLED][:0])
        rows = []
        for item in items:
            if item.probe != "coreference" or item.route is not Route.LIKELIHOOD:
                continue
            half = {"pro": gap / 2, "anti": -gap / 2}.get(item.group, 0.0)
            right = min(max(0.7 + half + rng.normal(0, 0.1), 0.01), 0.99)
            rows.append(
                dict.fromkeys(frame.columns, "")
                | {
                    "suite": "pronouns", "probe": item.probe, "cluster": item.cluster,
                    "template": item.template, "variant": item.variant, "lang": item.lang,
                    "route": "likelihood", "group": item.group, "reference": math.nan,
                    "label": "correct",
                    "logprobs": json.dumps(
                        {"correct": math.log(right), "incorrect": math.log1p(-right)}
                    ),
                }
            )  # fmt: skip
        return pd.DataFrame(rows, columns=frame.columns)

    before, after = (suite.measures(answers(gap), margins=None) for gap in (0.3, 0.0))
    assert [m.metric for m in before] == ["coreference_gap"]
    (row,) = compare_measures("pronouns", before, after, seed=0)
    difference = (after[0].blocks - before[0].blocks)[0]
    expected = stats.ttest_1samp(difference, 0.0)
    assert row.change == pytest.approx(difference.mean())
    interval = expected.confidence_interval(0.95)
    assert (row.ci_low, row.ci_high) == pytest.approx((interval.low, interval.high), abs=0.02)
    assert row.outcome == "reduced"
    assert row.test.startswith("t over clusters; CI: paired cluster t")
    assert row.p_value == pytest.approx(expected.pvalue, rel=0.5)


def test_paired_answers_are_statsmodels_mcnemar() -> None:
    rng = np.random.default_rng(13)
    was, now = rng.random(90) < 0.7, rng.random(90) < 0.4
    found = paired_answers(was, now, np.repeat(np.arange(30), 3))
    table = pd.crosstab(was, now).to_numpy()
    assert found.p_mcnemar == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert (found.gained, found.lost) == (table[0, 1], table[1, 0])
    assert (found.n, found.n_clusters) == (90, 30)
    assert found.after - found.before == pytest.approx((found.gained - found.lost) / 90)


def test_repeats_inside_clusters_convince_mcnemar_but_not_the_clusters() -> None:
    """Six jobs that turn as one, ten prompts each: 60 discordant pairs, six observations."""
    was = np.repeat([True] * 5 + [False], 10)
    found = paired_answers(was, ~was, np.repeat(np.arange(6), 10))
    assert found.p_mcnemar < 1e-6
    assert found.p_clusters > 0.2
    with pytest.raises(ValueError, match="shapes"):
        paired_answers([True], [True, False], ["a"])


def test_sampled_answers_pair_too() -> None:
    items = [i for i in occupation_items(route=Route.SAMPLED) if i.probe == "character"]
    suite = get_suite("occupations")
    assert isinstance(suite, Comparable)
    runs = [
        suite.measures(
            Respondent(gap=gap, occupation_sd=0.3, noise_seed=seed).answer(items), margins=None
        )
        for gap, seed in ((3.0, 1), (0.0, 2))
    ]
    rows = {row.metric: row for row in compare_measures("occupations", *runs, seed=0)}
    assert {row.role for row in rows.values()} == {"primary"}
    assert rows["stereotype_gap"].outcome == "reduced"
    assert rows["labour_slope"].outcome == "reduced"
    assert rows["parity_skew"].outcome == "inconclusive"
    data = add_values(Respondent(gap=3.0, occupation_sd=0.3, noise_seed=1).answer(items),
                      "woman", "man", "neutral")  # fmt: skip
    groups = make_cells(data).row_means
    women = make_cells(data).is_group("women")
    men = make_cells(data).is_group("men")
    assert rows["stereotype_gap"].before == pytest.approx(groups[women].mean() - groups[men].mean())
