"""Numbers as people read them: signs, units, p-values. Never a bare ``nan``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from audit.reports.text import Bilingual, same, say
from audit.schema import MetricRow

DASH: Final = "—"
MINUS: Final = "−"


@cache
def _metric_table() -> dict[str, dict[str, str]]:
    source = files("audit.reports").joinpath("data/metrics.yaml")
    table: dict[str, dict[str, str]] = yaml.safe_load(source.read_text("utf-8"))
    return table


def unit_of(row: MetricRow) -> str:
    """``points``, ``share``, ``nats`` or ``number`` (also for metrics nobody described)."""
    entry = _metric_table().get(row.metric, {})
    noted = entry.get("noted_unit")
    if noted and f"in {noted}" in row.note:
        return noted
    return entry.get("unit", "number")


def finite(value: Any) -> float | None:
    """*value* as a float, or None where it is missing or not finite."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def plain(value: float | None, unit: str, *, sign: bool = False) -> str:
    """The number without its unit; ``points`` and ``share`` are multiplied by 100."""
    if value is None:
        return DASH
    scaled = value * 100 if unit in ("points", "share") else value
    text = f"{abs(scaled):.{1 if unit in ('points', 'share') else 2}f}"
    if float(text) == 0:
        return text
    return (MINUS if scaled < 0 else "+" if sign else "") + text


def with_unit(
    value: float | None, unit: str, *, sign: bool = False, long: bool = False
) -> Bilingual:
    if value is None:
        return same(DASH)
    key = f"unit.{unit}_long" if long and unit == "points" else f"unit.{unit}"
    return say(key, value=plain(value, unit, sign=sign))


def _trim(text: str) -> str:
    """A declared margin is a round number: “10”, not “10.0”."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_text(p: float | None) -> str:
    if p is None:
        return DASH
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int) -> str:
    return f"{n:,}"


@dataclass(frozen=True, slots=True)
class Shown:
    """One metric row ready for a sentence or a cell."""

    row: MetricRow
    unit: str

    @property
    def signed(self) -> bool:
        return self.unit != "share"

    @property
    def value(self) -> Bilingual:
        return with_unit(self.row.estimate, self.unit, sign=self.signed)

    @property
    def size(self) -> Bilingual:
        estimate = self.row.estimate
        return with_unit(None if estimate is None else abs(estimate), self.unit, long=True)

    @property
    def bounds(self) -> str:
        if self.row.ci_low is None or self.row.ci_high is None:
            return DASH
        low, high = (plain(v, self.unit, sign=self.signed) for v in self.limits)
        return f"{low} … {high}"

    @property
    def limits(self) -> tuple[float | None, float | None]:
        return self.row.ci_low, self.row.ci_high

    @property
    def interval(self) -> Bilingual:
        """“95 % interval 24.1 to 38.0”, or that there is none."""
        low, high = self.limits
        if low is None or high is None:
            return say("interval_none")
        return say(
            "interval",
            level=f"{self.row.ci_level * 100:g}",
            low=plain(low, self.unit, sign=self.signed),
            high=plain(high, self.unit, sign=self.signed),
        )

    @property
    def claimed(self) -> Bilingual:
        """The interval of a claim that already names the direction: “more” or “less” by so much."""
        low, high = self.limits
        if low is None or high is None:
            return say("interval_none")
        if (self.row.estimate or 0.0) < 0:
            low, high = -high, -low
        return say(
            "interval",
            level=f"{self.row.ci_level * 100:g}",
            low=plain(low, self.unit),
            high=plain(high, self.unit),
        )

    @property
    def margin(self) -> Bilingual:
        text = plain(self.row.margin, self.unit)
        return say(f"unit.{self.unit}", value=_trim(text)) if text != DASH else same(DASH)

    @property
    def p_adjusted(self) -> str:
        return p_text(self.row.p_adjusted)


def shown(row: MetricRow) -> Shown:
    return Shown(row, unit_of(row))
