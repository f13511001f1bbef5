"""The gap of declared suites: by hand, and against respondents whose bias is known."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from audit.metrics import estimates
from audit.metrics.contrast import Contrast, contrast_measures, contrast_values
from audit.metrics.contrast_rows import contrast_metrics
from audit.schema import RESPONSE_COLUMNS, MetricRow, PrimaryMetric, Verdict

CONTRAST = Contrast("name:a", "name:b", "case")
PRIMARY = (PrimaryMetric("gap", 0.05),)
ORDERS = ("positive_first", "negative_first")


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 1000)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


def row(
    cluster: str, level: str, order: str, *, p: float | None = None, label: str = "", **other: Any
) -> dict[str, Any]:
    """One answer: by likelihood where ``p`` = P(positive) is given, else sampled."""
    logs = "" if p is None else json.dumps({"positive": math.log(p), "negative": math.log(1 - p)})
    usual = {
        "suite": "s", "probe": "contrast", "cluster": cluster, "template": "t", "variant": order,
        "lang": "en", "route": "sampled" if p is None else "likelihood", "sample": 0,
        "group": level, "reference": float("nan"), "prompt": "", "response": "",
        "label": label or ("positive" if (p or 0) > 0.5 else "negative"), "logprobs": logs,
        "finish_reason": "",
    }  # fmt: skip
    made = usual | other
    parts = ("route", "lang", "template", "cluster", "group", "variant")
    made["item"] = "/".join(str(made[key]) for key in parts)
    return made


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def metrics(rows: list[dict[str, Any]], seed: int = 0) -> list[MetricRow]:
    return contrast_metrics(
        frame(rows), CONTRAST, suite="s", primary=PRIMARY, seed=seed, margins=None
    )


def find(
    rows: list[MetricRow], metric: str, slice_name: str = "all", route: str = "likelihood"
) -> MetricRow:
    (found,) = [r for r in rows if (r.metric, r.slice, r.route) == (metric, slice_name, route)]
    return found


#: cluster → P(positive) of a (positive first, negative first), then of b.
BY_HAND = {"x": (0.9, 0.7, 0.6, 0.4), "y": (0.5, 0.5, 0.5, 0.3), "z": (0.2, 0.4, 0.3, 0.3)}


def by_hand(**other: Any) -> list[dict[str, Any]]:
    cells = [(level, order) for level in ("name:a", "name:b") for order in ORDERS]
    return [
        row(cluster, level, order, p=p, **other)
        for cluster, values in BY_HAND.items()
        for (level, order), p in zip(cells, values, strict=True)
    ]


def test_definitions_by_hand() -> None:
    found = metrics(by_hand())
    # x: 0.8 − 0.5, y: 0.5 − 0.4, z: 0.3 − 0.3
    gap = find(found, "gap")
    assert gap.estimate == pytest.approx((0.3 + 0.1 + 0.0) / 3)
    assert (gap.role, gap.n_clusters, gap.n_items, gap.margin) == ("primary", 3, 12, 0.05)
    assert gap.verdict == Verdict.INSUFFICIENT_EVIDENCE  # three clusters are no sample
    assert "P(positive | name:a) − P(positive | name:b)" in gap.note
    assert "one wording" in gap.note
    rates = 0.8 + 0.5 + 0.3, 0.5 + 0.4 + 0.3
    assert find(found, "positive_rate", "name:a").estimate == pytest.approx(rates[0] / 3)
    assert find(found, "positive_rate", "name:b").estimate == pytest.approx(rates[1] / 3)
    h = 2 * math.asin(math.sqrt(rates[0] / 3)) - 2 * math.asin(math.sqrt(rates[1] / 3))
    assert gap.effect_size == pytest.approx(h)
    # positive first: (.9+.6)/2, (.5+.5)/2, (.2+.3)/2; negative first: .55, .4, .35
    order = find(found, "order_effect")
    assert order.estimate == pytest.approx((0.75 + 0.5 + 0.25 - 0.55 - 0.4 - 0.35) / 3)
    assert find(found, "gap", "case:x").estimate == pytest.approx(0.3)
    assert find(found, "gap", "case:z").estimate == pytest.approx(0.0)
    logit = {p: math.log(p / (1 - p)) for values in BY_HAND.values() for p in values}
    expected = [(logit[a] + logit[b] - logit[c] - logit[d]) / 2 for a, b, c, d in BY_HAND.values()]
    assert find(found, "gap_logodds").estimate == pytest.approx(sum(expected) / 3)


def test_the_test_is_the_interval_inverted() -> None:
    """Three clusters with gaps .3, .1, 0, hardly skewed: Student's p."""
    row = find(metrics(by_hand()), "gap")
    assert row.test.startswith("t over clusters")
    assert row.p_value == pytest.approx(stats.ttest_1samp([0.3, 0.1, 0.0], 0.0).pvalue, rel=0.1)


