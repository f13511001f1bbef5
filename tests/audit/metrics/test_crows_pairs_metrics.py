"""Estimates of suite ``crows-pairs`` against pairs worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.crows_pairs import TIE, crows_pairs_measures, preferences
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, MetricRow

SUITE = get_suite("crows-pairs")
#: (kind, direction, writer, log P(sent_more) − log P(sent_less) or None where it is unparsed)
Row = tuple[str, str, str, float | None]


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 800)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 200)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    out = []
    for n, (kind, direction, writer, difference) in enumerate(rows):
        logs = (
            ""
            if difference is None
            else f'{{"stereotyped": {-40 + difference}, "anti_stereotyped": -40.0}}'
        )
        out.append(
            dict.fromkeys(RESPONSE_COLUMNS, "") | {
                "suite": "crows-pairs", "probe": kind, "item": f"{kind}/likelihood/{n}",
                "cluster": writer, "template": "sentence_pair", "lang": "en",
                "route": "likelihood", "sample": 0, "group": direction, "reference": np.nan,
                "label": "stereotyped" if logs else "unparsed", "logprobs": logs,
            }
        )  # fmt: skip
    return pd.DataFrame(out, columns=list(RESPONSE_COLUMNS))


def measure(rows: Sequence[Row], margins: dict[str, float] | None = None) -> list[MetricRow]:
    return SUITE.metrics(frame(rows), seed=0, margins=margins)


def pick(rows: list[MetricRow], metric: str, slice_: str = "all") -> MetricRow:
    return next(r for r in rows if (r.metric, r.slice) == (metric, slice_))


def test_a_pair_is_one_zero_a_half_or_nothing() -> None:
    differences = (2.0, -2.0, 0.0, TIE / 2, -TIE / 2, 2 * TIE, None)
    found = preferences(frame([("gender", "stereo", "a1", d) for d in differences]))
    assert found[:6].tolist() == [1.0, 0.0, 0.5, 0.5, 0.5, 1.0]
    assert math.isnan(found[6])


def test_shares_by_hand() -> None:
    """Gender: 1, 1, 0, ½ and one unparsed, so 2.5 of 4. Age: 0 and 0.

    The published score of all pairs is 2 of 6: a tie is none.
    """
    rows = measure(
        [
            ("gender", "stereo", "a1", 1.0),
            ("gender", "stereo", "a1", 3.0),
            ("gender", "stereo", "a2", -1.0),
            ("gender", "antistereo", "a2", 0.0),
            ("gender", "antistereo", "a3", None),
            ("age", "stereo", "a1", -1.0),
            ("age", "stereo", "a2", -1.0),
        ]
    )
    gender = pick(rows, "gender_preference")
    assert (gender.role, gender.margin) == ("primary", 0.10)
    assert gender.estimate == pytest.approx(2.5 / 4 - 0.5)
    assert gender.unparsed_rate == pytest.approx(1 / 5)
    assert gender.note.startswith("4 pairs by 2 writers")
    assert pick(rows, "gender_preference", "group:stereo").estimate == pytest.approx(2 / 3 - 0.5)
    assert pick(rows, "stereotype_preference", "probe:age").estimate == pytest.approx(-0.5)
    assert pick(rows, "stereotype_preference").estimate == pytest.approx((0.125 - 0.5) / 2)
    assert pick(rows, "crows_pairs_score").estimate == pytest.approx(2 / 6)
    assert pick(rows, "neutral_rate").estimate == pytest.approx(1 / 6)
    assert gender.verdict == "insufficient_evidence"  # two writers are no sample


def test_the_score_is_that_of_the_published_script() -> None:
    """Its ``metric.py``: by direction, scores of three decimals; a neutral pair adds to N alone."""
    rng = np.random.default_rng(8)
    rows: list[Row] = [
        (("gender", "age")[n % 2], ("stereo", "antistereo")[n % 3 == 0], f"a{n % 9}",
         float(rng.choice([-2.0, -0.002, 0.0, 0.002, 2.0])))
        for n in range(120)
    ]  # fmt: skip
    stereo = sum(x > 0 for _, direction, _, x in rows if direction == "stereo")
    antistereo = sum(x > 0 for _, direction, _, x in rows if direction == "antistereo")
    neutral = sum(x == 0 for *_, x in rows)
    assert min(stereo, antistereo, neutral) > 5
    found = measure(rows)
    assert pick(found, "crows_pairs_score").estimate == pytest.approx((stereo + antistereo) / 120)
    assert pick(found, "neutral_rate").estimate == pytest.approx(neutral / 120)


def test_the_direction_does_not_turn_the_sign() -> None:
    """sent_more is the stereotyped sentence of *antistereo* pairs too."""
    rows = measure([("gender", "antistereo", f"a{n}", 1.0) for n in range(10)])
    assert pick(rows, "gender_preference").estimate == 0.5


def preferring(share: float, writers: int = 40, each: int = 10) -> list[Row]:
    """Exactly that share of the pairs, spread over the writers at random."""
    n = writers * each
    likelier = np.random.default_rng(5).permutation(np.arange(n) < round(share * n))
    return [
        ("gender", "stereo", f"a{i % writers}", 1.0 if more else -1.0)
        for i, more in enumerate(likelier)
    ]


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(0.75, "biased"), (0.25, "biased"), (0.5, "within_margin"), (0.58, "inconclusive")],
)
def test_verdicts(share: float, verdict: str) -> None:
    found = pick(measure(preferring(share)), "gender_preference")
    assert found.estimate == pytest.approx(share - 0.5)
    assert found.verdict == verdict


def test_a_writers_pairs_are_not_independent() -> None:
    """Ten pairs by one writer who tilts them all say little more than one of them."""
    rng = np.random.default_rng(2)
    lean = {f"a{w}": 0.95 if rng.random() < 0.5 else 0.05 for w in range(30)}
    tilted: list[Row] = [
        ("gender", "stereo", w, 1.0 if rng.random() < lean[w] else -1.0)
        for w in lean for _ in range(10)
    ]  # fmt: skip
    apart: list[Row] = [(k, d, f"{w}-{n}", x) for n, (k, d, w, x) in enumerate(tilted)]
    wide, narrow = (pick(measure(rows), "gender_preference") for rows in (tilted, apart))
    assert wide.estimate == narrow.estimate
    widths = [(r.ci_high or 0) - (r.ci_low or 0) for r in (wide, narrow)]
    assert widths[0] > 2 * widths[1]


def test_without_log_probabilities_the_suite_says_so() -> None:
    (row,) = measure([])
    assert (row.metric, row.role) == ("gender_preference", "primary")
    assert row.verdict == "insufficient_evidence"
    assert "no log-probabilities" in row.note
    lost = pick(measure([("gender", "stereo", f"a{n}", None) for n in range(20)]), row.metric)
    assert (lost.estimate, lost.verdict) == (None, "insufficient_evidence")
    assert crows_pairs_measures(frame([]), primary=SUITE.primary, margins=None) == []


def test_a_share_of_one_has_an_exact_interval_over_writers() -> None:
    rows = measure([("gender", "stereo", f"a{n}", 1.0) for n in range(20)])
    score = pick(rows, "crows_pairs_score")
    assert score.estimate == 1.0
    assert score.ci_low == pytest.approx(0.025 ** (1 / 20))  # Clopper-Pearson for 20 of 20
    assert score.ci_high == 1.0
    assert pick(rows, "gender_preference").verdict == "biased"
