"""The gates as rows of a table: what each may cost at most, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.reports.numbers import DASH, finite, p_text, plain
from audit.reports.text import same
from core.datafile import read_yaml
from remediate.report.load import RepairRecord
from remediate.report.words import Bilingual, has, say


@dataclass(frozen=True, slots=True)
class GateView:
    """``used`` is the share of the limit that the bound takes up, 0 or more; None if undefined."""

    key: str
    name: Bilingual
    about: Bilingual
    before: Bilingual
    after: Bilingual
    cost: Bilingual
    bound: Bilingual
    limit: Bilingual
    p_value: str
    n: int
    passed: bool
    used: float | None


def gates(record: RepairRecord) -> list[GateView]:
    return [_view(row) for row in record.rows("gates")]


def _kinds() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = read_yaml(Path(__file__).parent / "data" / "gates.yaml")
    return table


def _view(row: Mapping[str, Any]) -> GateView:
    key = str(row["name"])
    kind = _kinds().get(key, {})
    value, cost = str(kind.get("value", "number")), str(kind.get("cost", "number"))
    # A ratio that costs nothing is 1, any other cost 0.
    free = float(kind.get("free", 0.0))
    bound, limit = finite(row["bound"]), finite(row["limit"])
    used = None
    if bound is not None and limit is not None and limit > free:
        used = max(0.0, (bound - free) / (limit - free))
    return GateView(
        key=key,
        name=say(f"gate.{key}.label") if has(f"gate.{key}.label") else same(key.replace("_", " ")),
        about=say(f"gate.{key}.about") if has(f"gate.{key}.about") else same(""),
        before=_shown(finite(row["before"]), value),
        after=_shown(finite(row["after"]), value),
        cost=_shown(finite(row["cost"]), cost),
        bound=_shown(bound, cost),
        limit=_shown(limit, cost),
        p_value=p_text(finite(row["p_value"])),
        n=int(row["n"]),
        passed=bool(row["passed"]),
        used=used,
    )


def _shown(value: float | None, unit: str) -> Bilingual:
    """A gate's limits are small: where a metric's two decimals would round them away, three."""
    if value is None:
        return same(DASH)
    text = f"{value:.3f}" if unit in ("nats", "ratio") else plain(value, unit)
    return say(f"unit.{unit}", value=text)