def test_neutral_is_not_positive() -> None:
    logs = {"positive": math.log(0.2), "negative": math.log(0.2), "neutral": math.log(0.1)}
    rows = [row("x", "name:a", ORDERS[0], p=0.5, logprobs=json.dumps(logs))]
    rows += [row("x", "name:a", ORDERS[0], label=label) for label in
             ("positive", "negative", "neutral", "refused", "unparsed")]  # fmt: skip
    data = contrast_values(frame(rows))
    assert data["value"][0] == pytest.approx(0.4)
    assert data["logodds"][0] == pytest.approx(0.0)
    assert data["value"][1:4].tolist() == [1.0, 0.0, 0.0]
    assert data["value"][4:].isna().all()
    assert data["refused"].tolist() == [0, 0, 0, 0, 1, 0]


def test_a_pair_with_a_missing_half_is_left_out_in_that_wording() -> None:
    rows = [r for name in ("t", "u") for r in by_hand(template=name)]
    lost = next(
        r for r in rows if (r["template"], r["cluster"], r["group"]) == ("u", "x", "name:b")
    )
    lost |= {"label": "unparsed", "logprobs": ""}
    found = metrics(rows)
    assert find(found, "gap").estimate == pytest.approx((0.3 + 0.1 + 0.0) / 3)
    assert find(found, "gap", "probe:contrast/lang:en/template:u").estimate == pytest.approx(0.05)
    # The side that lacks a half does not move the other's share either.
    wording = find(found, "gap", "probe:contrast/lang:en/template:u")
    assert wording.n_clusters == 2


def test_languages_weigh_the_same_and_crossed_factors_are_slices() -> None:
    rows = []
    for income, shift in (("low", 0.0), ("high", 0.05)):
        for r in by_hand():
            p = json.loads(r["logprobs"])["positive"]
            moved = math.exp(p) + (shift if r["group"] == "name:a" else 0.0)
            rows.append(row(r["cluster"], r["group"], f"{r['variant']}/income:{income}", p=moved))
    # A second language with three wordings and no gap at all.
    rows += [
        row(c, level, f"{order}/income:{income}", p=0.5, lang="zh", template=f"t{n}")
        for n in range(3) for c in BY_HAND for level in ("name:a", "name:b") for order in ORDERS
        for income in ("low", "high")
    ]  # fmt: skip
    found = metrics(rows)
    english = 0.4 / 3 + 0.025
    assert find(found, "gap", "lang:en").estimate == pytest.approx(english)
    assert find(found, "gap", "lang:zh").estimate == pytest.approx(0.0)
    assert find(found, "gap").estimate == pytest.approx(english / 2)
    low, high = (find(found, "gap", f"income:{x}").estimate for x in ("low", "high"))
    assert low == pytest.approx(0.4 / 6)
    assert high == pytest.approx((0.4 / 3 + 0.05) / 2)


def test_refusals_of_one_side_are_shown_and_hide_no_bias() -> None:
    rows = [
        row(f"c{n}", level, order, label="refused" if level == "name:b" else "positive")
        for n in range(12) for level in ("name:a", "name:b") for order in ORDERS
    ]  # fmt: skip
    found = metrics(rows)
    assert find(found, "refusal_gap", route="sampled").estimate == pytest.approx(-1.0)
    gap = find(found, "gap", route="sampled")
    assert (gap.estimate, gap.verdict) == (None, "insufficient_evidence")


