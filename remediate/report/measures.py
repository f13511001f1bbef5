"""Rows of a comparison, ready to be shown: before, after, change, and the prompt beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.reports.numbers import Shown, finite, p_text, plain, shown, with_unit
from audit.reports.text import same
from audit.reports.view import SEVERITY, metric_text
from audit.schema import MetricRow
from remediate.report.load import RepairRecord
from remediate.report.words import Bilingual


@dataclass(frozen=True, slots=True)
class Change:
    """One metric. ``verdicts`` are the two audits' own, or None where they are not known."""

    suite: str
    metric: str
    route: str
    name: Bilingual
    about: Bilingual
    before: Shown
    after: Shown
    change: Shown
    prompted: Shown | None
    shrinkage: Bilingual
    shrinkage_bounds: Bilingual
    outcome: str
    sign_flipped: bool
    verdicts: tuple[str, str] | None

    @property
    def p_adjusted(self) -> str:
        return p_text(self.change.row.p_adjusted)

    @property
    def margin(self) -> float | None:
        return self.before.row.margin


def primary(record: RepairRecord) -> list[Change]:
    """The primary metrics of the suite that was repaired, in the order of remediation.json."""
    prompted = record.part("prompt_baseline").get("primary") or []
    return _changes(record.rows("primary"), prompted, record.verdicts)


def spillover(record: RepairRecord) -> list[Change]:
    """The primary metrics of suites that nothing was trained on."""
    return _changes(record.rows("spillover"), (), record.verdicts)


def _changes(
    rows: Iterable[Mapping[str, Any]],
    prompted: Iterable[Mapping[str, Any]],
    verdicts: Mapping[str, tuple[str, str]],
) -> list[Change]:
    told = {(row["suite"], row["metric"], row["route"]): row for row in prompted}
    return [_change(row, told, verdicts) for row in rows]


def _change(
    row: Mapping[str, Any],
    told: Mapping[tuple[str, str, str], Mapping[str, Any]],
    verdicts: Mapping[str, tuple[str, str]],
) -> Change:
    key = (str(row["suite"]), str(row["metric"]), str(row["route"]))
    beside = told.get(key)
    own = verdicts.get("/".join(key))
    return Change(
        suite=key[0],
        metric=key[1],
        route=key[2],
        name=metric_text(key[1], "label"),
        about=metric_text(key[1], "about"),
        before=_side(row, "before"),
        after=_side(row, "after"),
        change=_cell(row, row["change"], row["ci_low"], row["ci_high"]),
        prompted=_side(beside, "after") if beside is not None else None,
        shrinkage=with_unit(finite(row["shrinkage"]), "share"),
        shrinkage_bounds=_bounds(row),
        outcome=str(row["outcome"]),
        sign_flipped=bool(row["sign_flipped"]),
        verdicts=(_known(own[0]), _known(own[1])) if own else None,
    )


def _side(row: Mapping[str, Any], side: str) -> Shown:
    return _cell(row, row[side], row[f"{side}_low"], row[f"{side}_high"])


def _cell(row: Mapping[str, Any], value: Any, low: Any, high: Any) -> Shown:
    return shown(
        MetricRow(
            suite=str(row["suite"]), metric=str(row["metric"]), slice="all",
            estimate=finite(value), ci_low=finite(low), ci_high=finite(high),
            margin=finite(row["margin"]), route=str(row["route"]),
            p_value=finite(row["p_value"]), p_adjusted=finite(row["p_adjusted"]),
            test=str(row["test"]), n_clusters=int(row["n_clusters"] or 0),
        )
    )  # fmt: skip


def _bounds(row: Mapping[str, Any]) -> Bilingual:
    low, high = (finite(row[f"shrinkage_{side}"]) for side in ("low", "high"))
    if low is None or high is None:
        return same("—")
    return same(f"{plain(low, 'share')} … {plain(high, 'share')}")


def _known(verdict: str) -> str:
    return verdict if verdict in SEVERITY else "unknown"
