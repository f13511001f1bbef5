"""The smallest effect a design detects, from answers to its own questions.

The questions of a planned run are a part of those of a finished one, so the error the verdict
would find in it can be computed rather than derived: the planned questions' answers are taken out
of the finished run, and the verdict's own interval is computed on them. The parts of its variance,
clusters, wordings and cells, then say what twice as many of one would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from audit.metrics.measures import Measure
from audit.metrics.significance import BootstrapResult
from audit.planning.power import Uncertainty, smallest_effect

#: They say whether anything varies; limits by t do not rest on how many they are.
RESAMPLES = 500


class Gain(StrEnum):
    """What is known of the variance that more samples of each question take away."""

    NOTHING = "nothing"  # a likelihood is no sample
    MEASURED = "measured"
    AT_MOST = "at_most"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Precision:
    """One metric's uncertainty in a design, on the scale of its test.

    That is bound·atanh(θ/bound) where the metric cannot leave ±``bound``, as in the verdict.
    ``gain``: what is known of ``known.chance``.
    """

    metric: str
    margin: float | None
    known: Uncertainty
    bound: float | None = None
    gain: Gain = Gain.NOTHING

    def grown(self, **times: float) -> Precision:
        """With so many times as many ``clusters``, ``wordings`` or ``samples``, equally filled."""
        return replace(self, known=self.known.grown(**times))

    def detectable(self, *, alpha: float, power: float) -> float | None:
        """The true effect found with ``power`` at level ``alpha``; None where nothing varies."""
        effect = smallest_effect(self.known, alpha=alpha, power=power)
        if effect is None or self.bound is None:
            return effect
        return self.bound * math.tanh(effect / self.bound)


def precision(measure: Measure, *, seed: int = 0) -> Precision | None:
    """The error of a measure of the planned questions; None where its interval has none."""
    result = measure.bootstrap(measure.statistic, n_resamples=RESAMPLES, level=0.95, seed=seed)
    if math.isnan(result.standard_error):
        return None
    bound = result.calibration.bound
    stretch = 1.0
    if bound is not None and abs(result.estimate) < bound:
        stretch = 1.0 / (1.0 - (result.estimate / bound) ** 2) ** 2
    return Precision(measure.metric, measure.margin, _uncertainty(result, stretch), bound)


def _uncertainty(result: BootstrapResult, stretch: float) -> Uncertainty:
    """The parts of the interval's variance, times ``stretch``; negative ones are 0."""
    parts = result.calibration.parts
    skewed = result.calibration.skew is not None
    if parts is None:
        df = result.calibration.student.df
        return Uncertainty(
            result.standard_error**2 * stretch, 0.0, 0.0, df, 1.0, 1.0, skewed=skewed
        )
    rows, columns, cells = parts.rows.total, parts.columns.total, parts.cells.total
    # Where a cluster is asked in a few wordings only, V_C and V_E hold more of the noise than V_R.
    noise = min(cells, rows)
    return Uncertainty(
        (rows - noise) * stretch, max(columns - cells, 0.0) * stretch, noise * stretch,
        parts.rows.df, parts.columns.df, parts.cells.df, parts.more_rows,
        skewed,
    )  # fmt: skip
