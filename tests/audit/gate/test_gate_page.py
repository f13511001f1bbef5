"""docs/gate.md: its policy is one, its workflow's commands exist, what it shows is printed."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from audit.cli import cli
from audit.gate.policy import Rule, read_policy
from audit.metrics import estimates
from audit.planning.assumptions import kept
from tests.audit.run_cases import ROOT, audit
from tests.audit.simulated_runs import write_run

PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    _, workflow = blocks("yaml")
    [job] = yaml.safe_load(workflow)["jobs"].values()
    return list(job["steps"])


def parsed(line: list[str]) -> dict[str, Any]:
    """The options of an ``audit`` command, by name; ClickException for what it does not have."""
    command = cli.commands[line[1]]
    context = click.Context(command, info_name=line[1])
    options, rest, _ = command.make_parser(context).parse_args(line[2:])
    assert not rest
    return options


def test_the_policy_of_the_page_is_one(tmp_path: Path) -> None:
    """And leaves no key out."""
    policy, _ = blocks("yaml")
    path = tmp_path / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    read_policy(path)
    shown = {key for rule in yaml.safe_load(policy)["rules"] for key in rule}
    assert shown == {field.name for field in fields(Rule)}


def test_the_workflow_installs_what_it_checked_out(steps: list[dict[str, Any]]) -> None:
    places = [
        step.get("with", {}).get("path", ".")
        for step in steps
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    [installed] = [step["run"] for step in steps if step.get("run", "").startswith("pip ")]
    pip, install, what = shlex.split(installed)
    assert (pip, install) == ("pip", "install")
    folder, extra = re.fullmatch(r"\./([^\[]+)\[(\w+)\]", what).groups()  # type: ignore[union-attr]
    assert folder in places
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extra in project["optional-dependencies"]
    assert "audit" in project["scripts"]


def test_the_workflow_s_commands_exist_and_hand_on_their_files(
    steps: list[dict[str, Any]],
) -> None:
    lines = [shlex.split(step["run"]) for step in steps if "run" in step]
    run, gate = (parsed(line) for line in lines if line[0] == "audit")
    assert gate["run"] == run["out"]
    kept_after = {
        step["uses"].split("@")[0]: step for step in steps if step.get("if") == "always()"
    }
    report = kept_after["actions/upload-artifact"]["with"]["path"]
    assert report == f"{run['out']}/report.html"
    tests = kept_after["mikepenz/action-junit-report"]["with"]["report_paths"]
    assert tests == gate["junit"]


def test_the_page_shows_what_is_printed_of_the_packaged_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its real answers, kept for planning: the example policy fails, the lenient one passes."""
    monkeypatch.setattr(estimates, "RESAMPLES", 400)  # the limits are Student's
    answers = kept().answers
    real = answers[answers["suite"] == "occupations"].reset_index(drop=True)
    run = write_run(tmp_path / "smollm2-135m-instruct", real)
    for name, code, shown in zip(("policy", "policy-lenient"), (1, 0), blocks("text"), strict=True):
        done = audit("gate", str(run), "--policy", str(ROOT / f"docs/examples/{name}.yaml"))
        assert done.returncode == code, done.stderr
        printed = [line.rstrip() for line in done.stdout.strip().splitlines()]
        assert printed == shown.strip().splitlines()
