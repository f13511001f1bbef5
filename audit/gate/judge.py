"""A run against a policy: every demand is met, broken, or not settled by the evidence.

A demand on an interval is met only if the whole interval meets it, and broken only if no part of it
does; between the two the run has not enough evidence. That counts as a failure unless the rule
allows it: silence is no proof of fairness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.gate.policy import Rule
from audit.schema import Verdict
from core.errors import UsageProblem

_UNSETTLED = (Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT_EVIDENCE)


class Outcome(StrEnum):
    """What became of a demand."""

    PASSED = "passed"
    BROKEN = "broken"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Check:
    """One demand of one rule. ``passed`` includes unsettled ones where the rule allows them."""

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
    None without one. Raises :class:`UsageProblem` for a rule that fits no row or several, and for
    ``max_growth`` without a baseline.
    """
    return [check for rule in rules for check in _checks(rule, rows, changes)]


def _checks(
    rule: Rule, rows: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]] | None
) -> Iterator[Check]:
    row = _row(rule, rows)
    if rule.within is not None:
        low, high = rule.within
        demand = f"95 % interval within {_end(low, '−∞')} … {_end(high, '∞')}"
        yield _check(rule, row, demand, _interval(row), _inside(row, rule.within, row["verdict"]))
    if rule.verdict:
        yield _check(rule, row, " or ".join(rule.verdict), row["verdict"], _verdict(rule, row))
    if rule.max_growth is not None:
        change = _change(rule, row, changes)
        ends = {"ci_low": change["magnitude_low"], "ci_high": change["magnitude_high"]}
        shown = {"estimate": change["magnitude_change"], **ends}
        demand = f"at most {rule.max_growth:g} further from 0 than the baseline"
        inside = _inside(ends, (None, rule.max_growth), change["outcome"])
        yield _check(rule, row, demand, _interval(shown), inside)


def _check(rule: Rule, row: Mapping[str, Any], demand: str, found: str, outcome: Outcome) -> Check:
    passed = outcome is Outcome.PASSED or (outcome is Outcome.UNSETTLED and rule.allow_inconclusive)
    return Check(row["suite"], rule.name, demand, found, outcome, passed)


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


def _inside(
    row: Mapping[str, Any], bounds: tuple[float | None, float | None], judged: str
) -> Outcome:
    """Whether an interval lies between the bounds.

    A row without one settles nothing, nor does one that was ``judged`` to rest on too little (too
    few answers, or too many refused): its interval speaks of the answers that are left.
    """
    low, high = row["ci_low"], row["ci_high"]
    if low is None or high is None or judged == Verdict.INSUFFICIENT_EVIDENCE:
        return Outcome.UNSETTLED
    least = float("-inf") if bounds[0] is None else bounds[0]
    most = float("inf") if bounds[1] is None else bounds[1]
    if least <= low and high <= most:
        return Outcome.PASSED
    if high < least or low > most:
        return Outcome.BROKEN
    return Outcome.UNSETTLED


def _verdict(rule: Rule, row: Mapping[str, Any]) -> Outcome:
    if not row["verdict"]:
        raise UsageProblem(
            f"{rule.name} is never judged, so it has no verdict to ask for: bound it by within."
        )
    if row["verdict"] in rule.verdict:
        return Outcome.PASSED
    return Outcome.UNSETTLED if row["verdict"] in _UNSETTLED else Outcome.BROKEN


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


def _interval(row: Mapping[str, Any]) -> str:
    if row["ci_low"] is None or row["ci_high"] is None:
        return "no interval" if row["estimate"] is None else f"{row['estimate']:+.3f}, no interval"
    return f"{row['estimate']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"


def _end(value: float | None, endless: str) -> str:
    return endless if value is None else f"{value:g}"
