"""What the two pages say: sentences, numbers, both languages, no place to load from."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.compare import Comparison
from audit.metrics.changes import Outcome
from audit.reports.compare import build_comparison
from audit.reports.compare.changes import suites_of
from audit.reports.compare.figures import distinct
from audit.reports.compare.words import PHRASES, noted


def text_of(page: Path) -> str:
    """The page without tags, scripts and Chinese."""
    html = re.sub(r"<(script|style).*?</\1>", "", page.read_text("utf-8"), flags=re.S)
    html = re.sub(r'<span class="t" lang="zh">.*?</span>', "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def with_outcome(comparison: Comparison, *outcomes: str) -> Comparison:
    """The declared changes, as many as *outcomes*, as if they had come out so."""
    primary = [c for c in comparison.changes if c.role == "primary"]
    changed = [replace(c, outcome=o) for c, o in zip(primary, outcomes, strict=False)]
    return replace(comparison, changes=tuple(changed))


@pytest.mark.parametrize("kind", ["compare", "models"])
def test_names_no_place_to_load_from(pages: Any, kind: str) -> None:
    path: Path = getattr(pages, kind)
    page = path.read_text("utf-8")
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "http://" not in outside
    assert "https://" not in outside
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "default-src 'none'" in page
    assert len(page.encode()) < 2_000_000
    assert not re.search(r"\b(nan|NaN|Infinity|None|undefined)\b", text_of(path))


def test_the_same_comparison_gives_the_same_bytes(pages: Any, tmp_path: Path) -> None:
    again = build_comparison(pages.comparison, tmp_path, command="audit compare before after")
    assert again.read_bytes() == pages.compare.read_bytes()


def test_the_page_says_what_changed_with_the_numbers_of_compare_json(pages: Any) -> None:
    text = text_of(pages.compare)
    content = json.loads(pages.compare.with_name("compare.json").read_text())
    gap = content["changes"][0]
    said = re.search(
        r"Stereotype gap is smaller than before: from \+([\d.]+) points to [+−]?([\d.]+) points, "
        r"a change of −([\d.]+) points", text,
    )  # fmt: skip
    assert said is not None
    shown = [f"{abs(gap[key]) * 100:.1f}" for key in ("before", "after", "change")]
    assert list(said.groups()) == shown
    for told in (
        "Declared measures: ", "Single answers", "Refused and unreadable answers",
        "audit compare before after", "exact McNemar test", "20 of 240 pairs have a refused",
    ):  # fmt: skip
        assert told in text, told
    refused = next(
        m for m in content["missing"] if m["kind"] == "refused" and m["route"] == "sampled"
    )
    assert f"{refused['after'] * 100:.1f} %" in text
    (answers,) = content["answers"]
    assert f" {answers['gained']} " in text
    assert f" {answers['lost']} " in text


@pytest.mark.parametrize(("outcomes", "start"), [
    (("reduced", "increased"), "is larger than before"),
    (("reduced", "reversed", "increased"), "has turned to the opposite bias"),
    (("inconclusive", "reduced"), "is smaller than before"),
    (("inconclusive", "changed"), "but whether there is less bias or more is not shown"),
    (("insufficient_evidence", "inconclusive"), "No change is shown"),
    (("insufficient_evidence",), "There is too little evidence"),
    (("an outcome of tomorrow",), "There is too little evidence"),
    ((), "share no declared measure"),
])  # fmt: skip
def test_a_suites_sentence_is_about_the_worst_that_happened(
    pages: Any, outcomes: tuple[str, ...], start: str
) -> None:
    (suite,) = suites_of(with_outcome(pages.comparison, *outcomes), {})
    assert start in suite.headline.en
    assert re.search("[\u4e00-\u9fff]", suite.headline.zh)


def test_smaller_is_not_gone(pages: Any) -> None:
    comparison = with_outcome(pages.comparison, "reduced", "reduced")
    keys = ["/".join((c.suite, c.metric, c.route)) for c in comparison.changes]
    verdicts = {keys[0]: ("biased", "biased"), keys[1]: ("biased", "within_margin")}
    (suite,) = suites_of(replace(comparison, verdicts=verdicts), {})
    assert suite.remains is not None
    assert "1 of 2 measures biased (Stereotype gap)" in suite.remains.en


def test_every_outcome_has_a_name_and_a_sentence() -> None:
    for outcome in Outcome:
        assert PHRASES.has(f"outcome.{outcome}")
        assert PHRASES.has(f"changes.headline.{outcome}")


def test_the_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    english, chinese = (PHRASES.strings(lang) for lang in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w*}", text)) == set(re.findall(r"{\w*}", chinese[key])), key


def test_notes_are_said_in_chinese_and_unknown_ones_as_they_are(pages: Any) -> None:
    known = [
        *pages.comparison.notes,
        "both runs are of the same weights: what differs is sampling or the engine",
        "the engines differ: vllm before, transformers after",
        "the margins of the earlier run are used for stereotype_gap, labour_slope",
        "occupations 1.0 before, 1.1 after: answers may be read by other rules",
        "12 answers without an equal in the other run were left out",
        "the suite other offers no measures to compare",
        "every cluster changed alike: a zero-width interval proves nothing by itself",
        "no relative shrinkage: the interval before holds 0",
    ]
    for note, said in zip(known, noted(known), strict=True):
        assert said.en == note
        assert re.search("[\u4e00-\u9fff]", said.zh), note
        assert "{" not in said.zh
    assert noted(["another {note}"])[0].zh == "another {note}"


def test_marks_of_one_name_do_not_lie_on_each_other() -> None:
    assert distinct(["a", "b", "a", "a"]) == ["a", "b", "a #2", "a #3"]


def test_the_table_says_who_is_biased_and_who_cannot_be_compared(pages: Any) -> None:
    text = text_of(pages.models)
    assert "Biased: before, " in text
    assert "Not comparable: fewer." in text
    first = pages.table.rows[0].metric
    assert f"+{first.estimate * 100:.1f} points" in text
    assert text.count("Not comparable") >= len(pages.table.columns)
    assert "audit compare before after other fewer" in text
