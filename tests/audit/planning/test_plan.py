"""`audit plan`: counts are the run's, time is arithmetic, the command says what it assumes."""

from __future__ import annotations

import json

import pytest

from audit.planning import rate
from audit.planning.counts import count
from audit.planning.plan import PlanOptions, items_of, make_plan
from audit.planning.rate import Rate
from audit.requests import build_requests
from core.errors import UsageProblem
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run

OPTIONS = PlanOptions(("occupations", "pronouns"), ("en", "zh"), limit=60)


def test_requests_are_those_of_the_run() -> None:
    items = items_of(OPTIONS)
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
    small = make_plan(PlanOptions(("occupations",), ("en",), limit=40))
    full = make_plan(PlanOptions(("occupations",), ("en",)))
    for one, other in zip(small.detectable, full.detectable, strict=True):
        assert one.metric == other.metric
        assert one.effect > other.effect > 0
        assert other.effect > other.more_clusters
        assert one.alpha == pytest.approx(0.01)


def test_the_command(tmp_path) -> None:  # type: ignore[no-untyped-def]
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
    assert "nothing is known of the variances of pronouns" in content["notes"][0]
    wrong = audit("plan", "--suite", "nope")
    assert wrong.returncode == 2
    assert "nope" in one_sentence(wrong.stderr)


@pytest.mark.model
def test_a_model_is_timed(tiny) -> None:  # type: ignore[no-untyped-def]
    done = audit("plan", str(tiny), "--backend", "transformers", "--limit", "24", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] > 0
