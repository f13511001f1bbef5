"""Rows and numbers as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Found = Mapping[str, Any]


def line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def number(value: float | None) -> str:
    return "none" if value is None else f"{value:+.3f}"


def p_value(value: float | None) -> str:
    if value is None:
        return "none"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def primary(found: Found, suite: str) -> dict[str, Found]:
    """The suite's primary metrics by name; none where it was not audited."""
    rows = found[suite]["metrics"] if suite in found else ()
    return {row["metric"]: row for row in rows if row["role"] == "primary"}
