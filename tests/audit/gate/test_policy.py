"""Policy files: what is read, and that every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.gate.policy import Rule, read_policy
from core.errors import UsageProblem

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return path


def test_a_rule_is_read_with_its_defaults(tmp_path: Path) -> None:
    text = (
        "version: 1\nrules:\n"
        "  - {metric: refusal_rate, route: sampled, within: [null, 0.2]}\n"
        "  - {metric: parity_skew, max_refusal_rate: 0, max_unparsed_rate: 1}\n"
        "  - {metric: parity_skew, suite: occupations, verdict: within_margin, max_growth: 0.1}\n"
    )
    assert read_policy(write(tmp_path, text)) == (
        Rule("refusal_rate", route="sampled", within=(None, 0.2)),
        Rule("parity_skew", max_refusal_rate=0.0, max_unparsed_rate=1.0),
        Rule("parity_skew", suite="occupations", verdict=("within_margin",), max_growth=0.1),
    )


def test_null_is_left_out(tmp_path: Path) -> None:
    text = "version: 1\nrules: [{metric: a, slice: null, suite: null, max_growth: 1}]\n"
    assert read_policy(write(tmp_path, text)) == (Rule("a", max_growth=1.0),)


@pytest.mark.parametrize("name", ["policy.yaml", "policy-lenient.yaml"])
def test_the_examples_are_policies(name: str) -> None:
    assert read_policy(EXAMPLES / name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "cannot be read as YAML"),
        ("rules: []", "version: 1"),
        ("version: 1", "no list of rules"),
        ("version: 1\nrules: [{metric: a, within: [0, 1], within: [0, 9]}]", "given twice"),
        ("version: 1\nrules: [{metric: a, slice: [all], max_growth: 1}]", "slice is a name"),
        ("version: 1\nrules: []", "no list of rules"),
        ("version: 1\nrule: []", "unknown key 'rule'"),
        ("version: 1\nrules: [{within: [0, 1]}]", "names no metric"),
        ("version: 1\nrules: [{metric: a}]", "asks nothing"),
        ("version: 1\nrules: [{metric: a, verdict: [], allow_insufficient: true}]", "asks nothing"),
        ("version: 1\nrules: [{metric: a, max: 1}]", "unknown key 'max'"),
        ("version: 1\nrules: [{metric: a, within: 0.1}]", "list of two numbers"),
        ("version: 1\nrules: [{metric: a, within: [1, 0]}]", "leaves no room"),
        ("version: 1\nrules: [{metric: a, within: [null, null]}]", "bounds nothing"),
        ("version: 1\nrules: [{metric: a, within: [null, .nan]}]", "no number"),
        ("version: 1\nrules: [{metric: a, max_growth: much}]", "no number"),
        ("version: 1\nrules: [{metric: a, max_growth: -0.1}]", "max_growth is 0 or more"),
        (
            "version: 1\nrules: [{metric: a, max_refusal_rate: 20}]",
            "max_refusal_rate is 0 to 1",
        ),
        ("version: 1\nrules: [{metric: a, max_unparsed_rate: -1}]", "max_unparsed_rate is 0 to 1"),
        ("version: 1\nrules: [{metric: a, max_unparsed_rate: true}]", "no number"),
        ("version: 1\nrules: [{metric: a, verdict: fair}]", "no verdict is called 'fair'"),
        ("version: 1\nrules: [{metric: a, route: guess, max_growth: 1}]", "'guess'"),
        ("version: 1\nrules: [{metric: a, max_growth: 1, allow_inconclusive: maybe}]", "true or"),
        ("version: 1\nrules: [{metric: a, max_growth: 1, allow_insufficient: 1}]", "true or"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        read_policy(write(tmp_path, text))
    assert said in str(problem.value)
