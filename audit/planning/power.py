"""The power of a test by Student's t whose standard error and degrees of freedom are estimated.

An audit's t is its estimate over the root of V = V_R + V_C − V_E (``stats_two_way``), and its
degrees of freedom follow from the same three variances. With few wordings both vary much from audit
to audit, and so does the finished run that a plan learns them from: a formula for known variances
promises too much. So the three are drawn twice, each by its own degrees of freedom f: true ones
around the run's (times f/χ²_f), and around these the ones that the planned audit will find (times
χ²_f/f), of which the verdict's own rule makes V and its degrees of freedom. So is the skewness that
moves a limit outwards (``stats_skewness``), which values without any show by chance. Given all of
them the power is that of a normal estimate; its mean over the draws is what is promised (assurance:
O'Hagan, Stevens & Campbell 2005, Pharmaceutical Statistics 4:187-201).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from audit.metrics.stats_skewness import arms
from audit.metrics.stats_two_way import together
from audit.metrics.stats_types import FloatArray, Uncertain, VariancePart, VarianceParts

#: Draws of the variances: a power of 80 % is known to half a point.
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Variances of an estimate by what varies, as a run found them, and their degrees of freedom.

    ``wordings`` and ``cells`` are 0 where clusters alone are sampled. ``df_cells`` are those of the
    interaction. ``clusters_lead``: clusters have at least as many levels as wordings. ``skewed``:
    limits are moved outwards for a tail. ``chance``: what of clusters', wordings' and cells'
    variance is which answers happened to be drawn, and so shrinks with samples of each question.
    """

    clusters: float
    wordings: float
    cells: float
    df_clusters: float
    df_wordings: float
    df_cells: float
    clusters_lead: bool = True
    skewed: bool = False
    chance: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def total(self) -> float:
        return self.clusters + self.wordings + self.cells

    @property
    def crossed(self) -> bool:
        """Whether wordings are sampled too."""
        return self.wordings + self.cells > 0

    def grown(
        self, *, clusters: float = 1.0, wordings: float = 1.0, samples: float = 1.0
    ) -> Uncertainty:
        """With so many times as many clusters, wordings and samples of a question."""
        both = clusters * wordings
        lost = 1.0 - 1.0 / samples
        parts = zip(
            (self.clusters, self.wordings, self.cells), self.chance, (clusters, wordings, both),
            strict=True,
        )  # fmt: skip
        of_clusters, of_wordings, of_cells = (max(v - lost * c, 0.0) / by for v, c, by in parts)
        in_clusters, in_wordings, in_cells = (c / samples for c in self.chance)
        return replace(
            self,
            clusters=of_clusters, wordings=of_wordings, cells=of_cells,
            df_clusters=self.df_clusters * clusters, df_wordings=self.df_wordings * wordings,
            df_cells=self.df_cells * both,
            chance=(in_clusters / clusters, in_wordings / wordings, in_cells / both),
        )  # fmt: skip


def smallest_effect(known: Uncertainty, *, alpha: float, power: float) -> float | None:
    """What a two-sided test at ``alpha`` finds with ``power``; None where nothing varies."""
    if not known.total > 0:
        return None
    spread, above, below = _drawn(known, alpha)

    def short(effect: float) -> float:
        found = ndtr((effect - above) / spread) + ndtr((-effect - below) / spread)
        return float(np.mean(found)) - power

    high = float(np.median(above))
    while short(high) < 0:
        high *= 2
    return float(brentq(short, 0.0, high, rtol=1e-6))


def _drawn(known: Uncertainty, alpha: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(DRAWS,) true standard errors, and how far above and below 0 what is called must lie."""
    rng = np.random.default_rng(0)
    found = np.array(
        [known.clusters + known.cells, known.wordings + known.cells, known.cells]
    )  # fmt: skip
    df = np.array([known.df_clusters, known.df_wordings, known.df_cells])
    if not known.crossed:
        found[1:] = 0.0
    true = found * df / rng.chisquare(df, (DRAWS, 3))
    later = true * rng.chisquare(df, (DRAWS, 3)) / df
    skews = np.zeros((DRAWS, 3))
    if known.skewed:
        skews[:, :2] = rng.normal(0.0, 1.0, (DRAWS, 2)) * skew_by_chance(df[:2], known.crossed)
    errors, above, below = np.empty(DRAWS), np.empty(DRAWS), np.empty(DRAWS)
    lead, freedom = known.clusters_lead, df.tolist()
    # Lists: single numbers of an array are slow.
    drawn = zip(true.tolist(), later.tolist(), skews.tolist(), strict=True)
    for k, (now, then, skew) in enumerate(drawn):
        errors[k] = math.sqrt(_together(now, freedom, skew, lead).total)
        found_later = _together(then, freedom, skew, lead)
        reach = found_later.student.quantile(1.0 - alpha / 2.0)
        # What lies above 0 is called by its lower limit.
        above[k], below[k] = np.multiply(arms(reach, found_later.skew), found_later.total**0.5)
    return errors, above, below


def skew_by_chance(df: FloatArray, crossed: bool) -> FloatArray:
    """Standard deviation of the skewness that a mean of df + 1 normal values is found to have.

    That of g₁, √(6(n − 2)/((n + 1)(n + 3))) (Fisher 1930, Proc. R. Soc. A 130:16-28), times what
    the jackknife makes of it: (n − 1)^1.5/n² beside a second factor, else √(n − 1)/(n − 2).
    """
    n = np.maximum(df + 1.0, 2.0)
    spread = np.sqrt(6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0)))
    found = (n - 1.0) ** 1.5 / n**2 if crossed else np.sqrt(n - 1.0) / np.maximum(n - 2.0, 1.0)
    return np.asarray(spread * found)


def _together(
    variances: list[float], df: list[float], skews: list[float], clusters_lead: bool
) -> Uncertain:
    """V with its reference and skewness out of V_R, V_C and V_E by the verdict's rule."""
    rows, columns, cells = (
        VariancePart(v, v**2 / (f + 2.0), g * v**1.5)
        for v, f, g in zip(variances, df, skews, strict=True)
    )
    return together(VarianceParts(rows, columns, cells, clusters_lead))
