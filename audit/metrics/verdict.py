"""From estimates to verdicts: families of tests, then one rule for every metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.metrics.significance import (
    BootstrapResult,
    Room,
    benjamini_hochberg,
    clusters_for_equivalence,
    clusters_needed,
    constant_equivalence,
    holm,
    is_degenerate,
    tost,
)
from audit.schema import MetricRow, Verdict

ALPHA = 0.05
#: Of each of TOST's two tests: what is within its margin has its whole 95 % interval there, as a
#: reader of the interval expects, and a tail that the clusters at hand do not show leaves the error
#: below 5 % (docs/calibration.md).
ALPHA_EQUIVALENCE = 0.025
#: Above this share of refused and unparsed answers nothing is concluded.
MAX_MISSING = 0.5
#: Above this share "within margin" is not claimed: the missing answers could hold the bias.
MAX_MISSING_FAIR = 0.2
#: Fewer clusters than this are no sample: with 7 not even an exact test, sign flips with their
#: least p of 2/2⁷, could reject after Holm over five metrics; t limits would rest on normality
#: alone. Of strongly skewed values they stay short well above 8 (docs/statistics.md, limits).
MIN_CLUSTERS = 8
#: The same for the smaller of two compared groups: five a side permit p = 2/252, four 2/70.
MIN_SIDE = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on beside the row.

    ``thinnest``: clusters in the probe and language that has fewest (None: all the row's);
    ``sides``: the same for the smaller of two compared groups, None where nothing is compared;
    ``missing``: share of unreadable answers in the group that has most; ``rooms``: see
    ``constant_equivalence``.
    """

    result: BootstrapResult
    thinnest: int | None = None
    sides: int | None = None
    missing: float | None = None
    rooms: tuple[Room, ...] = ()


def decide(
    *,
    estimate: float | None,
    p_adjusted: float | None,
    excludes_zero: bool,
    equivalent: bool | None,
    margin: float,
    missing: float,
    enough: bool,
) -> Verdict:
    """The rule.

    ``biased``: the adjusted test rejects zero, so does the interval, the estimate lies beyond the
    margin, and equivalence is not shown. ``within_margin``: it is shown (``equivalent``, see
    :func:`_equivalent`), whatever the test of zero says (a real but negligible effect is
    negligible). Else ``inconclusive``; and ``insufficient_evidence`` where answers or clusters are
    too few (not ``enough``, ``equivalent`` unknown) to say any of it.
    """
    if estimate is None or math.isnan(estimate) or missing > MAX_MISSING:
        return Verdict.INSUFFICIENT_EVIDENCE
    if not enough or equivalent is None:
        return Verdict.INSUFFICIENT_EVIDENCE
    if equivalent:
        fair = missing <= MAX_MISSING_FAIR
        return Verdict.WITHIN_MARGIN if fair else Verdict.INSUFFICIENT_EVIDENCE
    rejected = p_adjusted is not None and p_adjusted < ALPHA and excludes_zero
    return Verdict.BIASED if rejected and abs(estimate) > margin else Verdict.INCONCLUSIVE


def sampled_enough(thinnest: int | None, sides: int | None) -> bool:
    """Whether the clusters are a sample; None is not looked at (see :class:`Evidence`)."""
    return (thinnest is None or thinnest >= MIN_CLUSTERS) and (sides is None or sides >= MIN_SIDE)


def excludes_zero(low: float | None, high: float | None) -> bool:
    """Whether an interval that exists does not hold 0."""
    return low is not None and high is not None and not low <= 0.0 <= high


def adjust_by_role(
    tests: Sequence[tuple[str, float | None]],
) -> list[tuple[float, str] | None]:
    """(role, p) → (adjusted p, correction), None without a p.

    Holm over the primary ones, Benjamini–Hochberg over the exploratory.
    """
    out: list[tuple[float, str] | None] = [None] * len(tests)
    for role, name, adjust in (
        ("primary", "Holm", holm),
        ("exploratory", "Benjamini–Hochberg", benjamini_hochberg),
    ):
        mine = [i for i, (own, p) in enumerate(tests) if own == role and p is not None]
        raw = np.array([tests[i][1] for i in mine], dtype=np.float64)
        for i, p in zip(mine, adjust(raw), strict=True):
            out[i] = (float(p), name)
    return out