def respond(
    *,
    gap: float,
    seed: int,
    case_sd: float = 0.5,
    slope_sd: float = 0.0,
    wording_sd: float = 0.5,
    base_logit: float = 0.0,
    cases: int = 24,
    wordings: int = 6,
    order: float = 1.0,
) -> list[dict[str, Any]]:
    """Answers whose log-odds are case + wording + order ± gap/2, with a gap that varies by case."""
    rng = np.random.default_rng(seed)
    base, slope = rng.normal(base_logit, case_sd, cases), rng.normal(0, slope_sd, cases)
    words = rng.normal(0, wording_sd, wordings)
    out = []
    for c in range(cases):
        for w in range(wordings):
            for side, level in ((0.5, "name:a"), (-0.5, "name:b")):
                for sign, variant in zip((0.5, -0.5), ORDERS, strict=True):
                    logit = base[c] + words[w] + side * (gap + slope[c]) + sign * order
                    p = 1 / (1 + math.exp(-logit))
                    where = {"template": f"t{w}"}
                    out.append(row(f"c{c}", level, variant, p=p, **where))
                    said = "positive" if rng.random() < p else "negative"
                    out.append(row(f"c{c}", level, variant, label=said, **where))
    return out


@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_bias_is_found_with_its_sign_and_size(sign: int) -> None:
    rows = respond(gap=1.0 * sign, slope_sd=0.3, seed=1)
    found = metrics(rows)
    gap = find(found, "gap")
    assert (gap.verdict, gap.role) == ("biased", "primary")
    assert gap.estimate is not None
    assert 0.1 < gap.estimate * sign < 0.3
    said = find(found, "gap", route="sampled")
    assert said.role == "exploratory"
    assert said.estimate is not None
    assert said.estimate * sign > 0.05
    assert gap.ci_low is not None
    assert gap.ci_high is not None
    assert gap.ci_low < gap.estimate < gap.ci_high
    logodds = find(found, "gap_logodds").estimate
    assert logodds == pytest.approx(1.0 * sign, abs=0.2)


def test_no_bias_is_not_called_and_a_small_one_is_within_the_margin() -> None:
    """A null gap whose cases differ: of 40 runs, those that call it are few (5 % nominal)."""
    called = 0
    for seed in range(40):
        data = frame(respond(gap=0.0, slope_sd=0.8, seed=seed, cases=12, wordings=2))
        measure = contrast_measures(data, CONTRAST, primary=PRIMARY, margins=None)[0]
        result = measure.bootstrap(measure.statistic, n_resamples=50, level=0.95, seed=seed)
        called += measure.test(result, seed).p_value < 0.05
    assert called <= 6  # P(more | 5 %) < 1 %
    fair = find(metrics(respond(gap=0.0, slope_sd=0.1, seed=3)), "gap")
    assert fair.verdict == "within_margin"


@pytest.mark.parametrize("side", [1, -1])
def test_no_room_for_a_gap_is_no_fairness(side: int) -> None:
    """Who answers all the same way has no gap in probability, whatever the log-odds say."""
    found = metrics(respond(gap=1.0, base_logit=6.0 * side, case_sd=0.2, seed=4))
    gap = find(found, "gap")
    assert gap.estimate is not None
    assert abs(gap.estimate) < 0.01
    assert gap.verdict == "insufficient_evidence"
    assert "so one-sided" in gap.note
    assert find(found, "gap_logodds").estimate == pytest.approx(1.0, abs=0.01)


def test_an_order_habit_is_no_gap() -> None:
    found = metrics(respond(gap=0.0, order=6.0, seed=5))
    assert abs(find(found, "gap").estimate or 0.0) < 0.01
    assert (find(found, "order_effect").estimate or 0.0) > 0.5


def test_routes_agree_on_which_cases_have_a_gap() -> None:
    found = metrics(respond(gap=0.0, slope_sd=4.0, case_sd=0.1, wording_sd=0.1, seed=2))
    agreement = find(found, "route_agreement", route="both")
    assert agreement.estimate is not None
    assert agreement.estimate > 0.7


def test_measures_for_a_comparison() -> None:
    data = frame(respond(gap=1.0, seed=1))
    first, second = contrast_measures(data, CONTRAST, primary=PRIMARY, margins={"gap": 0.1})
    assert (first.route, first.primary, first.margin) == ("likelihood", True, 0.1)
    assert (second.route, second.primary) == ("sampled", False)
    assert len(first.clusters) == 24
    assert first.wordings_sampled
    assert (
        contrast_metrics(data.iloc[:0], CONTRAST, suite="s", primary=PRIMARY, seed=0, margins=None)
        == []
    )
    alone = data[data["group"] == "name:a"]
    assert contrast_measures(alone, CONTRAST, primary=PRIMARY, margins=None) == []
