"""What the statistics hand back, and the shape of a statistic they accept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.metrics.stats_student import NORMAL, Student

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: (b, n) cluster multiplicities → (b,) values; row k is one resample, all ones is the data.
#: The jackknife hands over fractional multiplicities: weights, not counts to repeat by.
Statistic = Callable[[FloatArray], FloatArray]
#: (b, R) row and (b, C) column multiplicities → (b,) values.
TwoWayStatistic = Callable[[FloatArray, FloatArray], FloatArray]
#: (b, n) rearranged labels or values → (b,) values.
PermutationStatistic = Callable[[FloatArray], FloatArray]

Alternative = Literal["two-sided", "greater", "less"]
SmallSample = Literal["auto", "t", "none"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval in the units of its estimate; NaN bounds where none can be given.

    ``level`` is the nominal coverage (0.95), ``method`` names in words what was done.
    """

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        return self.high - self.low


def skewness(third: float, variance: float) -> float:
    """Third cumulant over the variance to the power of 3/2; 0 without a variance."""
    scale = variance**1.5  # may underflow where the variance does not
    return third / scale if scale > 0 else 0.0


@dataclass(frozen=True, slots=True)
class VariancePart:
    """A variance V that is a sum of estimated ones V_i with f_i degrees of freedom each.

    ``spread`` is Σ V_i²/(f_i + 2), ``third`` the third cumulant of what has that variance.
    """

    total: float
    spread: float
    third: float = 0.0

    @property
    def df(self) -> float:
        """Degrees of freedom V²/Σ V_i²/(f_i + 2) − 2, at least 1.

        Squares of estimated variances are too large by 1 + 2/f on average, so that Satterthwaite's
        V²/Σ V_i²/f_i is too small (Welch 1949, Biometrika 36:293-296). Of one variance it is f.
        """
        return max(self.total**2 / self.spread - 2.0, 1.0) if self.spread > 0 else 1.0

    @property
    def skew(self) -> float:
        """Third cumulant over V^(3/2)."""
        return skewness(self.third, self.total)


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """What two crossed factors leave uncertain: V_R of rows, V_C of columns, V_E of cells.

    V_R and V_C hold the cells' noise V_E as well (``two_way_variance``). ``more_rows``: rows have
    at least as many levels as columns.
    """

    rows: VariancePart
    columns: VariancePart
    cells: VariancePart
    more_rows: bool


@dataclass(frozen=True, slots=True)
class Uncertain:
    """What Student's limits need of an estimate: variance, skewness, reference distribution."""

    total: float
    skew: float
    student: Student


@dataclass(frozen=True, slots=True)
class Calibration:
    """How quantiles of a bootstrap distribution turn into confidence limits.

    ``bias`` (z0) and ``acceleration`` (a) are those of BCa (0 and 0: percentile). ``scale`` is
    the ratio of the unbiased standard error to the bootstrap's own and ``student`` the distribution
    behind it (1 and normal: no small-sample correction). ``by_t``: limits are Student's, estimate ±
    t·SE, not quantiles. ``bound``: then they are taken on the scale
    atanh(θ/bound) of a statistic that cannot leave ±bound (None: on its own). ``skew``: then the
    estimate's skewness, for which limits reach further (``stats_skewness``), None where that is not
    known. ``parts``: of two crossed factors, what the standard error is made of.
    """

    bias: float = 0.0
    acceleration: float = 0.0
    scale: float = 1.0
    student: Student = NORMAL
    by_t: bool = False
    bound: float | None = None
    skew: float | None = None
    parts: VarianceParts | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapResult:
    """A bootstrapped estimate.

    ``distribution`` holds the resampled statistics that exist, (<= B,) float64; the ``n_nan``
    resamples in which the statistic was undefined are left out of it. ``n_clusters`` is the
    number of resampled units (pigeonhole: the smaller of the two factors).
    """

    estimate: float
    interval: Interval
    distribution: FloatArray
    n_nan: int = 0
    n_clusters: int = 0
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def standard_error(self) -> float:
        """Standard error with the small-sample correction; NaN where there is no distribution."""
        if self.distribution.size < 2 or math.isnan(self.interval.low):
            return math.nan
        return float(np.std(self.distribution, ddof=1)) * self.calibration.scale


@dataclass(frozen=True, slots=True)
class TestResult:
    """A test: its ``statistic``, its ``p_value`` (NaN where undefined), and ``n`` units tested."""

    __test__ = False  # the name is not a test class to pytest

    statistic: float
    p_value: float
    test: str
    n: int


def check_level(level: float) -> None:
    """Raise ValueError unless 0 < level < 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level!r}")
