"""sweep.json, read once: cells with clean numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audit.reports.numbers import finite
from remediate.report.load import read_versioned

SCHEMA_VERSION: Final = 1
GATES: Final = ("perplexity_ratio", "kl_per_token", "unambiguous_accuracy")


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell. ``cost`` is the largest part of an allowance that it uses (1 is all of it);
    ``gates`` maps a gate to (mean cost, upper limit). Numbers are None where it did not finish."""

    name: str
    status: str
    training: Mapping[str, Any]
    bias: float | None
    gap: float | None
    skew: float | None
    cost: float | None
    gates: Mapping[str, tuple[float | None, float | None]]
    holds: bool
    non_dominated: bool
    chosen: bool
    best_step: int | None
    seconds: float | None
    resumed: bool
    reason: str

    @property
    def measured(self) -> bool:
        return self.bias is not None and self.cost is not None


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """``before``: bias, gap and skew (nats) of the untrained model, where it is known."""

    content: Mapping[str, Any]
    cells: list[CellRow]
    before: Mapping[str, float] | None

    @property
    def model(self) -> str:
        return str(self.content.get("model") or "model")

    @property
    def varied(self) -> list[str]:
        return [str(name) for name in self.content.get("varied") or []]

    @property
    def chosen(self) -> CellRow | None:
        return next((cell for cell in self.cells if cell.chosen), None)


def load_sweep(folder: Path) -> SweepRecord:
    """Read *folder*. See :func:`remediate.report.sweep.build.build_sweep_report`."""
    content = read_versioned(
        folder / "sweep.json", SCHEMA_VERSION, command="remediate MODEL --sweep", what="sweep"
    )
    chosen = content.get("chosen")
    before = {
        name: value
        for name in ("bias", "gap", "skew")
        if (value := finite((content.get("before") or {}).get(name))) is not None
    }
    return SweepRecord(
        content=content,
        cells=[_cell(row, row.get("name") == chosen) for row in content.get("cells") or []],
        before=before if len(before) == 3 else None,
    )


def _cell(row: Mapping[str, Any], chosen: bool) -> CellRow:
    gates = row.get("gates") or {}
    steps = finite(row.get("best_step"))
    return CellRow(
        name=str(row.get("name")),
        status=str(row.get("status")),
        training=row.get("training") or {},
        bias=finite(row.get("bias")),
        gap=finite(row.get("gap")),
        skew=finite(row.get("skew")),
        cost=finite(row.get("cost")),
        gates={
            name: (finite(gates[name].get("cost")), finite(gates[name].get("bound")))
            for name in GATES
            if name in gates
        },
        holds=bool(row.get("holds")),
        non_dominated=bool(row.get("non_dominated")),
        chosen=chosen,
        best_step=None if steps is None else int(steps),
        seconds=finite(row.get("seconds")),
        resumed=bool(row.get("resumed")),
        reason=str(row.get("reason") or ""),
    )
