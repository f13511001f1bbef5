"""Answers of two runs that do not pair, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UsageProblem

#: Examples told of a probe.
_EXAMPLES = 3


class Why(StrEnum):
    """Which run lacks the question, or that both ask it by one name and in other words."""

    ONLY_BEFORE = "only_before"
    ONLY_AFTER = "only_after"
    REWORDED = "reworded"


_IN_WORDS = {
    Why.ONLY_BEFORE: "of the first run, not in the second",
    Why.ONLY_AFTER: "of the second run, not in the first",
    Why.REWORDED: "worded or built differently",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One answer without an equal. ``differs``: of a reworded one, the columns that are unlike."""

    why: Why
    suite: str
    probe: str
    item: str
    sample: int
    differs: tuple[str, ...] = ()


class OtherQuestions(UsageProblem):
    """Two runs that did not ask the same; ``left_out`` is all that stands against pairing them."""

    def __init__(self, message: str, left_out: Sequence[LeftOut]) -> None:
        super().__init__(message)
        self.left_out = tuple(left_out)


def by_probe(left_out: Sequence[LeftOut]) -> list[str]:
    """A line a reason, suite and probe: how many, what of them differs, and a few by name."""
    groups: dict[tuple[Why, str, str], list[LeftOut]] = {}
    for one in left_out:
        groups.setdefault((one.why, one.suite, one.probe), []).append(one)
    return [_line(*key, found) for key, found in groups.items()]


def _line(why: Why, suite: str, probe: str, found: list[LeftOut]) -> str:
    columns = dict.fromkeys(column for one in found for column in one.differs)
    differs = f" ({', '.join(columns)})" if columns else ""
    names = list(dict.fromkeys(one.item for one in found))
    more = ", …" if len(names) > _EXAMPLES else ""
    told = ", ".join(names[:_EXAMPLES]) + more
    return f"{suite}, {probe}: {len(found)} {_IN_WORDS[why]}{differs}: {told}"
