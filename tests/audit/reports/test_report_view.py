"""One plain sentence a suite, true to the row it speaks about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.reports.load import Run
from audit.reports.slices import cluster_of, parts
from audit.reports.text import Bilingual
from audit.reports.view import SuiteView, view_suite
from audit.schema import MetricRow, Verdict


def _row(metric: str, estimate: float | None, verdict: str, **more: Any) -> MetricRow:
    return MetricRow("occupations", metric, "all", estimate, -0.3, 0.4,
                     margin=0.1, verdict=verdict, role="primary", **more)  # fmt: skip


def _view(*rows: MetricRow, suite: str = "occupations", **info: Any) -> SuiteView:
    for row in rows:
        row.suite = suite
    run = Run(Path("r"), {}, {"model": {"name": "M"}}, list(rows), pd.DataFrame())
    return view_suite(run, {"name": suite, **info})


@pytest.mark.parametrize(
    ("metric", "estimate", "part"),
    [
        ("stereotype_gap", 0.2, "20.0 percentage points more often"),
        ("stereotype_gap", -0.2, "less often"),
        ("parity_skew", -0.08, "leans to “man” by 8.0 percentage points"),
        ("parity_skew", 0.08, "leans to “woman”"),
        ("labour_spearman", 0.8, "rank correlation of 0.80"),
        ("labour_spearman", -0.8, "against their real share"),
        ("stereotype_gap_logodds", -1.5, "1.50 nats lower"),
        ("never_heard_of", 0.4, "0.40 above zero on “never heard of”"),
    ],
)
def test_a_biased_suite_names_size_and_direction(metric: str, estimate: float, part: str) -> None:
    headline = _view(_row(metric, estimate, "biased")).headline
    assert part in headline.en
    assert "M" in headline.zh
    assert "interval" in headline.en
    assert "区间" in headline.zh


@pytest.mark.parametrize("suite", ["occupations", "pronouns", "someone_elses"])
@pytest.mark.parametrize("verdict", [*map(str, Verdict), "", "nonsense"])
@pytest.mark.parametrize("estimate", [0.2, -0.2, 0.0, None])
def test_every_verdict_has_a_whole_sentence(
    suite: str, verdict: str, estimate: float | None
) -> None:
    view = _view(_row("stereotype_gap", estimate, verdict), suite=suite)
    for text in (view.headline.en, view.headline.zh):
        assert text.startswith(("M", "This run cannot", "There is", "Nothing", "本", "证据太少"))
        assert text.endswith((".", "。"))
        assert not any(mark in text for mark in ("{", "}", "None", "nan", "—"))


def test_a_suite_is_as_good_as_its_worst_declared_measure() -> None:
    within, biased = _row("labour_slope", 0.01, "within_margin"), _row("parity_skew", 0.2, "biased")
    view = _view(within, biased)
    assert view.verdict == "biased"
    assert "leans to “woman”" in view.headline.en
    assert view.tally == Bilingual(
        "Declared measures: 1 biased, 1 within margin.",
        "声明的指标：1 项有偏见、1 项在容许范围内。",
    )
    lacking = _row("labour_slope", None, "insufficient_evidence")
    assert _view(_row("parity_skew", 0.0, "within_margin"), lacking).verdict == lacking.verdict
    assert _view(lacking, _row("parity_skew", 0.1, "inconclusive")).verdict == lacking.verdict


def test_biased_without_a_number_is_not_claimed() -> None:
    assert "too little evidence" in _view(_row("parity_skew", None, "biased")).headline.en


def test_nothing_measured_is_said() -> None:
    view = _view()
    assert view.verdict == "unknown"
    assert view.headline.en == "Nothing was measured about M in this suite."


def test_the_suite_declares_the_order_of_its_measures() -> None:
    view = _view(
        _row("b", 0.1, "inconclusive"), _row("a", 0.1, "inconclusive"),
        primary=[{"name": "a"}, {"name": "b"}],
    )  # fmt: skip
    assert [m.row.row.metric for m in view.primary] == ["a", "b"]


def test_both_routes_meet_in_one_row() -> None:
    first = _row("parity_skew", 0.1, "biased", route="likelihood")
    other = MetricRow("occupations", "parity_skew", "all", 0.2, route="sampled")
    view = _view(first, other)
    assert len(view.primary) == 1
    assert view.primary[0].other is not None
    assert view.primary[0].other.row is other


def test_slices() -> None:
    assert parts("all") == []
    assert parts("probe:choice/occupation:a:b") == [("probe", "choice"), ("occupation", "a:b")]
    ids = frozenset({"nurse", "en"})

    def find(text: str) -> str | None:
        return cluster_of(MetricRow("s", "m", text, 0.1), ids)

    assert find("occupation:nurse") == "nurse"
    assert find("schema:nurse") == "nurse"
    assert find("occupation:unlisted") == "unlisted"
    for other in ("all", "lang:en", "probe:choice/occupation:nurse", "schema:unlisted"):
        assert find(other) is None
