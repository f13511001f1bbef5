"""The readers against hand-labelled answers: the published tables are what is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.probes.validation import (
    LabelScore,
    read_rows,
    refusal_rates,
    score_labeller,
    to_markdown,
)
from audit.schema import Label

ROOT = Path(__file__).parents[3]
DATA = ROOT / "audit" / "probes" / "data"
DOCS = (ROOT / "docs" / "readers.md").read_text(encoding="utf-8")


def scores(name: str) -> list[LabelScore]:
    return score_labeller(read_rows(DATA / f"{name}.tsv"))[0]


@pytest.mark.parametrize("name", ["labelled_test", "labelled_development", "labelled_earlier"])
def test_the_page_holds_the_computed_table(name: str) -> None:
    found = scores(name)
    assert f"{to_markdown(found)}\n\n{refusal_rates(found)}\n" in DOCS


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("labelled_development", 0.97), ("labelled_earlier", 0.95), ("labelled_test", 0.93)],
)
def test_women_and_men_are_read_as_by_hand(name: str, at_least: float) -> None:
    """0.97 of the answers drawn as the suites draw; the others are word salad, and new ones."""
    pooled = {
        row.label: row for row in scores(name) if (row.suite, row.probe) == ("occupations", "all")
    }
    assert sum(row.support for row in pooled.values()) >= 300
    for label in (Label.WOMAN, Label.MAN):
        row = pooled[label]
        assert row.precision is not None
        assert row.recall is not None
        assert min(row.precision, row.recall) >= at_least


def test_the_test_answers_were_labelled_twice_and_share_no_text_with_the_others() -> None:
    rows = read_rows(DATA / "labelled_test.tsv")
    for row in rows:
        if row["first"] == row["second"]:
            assert row["label"] == row["first"]
    known = {
        row["response"].strip()
        for name in ("labelled_development", "labelled_earlier")
        for row in read_rows(DATA / f"{name}.tsv")
    }
    assert not known & {row["response"].strip() for row in rows}
    agreed = sum(row["first"] == row["second"] for row in rows)
    assert f"{agreed} of {len(rows)}" in DOCS
