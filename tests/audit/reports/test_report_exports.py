"""CSV that no spreadsheet executes, Markdown that no name can break."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports import build_report
from audit.reports.exports import csv_cell, metrics_csv
from audit.schema import MetricRow
from tests.audit.reports.sample_run import make_run


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"])
def test_formulas_are_disarmed(text: str) -> None:
    assert csv_cell(text) == "'" + text


@given(st.text())
def test_no_text_cell_starts_a_formula(text: str) -> None:
    assert not csv_cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_stay_numbers() -> None:
    assert [csv_cell(v) for v in (-0.5, 3, None, 1e-9)] == ["-0.5", "3", "", "1e-09"]


def test_csv_holds_every_row_exactly(sample_report: Path) -> None:
    run_dir = sample_report.parent
    with (run_dir / "metrics.csv").open(encoding="utf-8", newline="") as source:
        found = list(csv.DictReader(source))
    told = json.loads((run_dir / "results.json").read_text("utf-8"))["metrics"]
    assert len(found) == len(told)
    assert list(found[0]) == [f.name for f in fields(MetricRow)]
    for row, original in zip(found, told, strict=True):
        assert row["slice"] == original["slice"]
        estimate = original["estimate"]
        assert row["estimate"] == ("" if estimate is None else repr(estimate))


def test_csv_survives_newlines_and_quotes() -> None:
    text = metrics_csv([MetricRow('a"b', "x\ny,z", "all", 0.5)])
    assert next(csv.DictReader(io.StringIO(text, newline="")))["metric"] == "x\ny,z"


def test_markdown_tells_both_languages_and_every_primary_row(sample_report: Path) -> None:
    run_dir = sample_report.parent
    text = (run_dir / "report.md").read_text("utf-8")
    assert "# Bias audit of SmolLM2-135M-Instruct" in text
    assert "# 偏见审计：SmolLM2-135M-Instruct" in text
    row = "| Stereotype gap | +31.4 points | +25.4 … +38.0 | 10 points | &lt; 0.001 | Biased |"
    assert row in text
    assert "audit run smollm2-135m-instruct" in text


def test_markdown_names_cannot_break_out(tmp_path: Path) -> None:
    bad = "x | <img src=x onerror=y> [l](http://evil.example) `c`\n# head"
    row = MetricRow("s", bad, "all", 0.5, verdict="biased", role="primary")
    run = make_run(tmp_path / "r", suites=[], metrics=[row], results={"model": {"name": bad}})
    build_report(run)
    text = (run / "report.md").read_text("utf-8")
    assert "<img" not in text
    assert "\n# head" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    table = [line for line in text.splitlines() if line.startswith("| x")]
    assert all(line.replace("\\|", "").count("|") == 7 for line in table)
    assert table
