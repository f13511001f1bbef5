"""`audit plan`: counts are the run's, time is arithmetic, the command says what it assumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.planning import rate
from audit.planning.counts import count
from audit.planning.needed import Instead
from audit.planning.plan import Plan
from audit.planning.plan import make_plan as plan_of
from audit.planning.precision import Gain
from audit.planning.rate import Rate
from audit.planning.table import print_plan
from audit.probes.base import get_suite
from audit.requests import build_requests
from audit.runner import RunOptions, collect_items
from core.errors import UsageProblem
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run
from tests.core.fake_server import FakeServer

OPTIONS = RunOptions("", ("occupations", "pronouns"), langs=("en", "zh"), limit=60)


def make_plan(options: RunOptions, **more: Any) -> Plan:
    return plan_of(*collect_items(options), **more)


def occupations(limit: int | None) -> RunOptions:
    return RunOptions("", ("occupations",), limit=limit)


def test_requests_are_those_of_the_run() -> None:
    _, items = collect_items(OPTIONS)
    asked = build_requests(items, seed=0)
    rows = count(items)
    assert sum(row.requests for row in rows) == len(asked)
    assert sum(r.requests for r in rows if r.route == "likelihood") == len(asked.score)
    assert all(row.generated_tokens == 0 for row in rows if row.route == "likelihood")


def test_time_is_requests_by_rate() -> None:
    plan = make_plan(OPTIONS, rate=Rate(scored=10.0, sampled=4.0, load=7.0, source="x"))
    scored = sum(row.requests for row in plan.counts if row.route == "likelihood")
    assert plan.seconds == pytest.approx(7 + scored / 10 + (plan.requests - scored) / 4)
    assert make_plan(OPTIONS).seconds is None


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_is_a_number_above_0(wrong: float) -> None:
    with pytest.raises(UsageProblem):
        rate.told(wrong)


def test_every_primary_metric_has_its_smallest_effect_and_less_limit_a_smaller_one() -> None:
    small = make_plan(occupations(120))
    full = make_plan(occupations(None))
    for one, other in zip(small.detectable, full.detectable, strict=True):
        assert one.metric == other.metric
        assert one.effect is not None
        assert other.effect is not None
        assert other.more_clusters is not None
        assert one.effect > other.effect > 0
        # Where wordings are what varies, more clusters change nothing.
        assert 1.02 * other.effect > other.more_clusters > 0
        assert one.alpha == pytest.approx(0.01)


def test_too_few_questions_for_an_interval_promise_nothing() -> None:
    plan = make_plan(occupations(8))
    found = plan.detectable
    assert any("too few for an interval" in note for note in plan.notes)
    assert [row.metric for row in found] == [p.name for p in get_suite("occupations").primary]
    assert any(row.effect is None for row in found)


def test_every_text_suite_with_questions_of_its_own_is_known() -> None:
    suites = ("names", "attributes", "tone")
    plan = make_plan(RunOptions("", suites, langs=("en", "zh")))
    known = {(row.suite, row.metric) for row in plan.detectable if row.effect is not None}
    for name in suites:
        assert any(suite == name for suite, _ in known)
    assert {metric for suite, metric in known if suite == "tone"} == {
        f"{kind}_gap_{axis}"
        for kind in ("sentiment", "refusal")
        for axis in ("gender", "ethnicity", "age")
    }


def test_the_command(tmp_path: Path) -> None:
    done = audit("plan", "--suite", "occupations", "--rate", "20")
    assert done.returncode == 0, done.stderr
    assert "2,856 requests" in done.stdout
    assert "about 2 min (by --rate)" in done.stdout
    assert "stereotype_gap_logodds" in done.stdout
    run = write_run(tmp_path / "run", answers(1.0, 1))
    like = audit("plan", "--suite", "occupations,pronouns", "--like", str(run), "--json")
    content = json.loads(like.stdout)
    assert content["assumed"] == str(run)
    assert {row["suite"] for row in content["detectable"]} == {"occupations"}
    assert any("nothing is known of how answers to pronouns vary" in n for n in content["notes"])
    assert any("of the questions of occupations are answered" in n for n in content["notes"])
    wrong = audit("plan", "--suite", "nope")
    assert wrong.returncode == 2
    assert "nope" in one_sentence(wrong.stderr)


def test_more_samples_gain_by_sampling_alone() -> None:
    plan = make_plan(RunOptions("", ("occupations", "pronouns", "tone"), langs=("en",)))
    rows = {row.metric: row for row in plan.detectable}
    scored = rows["stereotype_gap"]
    assert (scored.gain, scored.more_samples) == (Gain.NOTHING, scored.effect)
    drawn = rows["refusal_gap_age"]
    assert drawn.gain is Gain.AT_MOST  # one answer a question is kept
    assert drawn.effect is not None
    assert drawn.more_samples is not None
    assert drawn.effect / 2**0.5 < drawn.more_samples < drawn.effect
    # Its wordings are too few to be a sample: what others give is not known.
    assert rows["misgendering_gap"].more_samples is not None
    assert rows["misgendering_gap"].more_wordings is None


def test_planned_samples_count() -> None:
    one, two = (make_plan(RunOptions("", ("tone",), langs=("en",), samples=n)) for n in (1, 2))
    for few, more in zip(one.detectable[3:], two.detectable[3:], strict=True):
        assert more.effect == few.more_samples
        assert (few.at_best, more.at_best) == (False, True)
    assert two.requests == 2 * one.requests
    assert any("tone has 1 of the 2 samples a question" in note for note in two.notes)


def test_a_model_without_log_probabilities_is_asked_and_judged_by_sampling() -> None:
    plan = make_plan(occupations(None), scores=False)
    assert {row.route for row in plan.counts} == {"sampled"}
    assert {row.route for row in plan.detectable} == {"sampled"}
    assert any("likelihood questions are left out" in note for note in plan.notes)


@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("told", [None, 20.0])
def test_a_server_is_asked_whether_it_scores(scores: bool, told: float | None) -> None:
    suites, items = collect_items(RunOptions("", ("pronouns",), limit=24))
    with FakeServer(can_score=scores) as server:
        speed, found = rate.rate_and_scores(
            f"openai:fake@{server.url}", items, backend="auto", seed=0, like=None, rate=told
        )
    assert found is scores
    assert speed is not None
    plan = plan_of(suites, items, rate=speed, scores=found)
    routes = {"likelihood", "sampled"} if scores else {"sampled"}
    assert {row.route for row in plan.counts} == routes
    assert plan.seconds is not None
    assert 0 < plan.seconds < 60


def test_pictures_are_not_known_of_a_model_that_sees_none() -> None:
    plan = make_plan(RunOptions("", ("vqa-gender",), limit=40))
    assert plan.detectable == []
    assert any("vqa-gender vary: the answers kept are of a model that" in n for n in plan.notes)


def test_the_tables_fit_into_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    suites = ("occupations", "attributes", "tone")
    print_plan(make_plan(RunOptions("", suites, langs=("en", "zh")), effect="margin"))
    lines = capsys.readouterr().out.splitlines()
    tables = [line for line in lines if line.startswith(("  ", " ─"))]
    assert sum("stereotype_gap " in line for line in tables) == 2
    assert any("→ ≥" in line for line in tables)
    assert max(map(len, tables)) <= 100
    assert not any("…" in line for line in tables)


def test_what_is_told_below_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(make_plan(occupations(None)))
    told = capsys.readouterr().out
    assert "`biased` also needs an estimate beyond the margin" in told
    assert "a small model" in told
    assert "what it takes" not in told
    assert "≥" not in told  # likelihoods: nothing is at best


def test_an_effect_may_be_each_margin_or_one_for_all() -> None:
    margins = make_plan(occupations(None), effect="margin")
    assert [row.effect for row in margins.needed] == [row.margin for row in margins.detectable]
    large = make_plan(occupations(None), effect=1.5)
    assert "labour_spearman" not in {row.metric for row in large.needed}
    assert any("labour_spearman lies within ±1, never at 1.5" in note for note in large.notes)
    assert large.needed[1].clusters is Instead.ENOUGH  # 0.93 nats are found


@pytest.mark.parametrize("wrong", ["0", "inf", "nan", "smollm"])
def test_an_effect_is_a_number_above_0(wrong: str) -> None:
    done = audit("plan", "--suite", "occupations", f"--effect={wrong}")
    assert done.returncode == 2
    assert "--effect wants a positive number" in one_sentence(done.stderr)


def test_the_rate_of_a_run_is_that_of_one_session(tmp_path: Path) -> None:
    manifest = {
        "n_requests": 900, "timings": {"load_s": 10.0, "ask_s": 300.0},
        "started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:05:20+00:00",
    }  # fmt: skip
    pd.DataFrame({"item": range(600)}).to_parquet(tmp_path / "responses.parquet")

    def of_run(content: dict[str, Any]) -> tuple[Rate | None, bool]:
        (tmp_path / "run.json").write_text(json.dumps(content))
        return rate.rate_and_scores(None, [], backend="auto", seed=0, like=tmp_path, rate=None)

    found, scores = of_run(manifest)
    assert found is not None
    assert (found.scored, found.sampled, found.load) == (2.0, 2.0, 10.0)
    assert scores
    assert of_run(manifest | {"backend": {"scores": False}}) == (found, False)
    assert of_run(manifest | {"finished": "2026-01-01T02:00:00+00:00"}) == (None, True)


@pytest.mark.model
def test_a_model_is_timed(tiny) -> None:  # type: ignore[no-untyped-def]
    done = audit("plan", str(tiny), "--backend", "transformers", "--limit", "24", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] > 0
