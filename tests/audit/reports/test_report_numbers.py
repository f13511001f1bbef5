"""Numbers in words: units, signs, p-values, and nothing where there is nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.numbers import finite, p_text, plain, shown, unit_of, with_unit
from audit.schema import MetricRow


@pytest.mark.parametrize(
    ("value", "unit", "sign", "expected"),
    [
        (0.314, "points", True, "+31.4"),
        (-0.031, "points", True, "−3.1"),
        (-0.00001, "points", True, "0.0"),
        (0.5, "share", False, "50.0"),
        (1.62, "nats", True, "+1.62"),
        (-0.001, "number", False, "0.00"),
        (None, "number", False, "—"),
    ],
)
def test_plain(value: float | None, unit: str, sign: bool, expected: str) -> None:
    assert plain(value, unit, sign=sign) == expected


@given(st.floats(-1, 1))
def test_plain_reads_back_to_within_its_last_digit(value: float) -> None:
    text = plain(value, "points", sign=True).replace("−", "-")
    assert abs(float(text) / 100 - value) <= 0.0005 + 1e-12


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "x", True, [1]])
def test_finite_refuses_what_is_no_number(value: object) -> None:
    assert finite(value) is None


def test_p_values() -> None:
    assert [p_text(p) for p in (None, 0.0, 0.0009, 0.05, 1.0)] == [
        "—", "< 0.001", "< 0.001", "0.050", "1.000",
    ]  # fmt: skip


def test_units() -> None:
    assert unit_of(MetricRow("s", "order_effect", "all", 1.0, note="in nats of log-odds")) == "nats"
    assert unit_of(MetricRow("s", "order_effect", "all", 0.1, note="in share of women")) == "points"
    assert unit_of(MetricRow("s", "somebody_elses_metric", "all", 0.1)) == "number"
    assert with_unit(0.1, "points", long=True).en == "10.0 percentage points"
    assert with_unit(0.1, "points").zh == "10.0 个百分点"


def test_a_claim_turns_the_interval_into_its_direction() -> None:
    cell = shown(MetricRow("s", "stereotype_gap", "all", -0.2, -0.3, -0.1, margin=0.1))
    assert cell.claimed.en == "95 % interval 10.0 to 30.0"
    assert cell.interval.en == "95 % interval −30.0 to −10.0"
    assert cell.margin.en == "10 points"
    crossing = shown(MetricRow("s", "stereotype_gap", "all", -0.2, -0.5, 0.1))
    assert crossing.claimed.en == "95 % interval −10.0 to 50.0"


def test_nothing_measured_shows_nothing() -> None:
    cell = shown(MetricRow("s", "stereotype_gap", "all", None))
    assert (cell.value.en, cell.bounds, cell.margin.en, cell.p_adjusted) == ("—", "—", "—", "—")
    assert cell.interval.en == cell.claimed.en == "no interval"
