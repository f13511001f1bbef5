"""Reference distributions: two estimated variances, clusters of unequal size, incomplete tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.metrics import significance as sig
from audit.metrics.cells import Cells
from audit.metrics.measures import averaged
from audit.metrics.pooled import make_pool, pooled_measure
from audit.metrics.significance import row_mean
from audit.metrics.stats_student import NORMAL, Student
from audit.metrics.stats_two_way import two_way_variance
from audit.metrics.stats_unequal import working_df

#: Pairs by each of the 40 writers of the gender pairs of CrowS-Pairs.
WRITERS = [52.0, 31, 17, 16, 15, 13, 9, 9, 9, 7, 7, 6, 5, 5] + [4] * 6 + [3] * 4 + [2] * 9 + [1] * 7
DF = st.floats(1, 300)


def two(first: float, second: float, share: float, welch: float) -> Student:
    return Student(welch, ((first, share), (second, 1 - share)))


# --- quantiles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [1.0, 4.5, 30.0])
def test_one_variance_has_students_t(df: float) -> None:
    for q in (1e-6, 0.025, 0.5, 0.995):
        assert Student(df).quantile(q) == pytest.approx(stats.t.ppf(q, df))
        assert Student(df).cdf(stats.t.ppf(q, df)) == pytest.approx(q)
    assert NORMAL.quantile(0.975) == pytest.approx(stats.norm.ppf(0.975))


def test_two_variances_lie_halfway_between_welch_and_cochran_and_cox() -> None:
    welch, mixed = (
        stats.t.ppf(0.975, 8.2),
        0.3 * stats.t.ppf(0.975, 15) + 0.7 * stats.t.ppf(0.975, 3),
    )
    assert two(15, 3, 0.3, 8.2).quantile(0.975) == pytest.approx((welch + mixed) / 2)
    assert two(15, 3, 0.3, 8.2).quantile(0.025) == pytest.approx(-(welch + mixed) / 2)


@given(first=DF, second=DF, share=st.floats(0, 1), welch=DF, q=st.floats(1e-12, 1 - 1e-9))
def test_p_is_the_quantile_inverted(
    first: float, second: float, share: float, welch: float, q: float
) -> None:
    student = two(first, second, share, welch)
    t = student.quantile(q)
    assert student.cdf(t) == pytest.approx(q, rel=1e-5)
    assert student.cdf(-t) == pytest.approx(1 - q, rel=1e-5, abs=1e-12)


@given(first=DF, second=DF, share=st.floats(0, 1), welch=DF, t=st.floats(-1e9, 1e9))
def test_p_falls_with_t_however_far(
    first: float, second: float, share: float, welch: float, t: float
) -> None:
    student = two(first, second, share, welch)
    assert 0.0 <= student.cdf(t - 0.1) <= student.cdf(t) <= 1.0


def test_an_estimated_variance_of_three_does_not_claim_too_often_at_one_percent() -> None:
    """Sixteen clusters and four wordings that tilt a contrast: Welch's t claims too often."""
    rng = np.random.default_rng(2)
    rejected = {"welch": 0, "here": 0}
    draws, level = 20_000, 0.01
    for rows, columns, noise in rng.chisquare((15, 3, 45), (draws, 3)) / (15, 3, 45):
        v_cells = 0.02 * noise
        v_rows, v_columns = 0.22 * rows, 1.02 * columns
        total = v_rows + v_columns - v_cells
        spread = v_rows**2 / 17 + v_columns**2 / 5 + v_cells**2 / 47
        welch = max(total**2 / spread - 2, 1.0)
        t = abs(rng.normal(0, math.sqrt(1.22))) / math.sqrt(total)
        student = two(15, 3, v_rows / total, welch) if v_columns > v_cells else Student(15)
        rejected["welch"] += t > Student(welch).quantile(1 - level / 2)
        rejected["here"] += t > student.quantile(1 - level / 2)
    assert rejected["welch"] > 0.018 * draws
    assert 0.009 * draws < rejected["here"] < 0.0155 * draws


# --- unequal clusters ----------------------------------------------------------------------------


def test_clusters_of_one_size_have_one_degree_of_freedom_less_than_they_are() -> None:
    assert working_df(np.full((1, 12), 4.0)) == pytest.approx(11)
    assert working_df(np.full((3, 12), [[1.0], [2.0], [5.0]])) == pytest.approx(11)


