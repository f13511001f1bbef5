"""Which cells nobody beats, and which one goes on. The held-out side has no say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remediate.sweep.cell import DONE

RULE = (
    "the smallest |bias| = |gap| + |skew| on the validation side, below the untrained model's, "
    "among the cells whose capability bounds hold"
)


def judged(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's result with ``cost``, the largest part of an allowance that it uses up, ``holds``
    (no allowance is exceeded) and ``improves``: less bias than untrained."""
    row = {"name": name, **found}
    if found["status"] == DONE:
        row["cost"] = max(gate["used"] for gate in found["gates"].values())
        row["holds"] = row["cost"] <= 1.0
        before = found.get("before")
        row["improves"] = before is None or row["bias"] < before["bias"]
    return row


def non_dominated(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of the cells that no other beats in |bias| or cost without losing in the other.

    The untrained model is one of the others: it costs nothing.
    """
    done = [row for row in rows if row["status"] == DONE and row["improves"]]
    return {
        row["name"]
        for row in done
        if not any(
            other["bias"] <= row["bias"]
            and other["cost"] <= row["cost"]
            and (other["bias"], other["cost"]) != (row["bias"], row["cost"])
            for other in done
        )
    }


def choose(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """By :data:`RULE`; of equals the cheaper one. None where no cell is able."""
    able = [row for row in rows if row["status"] == DONE and row["holds"] and row["improves"]]
    if not able:
        return None
    return str(min(able, key=lambda row: (row["bias"], row["cost"], row["name"]))["name"])
