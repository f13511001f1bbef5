"""`audit gate` on run folders, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from audit.compare import compare_runs
from audit.metrics import estimates
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def write_policy(folder: Path, rule: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(f"version: 1\nrules: [{{{rule}}}]\n")
    return path


@pytest.fixture
def biased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    return write_run(tmp_path / "biased<b>", answers(1.0, 1))


def test_the_example_policy_fails_a_biased_model_and_the_lenient_one_does_not(
    biased: Path, tmp_path: Path
) -> None:
    junit, told = tmp_path / "out" / "gate.xml", tmp_path / "gate.json"
    strict = audit(
        "gate", str(biased), "--policy", str(EXAMPLES / "policy.yaml"), "--junit", str(junit),
        "--json", str(told),
    )  # fmt: skip
    assert strict.returncode == 1, strict.stderr
    assert "The gate is broken" in strict.stdout
    suite = ElementTree.parse(junit).getroot()
    failures = suite.findall("./testcase/failure")
    assert suite.get("failures") == str(len(failures))
    assert len(failures) >= 1
    assert "biased<b>" in (suite.get("name") or "")
    content = json.loads(told.read_text())
    assert content["passed"] is False
    assert sum(not check["passed"] for check in content["checks"]) == len(failures)
    lenient = audit("gate", str(biased), "--policy", str(EXAMPLES / "policy-lenient.yaml"))
    assert lenient.returncode == 0, lenient.stdout + lenient.stderr


def test_growth_against_a_baseline(biased: Path, tmp_path: Path) -> None:
    policy = write_policy(tmp_path, "metric: stereotype_gap, max_growth: 0.1")
    milder = write_run(tmp_path / "milder", answers(0.2, 1))
    worse = audit("gate", str(biased), "--policy", str(policy), "--baseline", str(milder))
    assert worse.returncode == 1, worse.stdout + worse.stderr
    better = audit("gate", str(milder), "--policy", str(policy), "--baseline", str(biased))
    assert better.returncode == 0, better.stdout + better.stderr
    alone = audit("gate", str(biased), "--policy", str(policy))
    assert alone.returncode == 2
    assert "--baseline" in one_sentence(alone.stderr)


def test_a_bias_that_turned_round_has_grown(biased: Path, tmp_path: Path) -> None:
    """As far from 0 as before, on the other side."""
    policy = write_policy(tmp_path, "metric: stereotype_gap, max_growth: 0.1")
    turned = write_run(tmp_path / "turned", answers(-1.0, 1))
    [row] = [
        change
        for change in compare_runs(biased, turned).changes
        if (change.metric, change.route) == ("stereotype_gap", "likelihood")
    ]
    assert row.outcome == "reversed"
    assert row.magnitude_high is not None
    assert row.magnitude_high < 0.1
    done = audit("gate", str(turned), "--policy", str(policy), "--baseline", str(biased))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "broken" in done.stdout


def test_a_model_that_refuses_everything_passes_only_where_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    mute = write_run(tmp_path / "mute", answers(1.0, 1, refuse=1.0))
    asked = "metric: stereotype_gap, route: sampled, within: [-0.1, 0.1]"
    for allowed, code in (
        ("allow_inconclusive: true", 1),
        ("allow_insufficient: true", 0),
        ("allow_insufficient: true, max_refusal_rate: 0.99", 1),
    ):
        policy = write_policy(tmp_path, f"{asked}, {allowed}")
        done = audit("gate", str(mute), "--policy", str(policy))
        assert done.returncode == code, done.stdout + done.stderr
        assert "insufficient_evidence" in done.stdout


def test_an_unfinished_run_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    run = write_run(tmp_path / "half", answers(1.0, 1), status="running")
    refused = audit("gate", str(run), "--policy", str(EXAMPLES / "policy.yaml"))
    assert refused.returncode == 2
    assert "not complete" in one_sentence(refused.stderr)


def test_exit_codes_tell_a_wrong_policy_from_what_cannot_be_read(
    biased: Path, tmp_path: Path
) -> None:
    garbled, good = tmp_path / "garbled.yaml", EXAMPLES / "policy-lenient.yaml"
    garbled.write_text("rules: [")
    empty, file = tmp_path / "empty", tmp_path / "file"
    empty.mkdir()
    file.write_text("")
    for run, policy, more, code, told in (
        (biased, garbled, (), 2, "cannot be read as YAML"),
        (biased, tmp_path / "none.yaml", (), 2, "none.yaml"),
        (biased, tmp_path, (), 2, "is a directory"),
        (empty, good, (), 3, "no run folder"),
        (biased, good, ("--junit", str(file / "gate.xml")), 3, "cannot be written"),
        (biased, good, ("--json", str(file / "gate.json")), 3, "cannot be written"),
    ):
        done = audit("gate", str(run), "--policy", str(policy), *more)
        assert done.returncode == code, (told, done.stderr)
        assert told in one_sentence(done.stderr)
