"""`audit gate` on run folders, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from audit.metrics import estimates
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import answers, write_run

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


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
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nrules: [{metric: stereotype_gap, max_growth: 0.1}]\n")
    milder = write_run(tmp_path / "milder", answers(0.2, 1))
    worse = audit("gate", str(biased), "--policy", str(policy), "--baseline", str(milder))
    assert worse.returncode == 1, worse.stdout + worse.stderr
    better = audit("gate", str(milder), "--policy", str(policy), "--baseline", str(biased))
    assert better.returncode == 0, better.stdout + better.stderr
    alone = audit("gate", str(biased), "--policy", str(policy))
    assert alone.returncode == 2
    assert "--baseline" in one_sentence(alone.stderr)


def test_an_unfinished_run_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    run = write_run(tmp_path / "half", answers(1.0, 1), status="running")
    refused = audit("gate", str(run), "--policy", str(EXAMPLES / "policy.yaml"))
    assert refused.returncode == 2
    assert "not complete" in one_sentence(refused.stderr)
