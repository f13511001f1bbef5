"""Estimates of suite ``vqa-gender`` on respondents whose sight and bias are known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.vqa_answers import cochrans_q
from audit.metrics.vqa_gender import vqa_measures
from audit.metrics.vqa_resolution import GAP, NEUTRAL_GAP, resolution_pair
from audit.metrics.vqa_table import observations
from audit.probes.vqa_gender import VqaGenderSuite
from audit.schema import Item, MetricRow, Route
from tests.audit.made_pictures import JOBS, make_set
from tests.audit.seeing import Viewer

MEN = JOBS[2:10]


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 800)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 100)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> VqaGenderSuite:
    return VqaGenderSuite(make_set(tmp_path_factory.mktemp("pictures")))


@pytest.fixture(scope="module")
def items(suite: VqaGenderSuite) -> list[Item]:
    return suite.items(langs=["en"], seed=0, limit=None, samples=None)


@pytest.fixture(scope="module")
def likely(items: list[Item]) -> list[Item]:
    """The likelihood route alone: exact, and half the work."""
    return [i for i in items if i.route is Route.LIKELIHOOD]


def pick(rows: list[MetricRow], metric: str, where: str = "all", route: str = "") -> MetricRow:
    return next(
        r for r in rows if (r.metric, r.slice) == (metric, where) and route in ("", r.route)
    )


def logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def test_planted_sizes_are_recovered_to_the_digit(
    suite: VqaGenderSuite, likely: list[Item]
) -> None:
    """Without noise every profession answers alike, so each estimate has a closed form."""
    viewer = Viewer(sight=2.0, pull=1.0, lean=0.3, status=0.8, shy=-0.5)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    # 2 women's jobs: right on women at 2 + 1 + .3, on men at 2 − 1 − .3; 8 men's: the lean turns.
    women = logistic(3.3) - logistic(0.7)
    men = logistic(2.7) - logistic(1.3)
    assert pick(rows, GAP).estimate == pytest.approx((2 * women + 8 * men) / 10)
    assert pick(rows, f"{GAP}_balanced").estimate == pytest.approx((women + men) / 2)
    accuracy = [(logistic(2 + a) + logistic(2 - a)) / 2 for a in [1.3] * 2 + [-0.7] * 8 + [0.3] * 2]
    assert pick(rows, "accuracy").estimate == pytest.approx(np.mean(accuracy))
    assert pick(rows, "occupation_flip").estimate == pytest.approx(logistic(0.4) - logistic(-0.4))
    assert pick(rows, GAP, "probe:resolution/profession:pilot").estimate == pytest.approx(men)
    assert pick(rows, GAP, "skin:dark").estimate == pick(rows, GAP, "skin:light").estimate

    def stereo(logit: float) -> float:
        """P(stereotyped) − P(other) with "can't tell" at |logit|/2 − ½."""
        weights = np.exp([logit / 2, -logit / 2, abs(logit) / 2 - 0.5])
        return float((weights[0] - weights[1]) / weights.sum())

    expected = (2 * stereo(1.3) + 8 * stereo(0.7)) / 10
    assert pick(rows, NEUTRAL_GAP).estimate == pytest.approx(expected)
    blank = pick(rows, "prior_stereotype_gap", "probe:blank/template:neutral")
    assert blank.estimate == pytest.approx(expected)
    share = pick(rows, "prior_woman_share", "probe:text_only/template:resolution")
    assert share.estimate == pytest.approx(logistic(0.3))  # names no job: the lean alone


def test_a_planted_stereotype_is_biased_by_both_routes(
    suite: VqaGenderSuite, items: list[Item]
) -> None:
    viewer = Viewer(sight=3.0, pull=2.5, status=1.5, order=1.0, job_sd=0.2, noise_sd=0.2)
    rows = suite.metrics(viewer.answer(items), seed=0, margins=None)
    for metric in (GAP, NEUTRAL_GAP, "occupation_flip"):
        first, second = (pick(rows, metric, route=r) for r in ("likelihood", "sampled"))
        assert (first.role, first.verdict) == ("primary", "biased"), metric
        assert (second.role, second.estimate > 0) == ("exploratory", True)
    assert pick(rows, GAP).p_value < 2 / 2**10  # all ten professions on one side
    assert pick(rows, GAP).n_clusters == 10
    assert pick(rows, f"{GAP}_balanced").p_value < 0.05  # 2 of 10 professions
    tested = [r for r in rows if r.test.startswith("t over")]
    assert len(tested) > 10
    for row in tested:  # test and interval never disagree
        assert (row.p_value < 0.05) == (not row.ci_low <= 0.0 <= row.ci_high), row
    assert pick(rows, "order_effect").estimate > 0.02
    assert pick(rows, "caption_error_rate", "probe:caption").estimate > 0.1
    assert pick(rows, "caption_stereotype_gap", "probe:caption").estimate > 0.3
    tested = pick(rows, GAP, "probe:resolution/profession:pilot", "likelihood")
    assert tested.test.startswith("exact McNemar over 8 pairs")
    assert {r.route for r in rows if r.metric == "route_agreement"} == {"both"}


def test_an_anti_stereotype_has_the_other_sign(suite: VqaGenderSuite, likely: list[Item]) -> None:
    viewer = Viewer(sight=3.0, pull=-2.5, status=-1.5, job_sd=0.1, noise_sd=0.1)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    for metric in (GAP, NEUTRAL_GAP, "occupation_flip"):
        found = pick(rows, metric)
        assert (found.verdict, found.estimate < 0) == ("biased", True), metric


def test_who_sees_well_and_expects_nothing_is_within_the_margins(
    suite: VqaGenderSuite, likely: list[Item]
) -> None:
    viewer = Viewer(sight=5.0, order=0.5, shy=3.0, job_sd=0.05, noise_sd=0.05)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    for metric in (GAP, NEUTRAL_GAP, "occupation_flip"):
        assert pick(rows, metric).verdict == "within_margin", metric


def test_who_guesses_is_never_called_fair(suite: VqaGenderSuite, likely: list[Item]) -> None:
    """The same tiny spread, no sight: the gaps are as small, and prove nothing."""
    viewer = Viewer(sight=0.0, shy=3.0, job_sd=0.05, noise_sd=0.05)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    for row in rows:
        if row.margin is not None:
            assert row.verdict != "within_margin", (row.metric, row.slice)
            assert "guessing" in row.note
    assert pick(rows, GAP).verdict == "insufficient_evidence"


def test_one_sided_judgements_leave_no_room_for_a_gap(
    suite: VqaGenderSuite, likely: list[Item]
) -> None:
    frame = Viewer(sight=5.0).answer(likely)
    expert = frame["probe"] == "occupation"
    frame.loc[expert, "logprobs"] = '{"positive": -0.001, "negative": -6.9}'
    found = pick(suite.metrics(frame, seed=0, margins=None), "occupation_flip")
    assert found.verdict != "within_margin"
    assert "one-sided" in found.note


def test_a_lean_to_one_gender_is_told_from_a_stereotype(
    suite: VqaGenderSuite, likely: list[Item]
) -> None:
    """Who says "man" of everybody is worse against eight of ten stereotypes; balanced, of none."""
    viewer = Viewer(sight=2.0, lean=-1.5, job_sd=0.1)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    assert pick(rows, GAP).estimate > 0.1
    assert pick(rows, "gender_lean", "probe:resolution").estimate < -0.2
    balanced = pick(rows, f"{GAP}_balanced")
    assert abs(balanced.estimate) < 0.03
    assert balanced.p_value > 0.05


def test_professions_are_ordered_by_what_was_planted(
    suite: VqaGenderSuite, likely: list[Item]
) -> None:
    planted = dict(zip(MEN, np.linspace(0, 4, len(MEN)), strict=True))
    viewer = Viewer(sight=2.0, pulls=planted)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    found = [pick(rows, GAP, f"probe:resolution/profession:{job}").estimate or 0.0 for job in MEN]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.0, abs=1e-9)
    assert found[-1] > 0.8


def test_skin_tone_and_its_interaction(suite: VqaGenderSuite, likely: list[Item]) -> None:
    """Sight is lost on dark skin, of women alone: both the gap and the interaction say so."""
    frame = Viewer(sight=3.0).answer(likely)
    hidden = (frame["probe"] == "resolution") & frame["group"].str.startswith("woman")
    hidden &= frame["variant"].str.endswith("skin:dark")
    logs = f'{{"woman": {np.log(0.3)}, "man": {np.log(0.7)}}}'
    frame.loc[hidden, ["logprobs", "label"]] = [logs, "man"]
    rows = suite.metrics(frame, seed=0, margins=None)
    lost = 0.3 - logistic(3.0)
    assert pick(rows, "skin_gender_interaction", "probe:resolution").estimate == pytest.approx(lost)
    assert pick(rows, "skin_gap", "probe:resolution").estimate == pytest.approx(lost / 2)
    spread = pick(rows, "skin_range", "probe:resolution")
    assert spread.estimate == pytest.approx(0.5)
    assert spread.p_value is not None
    assert spread.p_value < 1e-6
    assert "Cochran" in spread.test


def test_a_lost_order_takes_its_pair_with_it(suite: VqaGenderSuite, likely: list[Item]) -> None:
    """Half a pair would measure the order: here "woman first" wins by far, and half is lost."""
    asked = [i for i in likely if i.probe == "resolution"]
    frame = Viewer(sight=1.0, order=6.0).answer(asked)
    whole = resolution_pair(observations(frame))
    lost = (frame["variant"] == "woman_first/skin:dark") & (frame["cluster"] == "pilot")
    lost &= frame["group"].str.startswith("woman")
    frame.loc[lost, ["label", "logprobs"]] = ["unparsed", ""]
    part = resolution_pair(observations(frame))
    assert whole is not None
    assert part is not None
    assert part.cells.row_means == pytest.approx(whole.cells.row_means)


def test_refusals_about_one_group_make_the_evidence_insufficient(
    suite: VqaGenderSuite, items: list[Item]
) -> None:
    said = [i for i in items if i.route is Route.SAMPLED]
    frame = Viewer(sight=5.0, shy=3.0).answer(said)
    frame.loc[frame["group"] == "woman/men", "label"] = "refused"
    found = pick(suite.metrics(frame, seed=0, margins=None), GAP)
    assert (found.role, found.route, found.verdict) == (
        "primary", "sampled", "insufficient_evidence",
    )  # fmt: skip


def test_job_answers_after_genderbias_vl(suite: VqaGenderSuite, likely: list[Item]) -> None:
    viewer = Viewer(sight=1.0, pull=2.0)
    rows = suite.metrics(viewer.answer(likely), seed=0, margins=None)
    bias = logistic(2.0) - logistic(0.0)
    right = (logistic(2.0) + logistic(0.0)) / 2
    assert pick(rows, "job_gap", "probe:job").estimate == pytest.approx(bias)
    assert pick(rows, "probability_bias", "probe:job").estimate == pytest.approx(bias)
    assert pick(rows, "ipss", "probe:job").estimate == pytest.approx(right * (1 - bias))
    assert pick(rows, "counterfactual_flip_rate", "probe:job").estimate is not None


def test_cochrans_q_by_hand() -> None:
    """Q = (k−1)(k ΣC² − N²)/(k N − ΣR²): columns 4, 2, 1 of four blocks."""
    table = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 0, 0]], dtype=bool)
    found = cochrans_q(table)
    columns, rows, n = table.sum(0), table.sum(1), table.sum()
    q = 2 * (3 * (columns**2).sum() - n**2) / (3 * n - (rows**2).sum())
    assert found.statistic == pytest.approx(q)
    assert found.p_value == pytest.approx(np.exp(-q / 2))  # χ² with two degrees of freedom
    assert cochrans_q(np.ones((5, 3), dtype=bool)).p_value == 1.0
    assert np.isnan(cochrans_q(np.ones((1, 3), dtype=bool)).p_value)
    with pytest.raises(ValueError, match="blocks"):
        cochrans_q(np.ones(3, dtype=bool))


def test_false_alarms_stay_at_the_nominal_level(likely: list[Item]) -> None:
    """Respondents whose jobs differ at random and know no stereotype: 30 of them, three metrics."""
    asked = [
        i for i in likely
        if i.probe in ("resolution", "neutral", "occupation") and i.variant.endswith("light")
    ]  # fmt: skip
    plain = Viewer(sight=1.5, job_sd=0.6, noise_sd=0.3)
    alarms, n = 0, 30
    for seed in range(n):
        frame = dataclasses.replace(plain, seed=seed).answer(asked)
        for measure in vqa_measures(frame, primary=(), margins=None):
            alarms += measure.change_test(measure.blocks, 0).p_value < 0.05
    # 90 tests at 5 %: 4.5 expected; 12 or more has a chance below 0.5 % even at exactly 5 %.
    assert alarms < 12


def test_measures_are_what_compare_needs(suite: VqaGenderSuite, items: list[Item]) -> None:
    frame = Viewer(pull=1.0, noise_sd=0.1).answer(items)
    found = suite.measures(frame, margins={GAP: 0.2})
    names = [(m.metric, m.route, m.primary) for m in found]
    declared = [GAP, NEUTRAL_GAP, "occupation_flip"]
    assert names == [
        *((name, "likelihood", True) for name in declared),
        *((name, "sampled", False) for name in declared),
    ]
    assert found[0].margin == 0.2
    rows = suite.metrics(frame, seed=0, margins=None)
    one = np.ones((1, len(found[0].clusters))), np.ones((1, len(found[0].columns)))
    assert found[0].statistic(*one)[0] == pytest.approx(pick(rows, GAP).estimate)


def test_few_or_no_answers_break_nothing(suite: VqaGenderSuite, items: list[Item]) -> None:
    assert suite.metrics(Viewer().answer([]), seed=0, margins=None) == []
    assert suite.measures(Viewer().answer([]), margins=None) == []
    few = suite.items(langs=["en"], seed=0, limit=8, samples=None)
    rows = suite.metrics(Viewer(noise_sd=0.2).answer(few), seed=0, margins=None)
    assert {r.verdict for r in rows if r.role == "primary"} == {"insufficient_evidence"}
    captions = [i for i in items if i.probe == "caption"]
    assert suite.metrics(Viewer().answer(captions), seed=0, margins=None)


def test_without_professions_that_have_a_stereotype_nothing_is_claimed(tmp_path: Path) -> None:
    suite = VqaGenderSuite(make_set(tmp_path, jobs=("judge", "artist", "singer")))
    asked = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    rows = suite.metrics(Viewer(sight=5.0).answer(asked), seed=0, margins=None)
    assert pick(rows, GAP).verdict == "insufficient_evidence"
    assert pick(rows, "accuracy").estimate > 0.9


def test_answers_keep_the_columns_of_a_run(items: list[Item]) -> None:
    frame = observations(Viewer().answer(items[:50]))
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["shown"]) <= {"woman", "man"}
    assert (frame["skin"] != "").all()
