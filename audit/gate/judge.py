"""A run against a policy: which row each rule means, and whether what was found passes.

A demand that the evidence does not settle counts as a failure unless the rule allows it: silence is
no proof of fairness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.gate import demands
from audit.gate.demands import Finding, Outcome
from audit.gate.policy import Rule
from core.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Check:
    """One demand of one rule. ``passed`` includes what is not settled where the rule allows it."""

    suite: str
    rule: str
    demand: str
    found: str
    outcome: Outcome
    passed: bool


def judge(
    rules: Sequence[Rule],
    rows: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]] | None,
) -> list[Check]:
    """Every demand of every rule.

    ``rows``: ``metrics`` of results.json; ``changes``: rows of compare.json against the baseline,
    None without one. Raises :class:`UsageProblem` for a rule that fits no row or several, for a
    demand that its row cannot answer, and for ``max_growth`` without a baseline.
    """
    return [
        Check(row["suite"], rule.name, one.demand, one.found, one.outcome, _passes(rule, one))
        for rule in rules
        for row in (_row(rule, rows),)
        for one in _findings(rule, row, changes)
    ]


def _findings(
    rule: Rule, row: Mapping[str, Any], changes: Sequence[Mapping[str, Any]] | None
) -> Iterator[Finding]:
    if rule.within is not None:
        yield demands.within(row, rule.within)
    if rule.verdict:
        yield demands.verdict(rule.name, row, rule.verdict)
    if rule.max_growth is not None:
        yield demands.growth(_change(rule, row, changes), rule.max_growth)
    if rule.max_refusal_rate is not None:
        yield demands.refused(rule.name, row, rule.max_refusal_rate)
    if rule.max_unparsed_rate is not None:
        yield demands.unparsed(row, rule.max_unparsed_rate)


def _passes(rule: Rule, finding: Finding) -> bool:
    allowed = {
        Outcome.PASSED: True,
        Outcome.BROKEN: False,
        Outcome.INCONCLUSIVE: rule.allow_inconclusive,
        Outcome.INSUFFICIENT_EVIDENCE: rule.allow_insufficient,
    }
    return allowed[finding.outcome]


def _row(rule: Rule, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    fitting = [
        row
        for row in rows
        if (row["metric"], row["slice"]) == (rule.metric, rule.slice)
        and rule.suite in (None, row["suite"])
        and rule.route in (None, row["route"])
    ]
    # Without a route the one that the suite declared its claims on is meant.
    if rule.route is None and len(fitting) > 1:
        fitting = [row for row in fitting if row["role"] == "primary"] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageProblem(
            f"The run has no {rule.name}: look for the metric, slice and route in its metrics.csv."
        )
    found = ", ".join(f"{row['suite']}/{row['route'] or 'no route'}" for row in fitting)
    raise UsageProblem(f"{rule.name} is several rows of this run ({found}): add suite or route.")


def _change(
    rule: Rule, row: Mapping[str, Any], changes: Sequence[Mapping[str, Any]] | None
) -> Mapping[str, Any]:
    if changes is None:
        raise UsageProblem(f"{rule.name} asks for max_growth: name the earlier run by --baseline.")
    key = ("suite", "metric", "route")
    for change in changes:
        if rule.slice == "all" and all(change[name] == row[name] for name in key):
            return change
    raise UsageProblem(
        f"{rule.name} cannot be compared with the baseline: max_growth works on the measures that "
        "`audit compare` shows."
    )
