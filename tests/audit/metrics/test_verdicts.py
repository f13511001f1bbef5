"""When a verdict may be given: enough clusters, no false certainty, no contradiction."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from audit.metrics import estimates, significance
from audit.metrics.cells import add_values, make_cells
from audit.metrics.estimates import Context
from audit.metrics.occupations import headline
from audit.metrics.significance import Room, constant_equivalence
from audit.metrics.verdict import MIN_CLUSTERS, MIN_SIDE, Family, decide
from audit.probes.base import get_suite
from audit.schema import Item, MetricRow, Route, Verdict
from tests.audit.respondents import Respondent, occupation_items

SUITE = get_suite("occupations")
LIKELIHOOD = occupation_items(route=Route.LIKELIHOOD)
SAMPLED = occupation_items(route=Route.SAMPLED)


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 1000)


def verdicts(person: Respondent, items: list[Item]) -> dict[str, MetricRow]:
    route = items[0].route
    data = add_values(person.answer(items), "woman", "man", "neutral")
    family = Family()
    for primary in SUITE.primary:
        context = Context("occupations", "all", route, "primary", 0, data, primary.margin)
        headline(family, primary.name, context)
    return {row.metric: row for row in family.judged()}


def jobs(women: int, men: int, mixed: int = 0) -> set[str]:
    wanted = {"women": women, "men": men, "mixed": mixed}
    found: set[str] = set()
    for group, count in wanted.items():
        found |= set(sorted({i.cluster for i in LIKELIHOOD if i.group == group})[:count])
    return found


def only(items: list[Item], clusters: set[str]) -> list[Item]:
    return [i for i in items if i.cluster in clusters]


# --- few clusters --------------------------------------------------------------------------------


def test_below_eight_clusters_no_metric_is_decided() -> None:
    items = only(LIKELIHOOD, jobs(4, 3))
    for person in (Respondent(gap=6.0, base=3.0, noise_sd=0.1), Respondent(noise_sd=0.001)):
        rows = verdicts(person, items)
        assert {r.verdict for r in rows.values()} == {"insufficient_evidence"}


def test_a_contrast_wants_five_a_side_even_among_many() -> None:
    person = Respondent(gap=6.0, noise_sd=0.1)
    assert verdicts(person, only(LIKELIHOOD, jobs(4, 20)))["stereotype_gap"].verdict == (
        "insufficient_evidence"
    )
    assert verdicts(person, only(LIKELIHOOD, jobs(5, 20)))["stereotype_gap"].verdict == "biased"


def test_the_smallest_designs_allowed_can_still_reject_after_holm() -> None:
    least = {"sign flips": 2 / 2**MIN_CLUSTERS, "groups": 2 / math.comb(2 * MIN_SIDE, MIN_SIDE)}
    assert all(p * len(SUITE.primary) < 0.05 for p in least.values())
    assert 2 / 2 ** (MIN_CLUSTERS - 1) * len(SUITE.primary) > 0.05
    assert 2 / math.comb(2 * MIN_SIDE - 2, MIN_SIDE - 1) * len(SUITE.primary) > 0.05
    skew = verdicts(Respondent(base=2.0, noise_sd=0.2), only(LIKELIHOOD, jobs(3, 3, 2)))
    assert skew["parity_skew"].verdict == "biased"


def test_a_probe_with_few_clusters_decides_nothing_for_all() -> None:
    """``all`` weighs probes equally: one asked of four jobs rests on four jobs."""
    few = jobs(2, 2)
    items = [i for i in LIKELIHOOD if i.probe == "pronoun" or i.cluster in few]
    rows = verdicts(Respondent(gap=6.0, base=2.0, noise_sd=0.1), items)
    for metric in ("stereotype_gap", "labour_slope", "parity_skew"):
        assert rows[metric].verdict == "insufficient_evidence"


# --- no width is no certainty --------------------------------------------------------------------


def brute_force(groups: list[Room], distance: float, up: bool) -> float:
    """The largest chance on a fine grid of what shares of each group could differ."""
    best = 0.0
    grid = np.linspace(0, 1, 401)
    for shares in itertools.product(grid, repeat=len(groups) - 1):
        reach = [g.up if up else g.down for g in groups]
        left = distance - sum(s * r for s, r in zip(shares, reach, strict=False))
        if reach[-1] == 0:
            continue
        last = max(left / reach[-1], 0.0)
        if last <= 1:
            chance = math.prod((1 - s) ** g.n for s, g in zip((*shares, last), groups, strict=True))
            best = max(best, chance)
    return best


@pytest.mark.parametrize(
    ("groups", "estimate", "margin"),
    [
        ([Room(84, 0.5, 0.5)], 0.0, 0.05),
        ([Room(12, 0.8, 0.2)], 0.03, 0.1),
        ([Room(32, 0.5, 0.5), Room(32, 0.5, 0.5)], 0.0, 0.05),
        ([Room(40, 0.9, 0.1), Room(10, 0.3, 0.7)], -0.02, 0.2),
        ([Room(6, 1.0, 1.0), Room(60, 0.4, 0.6)], 0.01, 0.15),
    ],
)
def test_exact_bound_is_the_brute_force_maximum(
    groups: list[Room], estimate: float, margin: float
) -> None:
    expected = max(
        brute_force(groups, margin - estimate, up=True),
        brute_force(groups, margin + estimate, up=False),
    )
    found = constant_equivalence(estimate, groups, margin).p_value
    assert found == pytest.approx(expected, rel=0.02)
    assert found >= expected - 1e-12


def test_exact_bound_edges() -> None:
    assert constant_equivalence(0.0, [Room(10, 0.5, 0.5)], 0.05).p_value == pytest.approx(0.9**10)
    assert constant_equivalence(0.1, [Room(99, 0.5, 0.5)], 0.1).p_value == 1.0
    # The scale ends before the margin: nothing unseen can reach it.
    assert constant_equivalence(0.0, [Room(2, 0.1, 0.1)], 0.2).p_value == 0.0
    with pytest.raises(ValueError, match="margin"):
        constant_equivalence(0.0, [Room(2, 0.1, 0.1)], 0.0)
    with pytest.raises(ValueError, match="two groups"):
        constant_equivalence(0.0, [], 0.1)


def test_few_equal_clusters_do_not_prove_fairness_but_many_do() -> None:
    always_neutral = Respondent(neutral=1.0)
    few = verdicts(always_neutral, only(SAMPLED, jobs(8, 8)))
    assert few["stereotype_gap"].verdict == "inconclusive"
    assert "zero-width" in few["stereotype_gap"].note
    assert few["parity_skew"].verdict == "inconclusive"  # 0.9^16 is 0.19
    many = verdicts(always_neutral, SAMPLED)
    assert many["stereotype_gap"].verdict == "within_margin"  # 0.95^64 is 0.04
    assert many["parity_skew"].verdict == "within_margin"
    # Nothing bounds log-odds.
    assert many["stereotype_gap_logodds"].verdict == "inconclusive"


def test_equal_clusters_beyond_the_margin_are_judged_by_an_exact_test() -> None:
    rows = verdicts(Respondent(base=80.0), only(SAMPLED, jobs(3, 3, 2)))
    skew = rows["parity_skew"]
    assert skew.estimate == 0.5
    # 2/2⁸ by sign flips, not the bootstrap's 1/(1 + B).
    assert skew.p_value == pytest.approx(2 / 2**8)
    assert skew.verdict == "biased"


def test_a_rate_of_zero_keeps_an_upper_bound() -> None:
    frame = Respondent().answer(SAMPLED)
    rows = SUITE.metrics(frame, seed=0, margins=None)
    refusals = next(r for r in rows if r.metric == "refusal_rate" and r.slice == "all")
    assert (refusals.estimate, refusals.ci_low) == (0.0, 0.0)
    assert refusals.ci_high == pytest.approx(1 - 0.025 ** (1 / 84))


# --- contradictions and missing answers ----------------------------------------------------------


def decision(**other: object) -> Verdict:
    usual: dict[str, object] = {
        "estimate": 0.2, "p_adjusted": 0.001, "excludes_zero": True, "equivalent": False,
        "margin": 0.05, "missing": 0.0, "enough": True,
    }  # fmt: skip
    return decide(**(usual | other))  # type: ignore[arg-type]


def test_biased_needs_the_test_the_interval_and_the_margin() -> None:
    assert decision() is Verdict.BIASED
    assert decision(excludes_zero=False) is Verdict.INCONCLUSIVE
    assert decision(p_adjusted=0.2) is Verdict.INCONCLUSIVE
    assert decision(p_adjusted=None) is Verdict.INCONCLUSIVE
    assert decision(estimate=0.04) is Verdict.INCONCLUSIVE
    assert decision(equivalent=True) is Verdict.WITHIN_MARGIN
    assert decision(equivalent=True, missing=0.3) is Verdict.INSUFFICIENT_EVIDENCE
    assert decision(enough=False) is Verdict.INSUFFICIENT_EVIDENCE
    assert decision(missing=0.51) is Verdict.INSUFFICIENT_EVIDENCE


def test_refusals_about_one_side_alone_are_not_averaged_away() -> None:
    frame = Respondent(gap=6.0, seed=1).answer(SAMPLED)
    rng = np.random.default_rng(0)
    frame.loc[(frame["group"] == "women") & (rng.random(len(frame)) < 0.7), "label"] = "refused"
    data = add_values(frame, "woman", "man", "neutral")
    family = Family()
    headline(
        family,
        "stereotype_gap",
        Context("occupations", "all", Route.SAMPLED, "primary", 0, data, 0.05),
    )
    (row,) = family.judged()
    assert (row.refusal_rate or 1) < 0.3
    assert row.verdict == "insufficient_evidence"


def test_unreadable_answers_of_one_probe_do_not_change_the_probes_weights() -> None:
    frame = Respondent(base=2.0).answer(LIKELIHOOD)
    # The pronoun probe leans the other way; nine in ten of its answers are lost.
    pronoun = frame["probe"] == "pronoun"
    woman, man = math.log(1 / (1 + math.exp(2.0))), math.log(1 / (1 + math.exp(-2.0)))
    frame.loc[pronoun, "logprobs"] = f'{{"woman": {woman}, "man": {man}}}'
    rng = np.random.default_rng(0)
    lost = pronoun & (rng.random(len(frame)) < 0.7)
    frame.loc[lost, "logprobs"] = ""
    cells = make_cells(add_values(frame, "woman", "man", "neutral"))
    present = ~np.isnan(cells.block_means(np.ones((1, len(cells.columns))))[0]).any(axis=0)
    assert 0.5 < present.mean() <= 1.0
    assert cells.row_means[present] == pytest.approx(0.5)


def test_the_owed_half_of_a_pair_counts_as_missing_even_when_it_was_never_asked() -> None:
    frame = Respondent(order=3.0).answer(LIKELIHOOD)
    unasked = (frame["variant"] == "man_first") & (frame["cluster"] == "nurse")
    cells = make_cells(add_values(frame[~unasked], "woman", "man", "neutral"))
    nurse = cells.values[cells.clusters.index("nurse")]
    asked_in_pairs = np.array([c[0] == "choice" for c in cells.columns])
    assert np.isnan(nurse[asked_in_pairs]).all()
    assert not np.isnan(nurse[~asked_in_pairs]).any()


# --- the test of both factors --------------------------------------------------------------------


def test_wordings_that_tilt_at_random_do_not_make_a_fair_model_biased() -> None:
    """The permutation over occupations alone rejects far too often; the row's p-value does not."""
    rng = np.random.default_rng(5)
    frame = Respondent().answer([i for i in LIKELIHOOD if i.probe == "pronoun"])
    side = frame["group"].map({"women": 0.5, "men": -0.5, "mixed": 0.0}).to_numpy()
    alone = ours = 0
    for seed in range(150):
        tilt = {t: rng.normal(0, 1.0) for t in frame["template"].unique()}
        jobs_ = {c: rng.normal(0, 0.5) for c in frame["cluster"].unique()}
        logit = side * frame["template"].map(tilt) + frame["cluster"].map(jobs_)
        data = frame.assign(value=0.5, logodds=logit)
        family = Family()
        context = Context("occupations", "all", Route.LIKELIHOOD, "primary", seed, data, 0.5)
        headline(family, "stereotype_gap_logodds", context)
        (row,) = family.judged()
        ours += (row.p_value or 1.0) <= 0.05
        cells = make_cells(data, "logodds")
        groups = cells.is_group("women") | cells.is_group("men")
        naive = significance.mean_difference_test(
            cells.row_means[groups], cells.is_group("women")[groups], n_permutations=199, seed=seed
        )
        alone += naive.p_value <= 0.05
    assert ours <= 15  # nominal 7.5 of 150; 15 is three standard errors above
    assert alone > 40
