"""Whether two runs measured a claim alike: suite version, route, margin, and every question.

A claim of one run stands beside that of another only if both rest on the same questions in the
same words. Where they do not, the reason is named; nothing is mixed silently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from audit.pairing import RunFolder, pair
from audit.schema import MetricRow
from core.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a run's claim cannot stand beside the first one's.

    ``kind`` is ``version``, ``route`` or ``margin``, with what is the run's ``own`` and what the
    ``first`` one's in ``gaps``; or ``items``, with how many answers are ``missing``, ``extra`` and
    ``reworded``.
    """

    kind: str
    gaps: dict[str, Any]

    def __str__(self) -> str:
        if self.kind != "items":
            return _SENTENCES[self.kind].format(**self.gaps)
        parts = [_SENTENCES[part].format(n=n) for part, n in self.gaps.items() if n]
        return f"other questions: {', '.join(parts)}"


_SENTENCES = {
    "version": "suite version {own}, not {first}",
    "route": "measured by the route {own}, not {first}",
    "missing": "{n} of the first run's not asked",
    "extra": "{n} asked beside them",
    "reworded": "{n} worded or built differently",
    "margin": "judged by a margin of {own:g}, not {first:g}",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A declared metric of one run."""

    run: RunFolder
    row: MetricRow

    @property
    def version(self) -> str:
        return self.run.versions().get(self.row.suite, "?")


class Questions:
    """Compares the questions of runs, once for each pair of runs, suite and route."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str, str], Difference | None] = {}

    def between(self, first: Claim, own: Claim) -> Difference | None:
        """None where *own* asked what *first* asked, in the same words."""
        suite, route = first.row.suite, first.row.route
        key = (id(first.run), id(own.run), suite, route)
        if key not in self._found:
            self._found[key] = _items(*(_part(c.run, suite, route) for c in (first, own)))
        return self._found[key]


def difference(first: Claim, own: Claim, questions: Questions) -> Difference | None:
    """What keeps *own* from standing beside *first*, the plainest reason first; None: nothing."""
    if own.version != first.version:
        return Difference("version", {"own": own.version, "first": first.version})
    if own.row.route != first.row.route:
        return Difference("route", {"own": own.row.route, "first": first.row.route})
    asked = questions.between(first, own)
    if asked is not None:
        return asked
    margins = [math.nan if c.row.margin is None else c.row.margin for c in (own, first)]
    if margins[0] != margins[1] and not all(map(math.isnan, margins)):
        return Difference("margin", {"own": margins[0], "first": margins[1]})
    return None


def _part(run: RunFolder, suite: str, route: str) -> RunFolder:
    """The run with the answers of one suite and route alone; other routes do not bear on it."""
    answers = run.answers
    return replace(run, answers=answers[(answers["suite"] == suite) & (answers["route"] == route)])


def _items(first: RunFolder, own: RunFolder) -> Difference | None:
    try:
        pairs = pair(first, own, allow_subset=True)
    except UsageProblem:  # no question in common
        gaps = {"missing": len(first.answers), "extra": len(own.answers), "reworded": 0}
        return Difference("items", gaps)
    gaps = {
        "missing": pairs.only_before, "extra": pairs.only_after, "reworded": pairs.reworded,
    }  # fmt: skip
    return Difference("items", gaps) if any(gaps.values()) else None
