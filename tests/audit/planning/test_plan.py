"""`audit plan`: counts are the run's, time is arithmetic, the command says what it assumes."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.planning import assumptions, rate
from audit.planning.counts import count
from audit.planning.plan import Plan
from audit.planning.plan import make_plan as plan_of
from audit.planning.rate import Rate
from audit.probes.base import get_suite
from audit.requests import build_requests
from audit.runner import RunOptions, collect_items
from core.errors import UsageProblem
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run

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
    assert any("give no interval for" in note for note in plan.notes)
    assert [row.metric for row in found] == [p.name for p in get_suite("occupations").primary]
    assert any(row.effect is None for row in found)


def test_every_text_suite_with_questions_of_its_own_is_known() -> None:
    suites = ("names", "attributes", "tone")
    plan = make_plan(RunOptions("", suites, langs=("en", "zh")))
    known = {(row.suite, row.metric) for row in plan.detectable if row.effect is not None}
    for name in suites:
        assert any(suite == name for suite, _ in known)
    # Sentiment is read off texts, which are not kept.
    assert any("sentiment_gap_gender" in note for note in plan.notes)


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
    assert any("nothing is known of how answers to pronouns vary" in n for n in content["notes"])
    assert any("of the questions of occupations are answered" in n for n in content["notes"])
    wrong = audit("plan", "--suite", "nope")
    assert wrong.returncode == 2
    assert "nope" in one_sentence(wrong.stderr)


def test_a_suite_is_kept_anew_and_the_others_stay(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file, run = tmp_path / "answers.parquet", write_run(tmp_path / "run", answers(1.0, 1))
    assumptions.keep(file, [run])
    first = pd.read_parquet(file)
    assert set(first["suite"]) == {"occupations"}
    other = first.assign(suite="other")
    stored = pq.read_table(file)
    both = pa.Table.from_pandas(pd.concat([first.iloc[:3], other]), preserve_index=False)
    pq.write_table(both.replace_schema_metadata(stored.schema.metadata), file)
    assumptions.keep(file, [run])
    again = pd.read_parquet(file)
    assert again["suite"].value_counts().to_dict() == {
        "occupations": len(first), "other": len(first),
    }  # fmt: skip


def test_the_rate_of_a_run_is_that_of_one_session(tmp_path) -> None:  # type: ignore[no-untyped-def]
    manifest = {
        "n_requests": 600, "timings": {"load_s": 10.0, "ask_s": 300.0},
        "started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:05:20+00:00",
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(manifest))
    found = rate.of_run(tmp_path)
    assert found is not None
    assert (found.scored, found.sampled, found.load) == (2.0, 2.0, 10.0)
    resumed = manifest | {"finished": "2026-01-01T02:00:00+00:00"}
    (tmp_path / "run.json").write_text(json.dumps(resumed))
    assert rate.of_run(tmp_path) is None


@pytest.mark.model
def test_a_model_is_timed(tiny) -> None:  # type: ignore[no-untyped-def]
    done = audit("plan", str(tiny), "--backend", "transformers", "--limit", "24", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] > 0
