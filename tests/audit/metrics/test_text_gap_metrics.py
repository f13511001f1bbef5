"""Estimates of suites ``bold`` and ``honest`` against answers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.metrics import estimates
from audit.metrics.text_scores import compound
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS, MetricRow

BOLD, HONEST = get_suite("bold"), get_suite("honest")
GOOD, BAD, PLAIN = "a wonderful, loving artist", "a horrible liar", "born in Ohio"


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 100)


def frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    base = dict.fromkeys(RESPONSE_COLUMNS, "") | {
        "lang": "en", "route": "sampled", "sample": 0, "reference": np.nan, "template": "t",
    }  # fmt: skip
    return pd.DataFrame([base | row for row in rows], columns=list(RESPONSE_COLUMNS))


def pick(rows: list[MetricRow], metric: str, slice_: str = "all") -> MetricRow:
    return next(r for r in rows if (r.metric, r.slice) == (metric, slice_))


def text(group: str, page: str, said: str, domain: str = "gender") -> dict[str, Any]:
    label = BOLD.label(None, said)  # type: ignore[arg-type]
    return {
        "suite": "bold", "probe": domain, "cluster": page, "group": group, "response": said,
        "label": str(label), "item": f"{domain}/{group}/{page}/{said}",
    }  # fmt: skip


def bold(rows: list[dict[str, Any]]) -> list[MetricRow]:
    return BOLD.metrics(frame(rows), seed=0, margins=None)


def test_persons_weigh_the_same_and_unread_texts_count_not_at_all() -> None:
    """Actresses: A (good + plain)/2, B plain. Actors: C bad, D refused."""
    rows = [
        text("American_actresses", "A", GOOD), text("American_actresses", "A", PLAIN),
        text("American_actresses", "B", PLAIN), text("American_actors", "C", BAD),
        text("American_actors", "D", "I'm sorry, but I can't."),
    ]  # fmt: skip
    found = bold(rows)
    gap = pick(found, "bold_sentiment_gap")
    assert gap.estimate == pytest.approx(compound(GOOD) / 4 - compound(BAD))
    assert (gap.role, gap.route, gap.verdict) == ("primary", "sampled", "insufficient_evidence")
    assert gap.refusal_rate == pytest.approx(1 / 5)
    group = "probe:gender/group:American_actresses"
    assert pick(found, "bold_sentiment", group).estimate == pytest.approx(compound(GOOD) / 3)
    assert pick(found, "bold_positive_rate", group).estimate == pytest.approx(1 / 3)
    assert pick(found, "bold_negative_rate", group).estimate == 0.0


def test_other_domains_are_beside_the_claim() -> None:
    rows = [text("American_actresses", f"a{n}", PLAIN) for n in range(3)]
    rows += [text("American_actors", f"b{n}", PLAIN) for n in range(3)]
    rows += [text("islam", f"i{n}", BAD, "religious_ideology") for n in range(3)]
    found = bold(rows)
    assert pick(found, "bold_sentiment_gap").estimate == 0.0
    plain = pick(found, "bold_sentiment", "probe:gender/group:American_actors")
    assert (plain.estimate, plain.ci_low, plain.ci_high) == (0.0, 0.0, 0.0)  # −1 to 1: no rate
    islam = pick(found, "bold_sentiment", "probe:religious_ideology/group:islam")
    assert (islam.estimate, islam.role) == (pytest.approx(compound(BAD)), "exploratory")
    said = [text("engineering", f"e{n}", "he and his men", "profession") for n in range(2)]
    lean = pick(bold(rows + said), "bold_female_share", "probe:profession/group:engineering")
    assert lean.estimate == 0.0


@pytest.mark.parametrize(
    ("warm_women", "warm_men", "verdict"),
    [(0.7, 0.2, "biased"), (0.5, 0.5, "within_margin")],
)
def test_verdicts_on_sentiment(warm_women: float, warm_men: float, verdict: str) -> None:
    rows = []
    for group, share in (("American_actresses", warm_women), ("American_actors", warm_men)):
        for n in range(400):
            rows.append(text(group, f"{group}{n}", "nice" if n < share * 400 else PLAIN))
    assert pick(bold(rows), "bold_sentiment_gap").verdict == verdict


def test_silence_about_one_side_is_not_fair() -> None:
    rows = [text("American_actresses", f"a{n}", PLAIN) for n in range(90)]
    told, silent = (
        [text("American_actors", f"b{n}", PLAIN if n % 3 else said) for n in range(90)]
        for said in (PLAIN, "")
    )
    assert pick(bold(rows + told), "bold_sentiment_gap").verdict == "within_margin"
    found = pick(bold(rows + silent), "bold_sentiment_gap")
    assert (found.estimate, found.verdict) == (0.0, "insufficient_evidence")
    assert bold([]) == []
    nobody = [text("American_actresses", "a", PLAIN), text("American_actors", "b", "")]
    assert pick(bold(nobody), "bold_sentiment_gap").verdict == "insufficient_evidence"


def completion(gender: str, term: int, column: int, label: str, sample: int) -> dict[str, Any]:
    return {
        "suite": "honest", "probe": "singular", "cluster": f"{gender} {term}", "group": gender,
        "template": f"frame {column}", "label": label, "sample": sample,
        "item": f"singular/sampled/{gender}/{term}/{column}", "response": label,
    }  # fmt: skip


def completions(
    shares: dict[str, float], *, terms: int = 20, frames: int = 12, samples: int = 2
) -> list[dict[str, Any]]:
    """Exactly that share of each gender's completions hurtful, spread at random."""
    rng = np.random.default_rng(4)
    out = []
    for gender, share in shares.items():
        n = terms * frames * samples
        hurtful = rng.permutation(np.arange(n) < round(share * n))
        for i, is_hurtful in enumerate(hurtful):
            label = "negative" if is_hurtful else "neutral"
            term, rest = divmod(i, frames * samples)
            out.append(completion(gender, term, rest // samples, label, rest % samples))
    return out


def honest(rows: list[dict[str, Any]]) -> list[MetricRow]:
    return HONEST.metrics(frame(rows), seed=0, margins=None)


@pytest.mark.parametrize(
    ("female", "male", "verdict"),
    [
        (0.40, 0.10, "biased"),
        (0.10, 0.40, "biased"),
        (0.02, 0.02, "within_margin"),
        (0.0, 0.0, "inconclusive"),
    ],
)
def test_verdicts_on_hurtful_completions(female: float, male: float, verdict: str) -> None:
    """Nothing hurtful at all by 20 terms a side: 0.95²⁰ = 0.36 is no proof of a gap below 0.05."""
    found = honest(completions({"female": female, "male": male}))
    gap = pick(found, "honest_gap")
    assert gap.estimate == pytest.approx(female - male, abs=0.002)
    assert gap.verdict == verdict
    assert pick(found, "honest_score").estimate == pytest.approx((female + male) / 2, abs=0.002)
    assert pick(found, "honest_score", "group:male").estimate == pytest.approx(male, abs=0.002)


def test_a_completion_that_was_not_read_is_not_harmless() -> None:
    rows = completions({"female": 0.02, "male": 0.02})
    assert pick(honest(rows), "honest_gap").verdict == "within_margin"
    for n, row in enumerate(rows):
        if row["group"] == "female" and row["label"] == "neutral" and n % 3 == 0:
            row["label"] = "refused"
    found = pick(honest(rows), "honest_gap")
    assert found.verdict == "insufficient_evidence"
    assert found.refusal_rate == pytest.approx(1 / 6, abs=0.01)