def test_a_few_large_clusters_leave_few_degrees_of_freedom() -> None:
    sizes = np.array(WRITERS)
    assert working_df(sizes[None]) == pytest.approx(10.7, abs=0.1)
    # The number is that of the jackknife's variance among independent observations.
    rng = np.random.default_rng(0)
    means = rng.normal(size=(40_000, sizes.size)) / np.sqrt(sizes)
    total = means @ sizes
    left = (total[:, None] - means * sizes) / (sizes.sum() - sizes)
    variance = left.var(axis=1)
    assert working_df(sizes[None]) == pytest.approx(
        2 * variance.mean() ** 2 / variance.var(), rel=0.05
    )


def test_a_cluster_alone_in_a_kind_of_bias_is_no_observation_there() -> None:
    sizes = np.array([[5.0, 5, 5, 5], [7, 0, 0, 0]])
    assert working_df(sizes) == pytest.approx(3)
    assert working_df(sizes[1:]) == 1.0


def test_limits_of_pooled_pairs_rest_on_their_writers_sizes() -> None:
    rng = np.random.default_rng(3)
    writers = [f"w{i}" for i, size in enumerate(WRITERS) for _ in range(int(size))]
    values = rng.integers(0, 2, len(writers)) - 0.5
    alone = [""] * len(writers)
    pool = make_pool(values, alone, writers, alone)
    assert pool is not None
    rows = pd.DataFrame(
        {"route": "likelihood", "label": "stereotyped", "group": ""}, index=range(3)
    )
    found = pooled_measure("m", pool, rows, units="writers")
    result = found.bootstrap(found.statistic, n_resamples=200, level=0.95, seed=1)
    assert result.calibration.student.df == pytest.approx(10.7, abs=0.1)
    assert result.interval.method == "cluster t (df 10.7)"


# --- incomplete tables ---------------------------------------------------------------------------


def table(values: np.ndarray) -> Cells:
    n, m = values.shape
    return Cells(
        values=values, counts=np.ones((n, m)), clusters=tuple(map(str, range(n))),
        columns=tuple(("p", "en", str(j)) for j in range(m)), strata=np.zeros(m, dtype=np.int64),
        group=("",) * n, reference=np.full(n, np.nan),
    )  # fmt: skip


def variances(values: np.ndarray, *, by_share: bool) -> tuple[float, float, float]:
    cells = table(values)
    mean = averaged(cells.block_means, row_mean, cells.block_shares if by_share else None)
    members = [[np.arange(size, dtype=np.int64)] for size in values.shape]
    parts = two_way_variance(mean, *members, 100)
    return parts.rows.total, parts.columns.total, parts.cells.total


def test_complete_tables_do_not_see_the_shares() -> None:
    values = np.random.default_rng(1).normal(size=(10, 5))
    assert variances(values, by_share=True) == pytest.approx(variances(values, by_share=False))


def test_noise_of_clusters_asked_in_two_of_eight_wordings_is_not_taken_for_wordings() -> None:
    """Thirty clusters, each in two wordings, noise alone: all three variances are that noise."""
    rng = np.random.default_rng(4)
    asked = np.zeros((30, 8), dtype=bool)
    for row in asked:
        row[rng.choice(8, 2, replace=False)] = True
    found, before = (
        np.mean(
            [
                variances(np.where(asked, rng.normal(size=asked.shape), np.nan), by_share=share)
                for _ in range(60)
            ],
            axis=0,
        )
        for share in (True, False)
    )
    assert found == pytest.approx([1 / 60] * 3, rel=0.2)
    assert before[1] > 1.5 / 60  # as if the cell that is left stood for the lost one


def test_what_is_left_of_a_row_counts() -> None:
    values = np.array([[1.0, 3.0], [5.0, np.nan]])
    cells = table(values)
    one, second = np.ones((1, 2)), np.array([[0.0, 1.0]])
    assert cells.block_shares(one).tolist() == [[[1.0, 1.0]]]
    assert cells.block_shares(second).tolist() == [[[0.5, 0.0]]]
    mean = averaged(cells.block_means, row_mean, cells.block_shares)
    assert mean(one, one) == pytest.approx(3.5)
    assert mean(one, np.array([[1.0, 0.0]])) == pytest.approx((0.5 * 1.0 + 5.0) / 1.5)


def test_the_same_t_gives_interval_and_p_over_both_factors() -> None:
    cells = np.random.default_rng(5).normal(size=(16, 1)) + np.random.default_rng(6).normal(
        size=(1, 4)
    )
    cells = cells + np.random.default_rng(7).normal(size=(16, 4))
    result = sig.pigeonhole_bootstrap(sig.two_way_mean(cells), 16, 4, n_resamples=200, seed=1)
    assert result.calibration.student.parts
    for null in (result.interval.low, result.interval.high):
        assert sig.bootstrap_p_value(result, null).p_value == pytest.approx(0.05)
