"""Both languages say the same, and the page knows every reason the verdict can give."""

from __future__ import annotations

import re
from typing import Any

import pytest

from remediate.gates.judge import Gate
from remediate.report.samples import LONGEST, visible
from remediate.report.verdicts import said
from remediate.report.words import PHRASES
from remediate.verdict import decide


def test_the_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    english, chinese = (PHRASES.strings(lang) for lang in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w*}", text)) == set(re.findall(r"{\w*}", chinese[key])), key


def _row(metric: str, before: float | None, after: float | None, **more: Any) -> dict[str, Any]:
    return {
        "metric": metric, "before": before, "after": after, "margin": 0.05, "p_adjusted": 0.001,
        "sign_flipped": False, "shrinkage_low": 0.8, "after_low": -0.1, "after_high": 0.1,
        "before_low": 0.1, "before_high": 0.3, "outcome": "reduced", "magnitude_high": 0.4,
    } | more  # fmt: skip


GOOD = (
    _row("stereotype_gap", 0.2, 0.02),
    _row("stereotype_gap_logodds", 1.2, 0.1),
    _row("parity_skew", 0.02, 0.01),
)
BROKEN = Gate("refusal_rate", 0.1, 0.3, 0.2, 0.31234, 0.02, 0.9, 42, False)


@pytest.mark.parametrize(
    ("rows", "gates"),
    [
        (GOOD, ()),
        ((), ()),
        ((_row("stereotype_gap", 0.1, 0.2), *GOOD[1:]), ()),
        ((_row("stereotype_gap", 0.2, 0.1, p_adjusted=0.3), *GOOD[1:]), ()),
        ((_row("stereotype_gap", 0.2, 0.1, p_adjusted=None), *GOOD[1:]), ()),
        ((_row("stereotype_gap", 0.2, 0.1, shrinkage_low=0.1), *GOOD[1:]), ()),
        ((_row("stereotype_gap", 0.2, 0.1, outcome="insufficient_evidence"), *GOOD[1:]), ()),
        (tuple(row | {"before_low": 0, "before_high": 0, "after": 0.3} for row in GOOD), ()),
        ((*GOOD[:2], _row("parity_skew", 0.02, -0.4)), ()),
        ((*GOOD[:2], _row("parity_skew", None, 0.1)), ()),
        ((_row("stereotype_gap", 0.2, -0.1, sign_flipped=True), *GOOD[1:]), ()),
        (GOOD, (BROKEN,)),
    ],
)
def test_every_sentence_of_a_verdict_is_said_in_both_languages(rows: Any, gates: Any) -> None:
    worse = [_row("misgendering_gap", 0.0, 0.6, outcome="increased")]
    decision = decide(rows, gates, worse if gates else ())
    for text in (*decision.reasons, decision.next_step):
        told = said(text, [], [])
        assert re.search("[\u4e00-\u9fff]", told.zh), text
        assert "{" not in told.en + told.zh


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb\x00c", "a‹U+202E›b‹U+0000›c"),
        ("two\nlines\t!", "two\nlines\t!"),
        ("\ud800", "?"),
        ("女性 👩🏽", "女性 👩🏽"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_long_texts_are_cut_and_marked() -> None:
    assert visible("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"
    assert visible("x" * LONGEST) == "x" * LONGEST