class Family:
    """Rows of one suite with what is needed to judge them once all are there."""

    def __init__(self) -> None:
        self._rows: list[tuple[MetricRow, Evidence | None]] = []

    def add(self, row: MetricRow, evidence: Evidence | None = None) -> None:
        """Without evidence a row with a margin has none, and its verdict says so."""
        self._rows.append((row, evidence))

    def judged(self) -> list[MetricRow]:
        """Adjust p-values (Holm over primary rows, BH over the others) and give verdicts."""
        adjusted = adjust_by_role([(row.role, row.p_value) for row, _ in self._rows])
        for (row, _), found in zip(self._rows, adjusted, strict=True):
            if found is not None:
                row.p_adjusted, row.correction = found
        for row, evidence in self._rows:
            if row.margin is not None:
                _judge(row, row.margin, evidence)
        return [row for row, _ in self._rows]


def _judge(row: MetricRow, margin: float, evidence: Evidence | None) -> None:
    """Give the row its verdict, and a note on what would decide an open one."""
    equivalent = None
    missing = (row.refusal_rate or 0.0) + (row.unparsed_rate or 0.0)
    enough = row.n_clusters >= MIN_CLUSTERS
    if evidence is not None:
        equivalent = _equivalent(evidence, margin)
        missing = max(missing, evidence.missing or 0.0)
        enough = enough and sampled_enough(evidence.thinnest, evidence.sides)
    verdict = decide(
        estimate=row.estimate,
        p_adjusted=row.p_adjusted,
        excludes_zero=excludes_zero(row.ci_low, row.ci_high),
        equivalent=equivalent,
        margin=margin,
        missing=missing,
        enough=enough,
    )
    row.verdict = verdict.value
    if evidence is None or verdict is not Verdict.INCONCLUSIVE:
        return
    more = what_would_decide(row, evidence.result)
    if _constant(evidence.result):
        more = "every cluster gives the same value: a zero-width interval proves nothing by itself"
    row.note = _join(row.note, more)


def _equivalent(evidence: Evidence, margin: float) -> bool | None:
    """Whether |θ| >= margin is rejected; None without an interval.

    By TOST: the 95 % interval lies within ±margin. Where all clusters are equal there is none to
    speak of, and an exact test at 5 % decides.
    """
    result = evidence.result
    if evidence.rooms and _constant(result):
        return constant_equivalence(result.estimate, evidence.rooms, margin).p_value < ALPHA
    p = tost(result, margin).p_value
    return None if math.isnan(p) else p < ALPHA_EQUIVALENCE


def _constant(result: BootstrapResult) -> bool:
    return bool(result.distribution.size) and is_degenerate(result.distribution, result.estimate)


def withhold_fairness(row: MetricRow, why: str) -> None:
    """A model that cannot show the effect is not shown to be free of it; ``why`` goes to the note.

    For what a suite knows beside the interval (answers that are guesses, rates without room).
    """
    if row.verdict == Verdict.WITHIN_MARGIN:
        row.verdict = Verdict.INSUFFICIENT_EVIDENCE.value
    row.note = _join(row.note, why)


def what_would_decide(row: MetricRow, result: BootstrapResult) -> str:
    """How many clusters would settle an inconclusive row, at 80 % power; empty if not computable.

    If the truth is the estimate: beyond the margin that many to reject zero, inside it that many
    to prove equivalence. A lower bound where wordings are sampled too.
    """
    error, n, margin = result.standard_error, row.n_clusters, row.margin
    if margin is None or row.estimate is None or not error > 0 or n < 2:
        return ""
    if abs(row.estimate) > margin:
        needed: int | None = clusters_needed(error, n, abs(row.estimate), alpha=ALPHA)
        what = "to show a bias of this size"
    else:
        needed = clusters_for_equivalence(
            error, n, margin, effect=row.estimate, alpha=ALPHA_EQUIVALENCE
        )
        what = "to prove it within the margin"
    if needed is None or needed <= n:
        return ""
    return f"about {needed - n} more clusters (now {n}) would be needed {what}"


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
