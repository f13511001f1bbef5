"""The page of every kind of run: whole, empty, one route, no reference, broken folders."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.reports import build_report
from audit.schema import RESPONSE_COLUMNS, MetricRow
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.reports.sample_run import make_run, occupation_metrics


def _page(folder: Path, **options: Any) -> str:
    return build_report(make_run(folder, **options)).read_text("utf-8")


def test_same_run_same_bytes(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    first = build_report(run).read_bytes()
    program = "import pathlib, sys, audit.reports as r; r.build_report(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, str(run)], check=True)
    assert (run / "report.html").read_bytes() == first
    assert sorted(p.name for p in run.iterdir()) == [
        "metrics.csv", "report.html", "report.md", "responses.parquet", "results.json", "run.json",
    ]  # fmt: skip


def test_the_page_names_no_place_to_load_from(sample_report: Path) -> None:
    page = sample_report.read_text("utf-8")
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "http://" not in outside
    assert "https://" not in outside
    assert "@import" not in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert len(page.encode()) < 2_000_000


def test_policy_names_the_script_by_its_hash(sample_report: Path) -> None:
    page = sample_report.read_text("utf-8")
    script = re.search(r"<script>(.*?)</script>", page, re.S)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert "unsafe-eval" not in page
    assert len(re.findall(r"<script(?! type=\"application/json\")", page)) == 1


def test_methods_tell_what_was_run(sample_report: Path) -> None:
    page = sample_report.read_text("utf-8")
    for told in (
        "4,872 requests were put to SmolLM2-135M-Instruct through vllm, with seed 0",
        "permutation for stereotype gap", "sign flip for coreference gap",
        "corrected together by Holm",
        "man named first, woman named first", "stereotype gap in log-odds 0.5 nats",
        "sha256:4f1c", "timings.ask_s",
    ):  # fmt: skip
        assert told in page, told


def test_no_answers_at_all(tmp_path: Path) -> None:
    frame = pd.DataFrame({c: pd.Series([], dtype=object) for c in RESPONSE_COLUMNS})
    rows = [
        MetricRow("occupations", "stereotype_gap", "all", None, role="primary", margin=0.1,
                  verdict="insufficient_evidence", route="likelihood")
    ]  # fmt: skip
    page = _page(tmp_path / "r", suites=["occupations"], frame=frame, metrics=rows)
    assert "There is too little evidence to judge" in page
    assert "No answers were recorded." in page
    assert 'id="filters"' not in page


def test_no_suite_and_no_metric(tmp_path: Path) -> None:
    frame = pd.DataFrame({c: pd.Series([], dtype=object) for c in RESPONSE_COLUMNS})
    page = _page(tmp_path / "r", suites=[], frame=frame, metrics=[])
    assert "SmolLM2-135M-Instruct" in page


def test_responses_missing_is_said(run_dir: Path) -> None:
    (run_dir / "responses.parquet").unlink()
    page = build_report(run_dir).read_text("utf-8")
    assert "responses.parquet is missing from the run folder" in page


def test_one_route_is_said(tmp_path: Path) -> None:
    rows = [
        r for r in occupation_metrics(np.random.default_rng(0))
        if r.route == "sampled" and r.metric != "route_agreement"
    ]  # fmt: skip
    for row in rows:
        row.role = "primary" if row.margin else "exploratory"
    page = _page(tmp_path / "r", suites=["occupations"], metrics=rows)
    assert "Only one route was measured (by sampled text)" in page
    assert "38.0 percentage points: more than the occupation does" in page


def test_suite_without_reference_shows_groups_instead(tmp_path: Path) -> None:
    page = _page(tmp_path / "r", suites=["pronouns"])
    assert "Misgendering rate, by sampled text, group by group" in page
    assert "labour force looks like" not in page


def test_unfinished_and_limited_runs_say_so(tmp_path: Path) -> None:
    page = _page(tmp_path / "r", manifest={"status": "interrupted", "limit": 20})
    assert "did not finish (status: interrupted)" in page
    assert "limited to 20 items per probe" in page


def test_not_finite_numbers_are_not_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", suites=["occupations"])
    path = run / "results.json"
    results = json.loads(path.read_text("utf-8"))
    for row in results["metrics"][::3]:
        row["estimate"] = row["ci_low"] = row["p_adjusted"] = float("nan")
    for row in results["metrics"][1::5]:
        row["ci_high"] = row["margin"] = float("inf")
    path.write_text(json.dumps(results), "utf-8")
    page = build_report(run).read_text("utf-8")
    text = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.search(r"\b(nan|inf|NaN|Infinity|None|undefined)\b", text)


def test_unknown_fields_of_a_newer_writer_are_ignored(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r")
    path = run / "results.json"
    results = json.loads(path.read_text("utf-8"))
    results["metrics"][0]["news"] = 1
    path.write_text(json.dumps(results), "utf-8")
    assert build_report(run).exists()


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("run.json", None, UsageProblem),
        ("results.json", None, UsageProblem),
        ("results.json", "{", EnvironmentProblem),
        ("results.json", "[]", EnvironmentProblem),
        ("results.json", '{"schema_version": 99}', EnvironmentProblem),
        ("results.json", '{"schema_version": 1, "metrics": [{"suite": "x"}]}', EnvironmentProblem),
        ("results.json", '{"schema_version": 1, "metrics": [3]}', EnvironmentProblem),
        ("responses.parquet", "no parquet", EnvironmentProblem),
    ],
)
def test_broken_folders(
    run_dir: Path, name: str, content: str | None, error: type[Exception]
) -> None:
    if content is None:
        (run_dir / name).unlink()
    else:
        (run_dir / name).write_text(content, "utf-8")
    with pytest.raises(error, match=name) as caught:
        build_report(run_dir)
    assert not (run_dir / "report.html").exists()
    assert str(caught.value).count(". ") <= 2


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is no folder"):
        build_report(tmp_path / "nothing")


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = build_report(run_dir)
    before = report.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.reports.build.os.replace", full)
    with pytest.raises(EnvironmentProblem, match="No space left on device"):
        build_report(run_dir)
    assert report.read_bytes() == before
    assert not [p for p in run_dir.iterdir() if p.name.startswith(".")]


def test_importing_the_package_is_light() -> None:
    program = "import audit.reports, sys; print({'pandas', 'altair', 'jinja2'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
