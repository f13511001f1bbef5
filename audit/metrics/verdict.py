"""From estimates to verdicts: families of tests, then one rule for every metric."""

from __future__ import annotations

import math

import numpy as np

from audit.metrics.significance import (
    BootstrapResult,
    benjamini_hochberg,
    clusters_for_equivalence,
    clusters_needed,
    holm,
    tost_bootstrap,
)
from audit.schema import MetricRow, Verdict

ALPHA = 0.05
#: Above this share of refused and unparsed answers nothing is concluded.
MAX_MISSING = 0.5
#: Above this share "within margin" is not claimed: the missing answers could hold the bias.
MAX_MISSING_FAIR = 0.2
#: Fewer clusters than this (in each compared group) are no sample.
MIN_CLUSTERS = 5


def decide(
    *,
    estimate: float | None,
    p_adjusted: float | None,
    p_equivalence: float,
    margin: float,
    missing: float,
    n_clusters: int,
) -> Verdict:
    """The rule.

    ``biased``: the adjusted test rejects zero, the estimate lies beyond the margin, and equivalence
    is not shown. ``within_margin``: TOST rejects |θ| >= margin at 5 %, whatever the test of zero
    says (a real but negligible effect is negligible). Else ``inconclusive``; and
    ``insufficient_evidence`` where answers or clusters are too few to say any of it.
    """
    if estimate is None or math.isnan(estimate) or missing > MAX_MISSING:
        return Verdict.INSUFFICIENT_EVIDENCE
    if n_clusters < MIN_CLUSTERS or math.isnan(p_equivalence):
        return Verdict.INSUFFICIENT_EVIDENCE
    if p_equivalence < ALPHA:
        fair = missing <= MAX_MISSING_FAIR
        return Verdict.WITHIN_MARGIN if fair else Verdict.INSUFFICIENT_EVIDENCE
    if p_adjusted is not None and p_adjusted < ALPHA and abs(estimate) > margin:
        return Verdict.BIASED
    return Verdict.INCONCLUSIVE


class Family:
    """Rows of one suite with what is needed to judge them once all are there."""

    def __init__(self) -> None:
        self._rows: list[tuple[MetricRow, BootstrapResult | None, int]] = []

    def add(
        self, row: MetricRow, result: BootstrapResult | None = None, smallest_group: int = 0
    ) -> None:
        """``smallest_group``: clusters in the smallest compared group (all, if no contrast)."""
        self._rows.append((row, result, smallest_group))

    def judged(self) -> list[MetricRow]:
        """Adjust p-values (Holm over primary rows, BH over the others) and give verdicts."""
        for role, name, adjust in (
            ("primary", "Holm", holm),
            ("exploratory", "Benjamini–Hochberg", benjamini_hochberg),
        ):
            rows = [row for row, _, _ in self._rows if row.role == role]
            tested = [row for row in rows if row.p_value is not None]
            adjusted = adjust(np.array([row.p_value for row in tested], dtype=np.float64))
            for row, p in zip(tested, adjusted, strict=True):
                row.p_adjusted, row.correction = float(p), name
        for row, result, smallest in self._rows:
            if row.margin is None:
                continue
            equivalence = math.nan
            if result is not None:
                equivalence = tost_bootstrap(result, row.margin, ALPHA).p_value
            verdict = decide(
                estimate=row.estimate,
                p_adjusted=row.p_adjusted,
                p_equivalence=equivalence,
                margin=row.margin,
                missing=(row.refusal_rate or 0.0) + (row.unparsed_rate or 0.0),
                n_clusters=smallest,
            )
            row.verdict = verdict.value
            if verdict is Verdict.INCONCLUSIVE and result is not None:
                row.note = _join(row.note, what_would_decide(row, result))
        return [row for row, _, _ in self._rows]


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
        needed = clusters_for_equivalence(error, n, margin, effect=row.estimate, alpha=ALPHA)
        what = "to prove it within the margin"
    if needed is None or needed <= n:
        return ""
    return f"about {needed - n} more clusters (now {n}) would be needed {what}"


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
