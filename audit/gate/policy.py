"""The policy file: what a run must show before a model may ship. Format: docs/gate.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from audit.schema import Route, Verdict
from core.errors import UsageProblem

_VERDICTS = tuple(v.value for v in Verdict)
_ROUTES = tuple(r.value for r in Route)
#: What a rule bounds from above by a number of 0 or more → the most that makes sense.
_LIMITS = {"max_growth": math.inf, "max_refusal_rate": 1.0, "max_unparsed_rate": 1.0}
_DEMANDS = ("within", "verdict", *_LIMITS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of results.json and what is asked of it; at least one demand.

    ``within``: (low, high) in the metric's unit, between which the whole 95 % interval must lie;
    None is unbounded. ``verdict``: the verdicts that pass. ``max_growth``: how much further from 0
    than in the baseline run the value may lie, on the side where it lay or on the other.
    ``max_refusal_rate`` and ``max_unparsed_rate``: the share (0–1) of the row's answers that may be
    refused or unreadable. ``allow_inconclusive``: an interval that settles nothing passes too;
    ``allow_insufficient``: so does too little evidence for any. A proven violation never does.
    """

    metric: str
    suite: str | None = None
    slice: str = "all"
    route: str | None = None
    within: tuple[float | None, float | None] | None = None
    verdict: tuple[str, ...] = ()
    max_growth: float | None = None
    max_refusal_rate: float | None = None
    max_unparsed_rate: float | None = None
    allow_inconclusive: bool = False
    allow_insufficient: bool = False

    @property
    def name(self) -> str:
        """How the rule is called in tables and in JUnit files."""
        where = [self.metric, *([] if self.slice == "all" else [self.slice])]
        return " ".join(where + ([self.route] if self.route else []))


def read_policy(path: Path) -> tuple[Rule, ...]:
    """The rules of a policy file. Raises :class:`UsageProblem` naming the rule that is wrong."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Strict)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageProblem(f"{path} cannot be read as YAML: {_first_line(error)}.") from error
    if not isinstance(content, Mapping) or content.get("version") != 1:
        raise UsageProblem(f"{path} is no policy: it must begin with `version: 1`.")
    unknown = sorted(set(content) - {"version", "rules"})
    rules = content.get("rules")
    if unknown or not isinstance(rules, list) or not rules:
        odd = f"it has the unknown key '{unknown[0]}'" if unknown else "it has no list of rules"
        raise UsageProblem(f"{path} is no policy: {odd}.")
    return tuple(_rule(row, f"Rule {n} of {path}") for n, row in enumerate(rules, 1))


class _Strict(yaml.SafeLoader):
    """A key given twice would silently loosen a rule; here it is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice[0]}' is given twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _rule(row: Any, where: str) -> Rule:
    known = [field.name for field in fields(Rule)]
    if not isinstance(row, Mapping) or not isinstance(row.get("metric"), str):
        raise UsageProblem(f"{where} names no metric.")
    if odd := sorted(set(map(str, row)) - set(known)):
        raise UsageProblem(f"{where} has the unknown key '{odd[0]}'. Known: {', '.join(known)}.")
    given = {name: value for name, value in row.items() if value is not None}
    for name in ("suite", "slice"):
        if not isinstance(given.get(name, ""), str):
            raise UsageProblem(f"{where}: {name} is a name, not '{given[name]}'.")
    if "within" in given:
        given["within"] = _bounds(given["within"], where)
    if "verdict" in given:
        asked = given["verdict"]
        given["verdict"] = tuple(asked) if isinstance(asked, list) else (asked,)
        if wrong := [v for v in given["verdict"] if v not in _VERDICTS]:
            raise UsageProblem(f"{where}: no verdict is called '{wrong[0]}'. {_list(_VERDICTS)}")
    for name, highest in _LIMITS.items():
        if name in given:
            given[name] = _limit(name, given[name], highest, where)
    if given.get("route") not in (None, *_ROUTES):
        raise UsageProblem(f"{where}: no route is called '{given['route']}'. {_list(_ROUTES)}")
    for name in ("allow_inconclusive", "allow_insufficient"):
        if not isinstance(given.get(name, False), bool):
            raise UsageProblem(f"{where}: {name} is true or false.")
    if all(given.get(name) in (None, ()) for name in _DEMANDS):
        raise UsageProblem(
            f"{where} asks nothing: give it {', '.join(_DEMANDS[:-1])} or {_DEMANDS[-1]}."
        )
    return Rule(**given)


def _bounds(value: Any, where: str) -> tuple[float | None, float | None]:
    if not isinstance(value, list) or len(value) != 2:
        raise UsageProblem(f"{where}: within is a list of two numbers, [low, high]; null is open.")
    low, high = (None if end is None else _number(end, where) for end in value)
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        raise UsageProblem(f"{where}: within {value} leaves no room, or bounds nothing.")
    return low, high


def _limit(name: str, value: Any, highest: float, where: str) -> float:
    number = _number(value, where)
    if not 0.0 <= number <= highest:
        upper = "or more" if math.isinf(highest) else f"to {highest:g}"
        raise UsageProblem(f"{where}: {name} is 0 {upper}, not {value}.")
    return number


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageProblem(f"{where}: '{value}' is no number.")
    return float(value)


def _list(names: tuple[str, ...]) -> str:
    return f"Known: {', '.join(names)}."


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
