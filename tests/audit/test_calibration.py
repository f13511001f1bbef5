"""Respondents of known bias through the audit's own path: the short form of docs/calibration.md.

Bounds are the targets widened by three Monte Carlo errors. Naive practice, on the same answers,
lies far outside them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.metrics import estimates, stats_permutation
from audit.probes.base import list_suites
from audit.schema import RESPONSE_COLUMNS, Route
from benchmarks.calibration import audits, batches
from benchmarks.calibration.cells import Cell, cells
from benchmarks.calibration.designs import suite_of
from benchmarks.calibration.page import write
from benchmarks.calibration.questions import questions
from benchmarks.calibration.respondents import Respondent, answer
from benchmarks.calibration.truth import estimate, truths

AUDITS = 150
ERROR = (0.05 * 0.95 / AUDITS) ** 0.5


@pytest.fixture(autouse=True)
def _own_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the benchmark sets for its process is undone after every test."""
    monkeypatch.setattr(estimates, "RESAMPLES", estimates.RESAMPLES)
    monkeypatch.setattr(stats_permutation, "DRAWS", stats_permutation.DRAWS)


def named(name: str) -> Cell:
    return next(cell for cell in cells() if cell.name == name)


def rates(cell: Cell, *, planted: bool) -> dict[str, Counter[str]]:
    who = cell.planted() if planted else cell.who
    asked = questions(cell.suite, cell.route, cell.clusters)
    truth = truths(asked, who)
    audits.fewer_draws()
    margins = {name: abs(value) for name, value in truth.items()} if planted else None
    rng = np.random.default_rng(2)
    out: dict[str, Counter[str]] = {name: Counter() for name in truth}
    out["naive"] = Counter()
    for k in range(AUDITS):
        frame = answer(asked, who, rng)
        for row in audits.audit(frame, cell.suite, seed=k, margins=margins):
            assert row.ci_low is not None
            assert row.ci_high is not None
            assert row.p_value is not None
            out[row.metric]["covered"] += row.ci_low <= truth[row.metric] <= row.ci_high
            out[row.metric]["rejected"] += row.p_value <= 0.05
            out[row.metric]["within"] += row.verdict == "within_margin"
        for metric, p in audits.naive(frame, cell.suite).items():
            out["naive"][metric] += p <= 0.05
    return out


@pytest.mark.parametrize(
    "name",
    [
        "occupations, likelihood, 20 clusters, wordings differ",
        "pronouns, sampled, all clusters, wordings differ",
    ],
)
def test_fair_respondents_are_called_at_the_nominal_rate(name: str) -> None:
    found = rates(named(name), planted=False)
    naive = found.pop("naive")
    for metric, count in found.items():
        assert count["rejected"] / AUDITS <= 0.06 + 3 * ERROR, metric
        assert count["covered"] / AUDITS >= 0.935 - 3 * ERROR, metric
    if "parity_skew" in naive:
        assert naive["parity_skew"] / AUDITS > 0.5
        assert naive["stereotype_gap"] / AUDITS > 0.15


@pytest.mark.parametrize(
    "name",
    [
        "occupations, likelihood, 20 clusters, wordings differ",
        "pronouns, likelihood, all clusters, wordings differ",
    ],
)
def test_planted_bias_is_covered_and_not_called_fair_at_the_margin(name: str) -> None:
    found = rates(named(name), planted=True)
    found.pop("naive")
    for metric, count in found.items():
        assert count["covered"] / AUDITS >= 0.935 - 3 * ERROR, metric
        assert count["within"] / AUDITS <= 0.05 + 3 * ERROR, metric


@pytest.mark.parametrize(
    ("suite", "route", "clusters"),
    [("occupations", Route.SAMPLED, 20), ("pronouns", Route.LIKELIHOOD, None)],
)
def test_the_truth_is_what_estimates_average_to(
    suite: str, route: Route, clusters: int | None
) -> None:
    who = Respondent(gap=0.8, base=0.4, order=1.0, wording_sd=0.5, refuse=0.2)
    asked = questions(suite, route, clusters)
    rng = np.random.default_rng(3)
    draws: dict[str, list[float]] = {}
    for _ in range(120):
        for measure in audits.measures(answer(asked, who, rng), suite):
            one = np.ones((1, len(measure.clusters))), np.ones((1, len(measure.columns)))
            draws.setdefault(measure.metric, []).append(float(measure.statistic(*one)[0]))
    truth = truths(asked, who)
    assert draws.keys() == truth.keys()
    for metric, values in draws.items():
        error = float(np.std(values)) / len(values) ** 0.5
        # Log-odds and ranks of few answers are a little off what many occupations would give.
        slack = 0.03 if metric in ("stereotype_gap_logodds", "labour_spearman") else 0.0
        assert abs(np.mean(values) - truth[metric]) < 4 * error + slack, metric


OTHERS = [cell for cell in cells() if cell.suite not in ("occupations", "pronouns")]


def test_every_suite_is_simulated() -> None:
    suites = {suite.name for suite in list_suites()}
    assert {cell.suite for cell in cells()} == suites | {"declared"}


@pytest.mark.parametrize("cell", OTHERS, ids=lambda cell: cell.name)
def test_fair_respondents_of_other_suites_have_no_gap_and_biased_ones_do(cell: Cell) -> None:
    asked = questions(cell.suite, cell.route, cell.clusters)
    rng = np.random.default_rng(4)
    found: dict[str, dict[str, list[float]]] = {"fair": {}, "biased": {}}
    for kind, who in (("fair", cell.who), ("biased", replace(cell.planted(), gap=2.0))):
        for _ in range(24):
            for measure in audits.measures(answer(asked, who, rng), cell.suite):
                found[kind].setdefault(measure.metric, []).append(estimate(measure))
    primary = {metric.name for metric in suite_of(cell.suite).primary}
    assert found["fair"].keys() == found["biased"].keys() == primary
    truth = truths(asked, cell.who)
    for metric, values in found["fair"].items():
        assert truth[metric] == 0.0
        assert abs(np.mean(values)) < 4 * np.std(values) / len(values) ** 0.5, metric
        biased = found["biased"][metric]
        assert np.mean(biased) > 3 * np.std(biased) / len(biased) ** 0.5, metric


def test_answers_are_of_the_suite_and_of_every_kind() -> None:
    asked = questions("occupations", Route.SAMPLED, 20)
    frame = answer(asked, Respondent(refuse=0.4, unparsed=0.1), np.random.default_rng(0))
    assert tuple(frame.columns) == RESPONSE_COLUMNS
    assert set(frame["label"]) == {"woman", "man", "neutral", "refused", "unparsed"}
    assert (frame["label"] == "refused").mean() == pytest.approx(0.4, abs=0.08)
    assert frame.drop_duplicates("cluster")["group"].value_counts().to_dict() == {
        "women": 8, "men": 8, "mixed": 4,
    }  # fmt: skip
    scored = questions("occupations", Route.LIKELIHOOD, 8)
    logs = [
        json.loads(t) for t in answer(scored, Respondent(), np.random.default_rng(0))["logprobs"]
    ]
    assert {len(one) for one in logs} == {2, 3}  # some questions offer a neutral answer
    assert all(abs(sum(np.exp(v) for v in one.values()) - 1) < 1e-4 for one in logs)


def test_a_killed_run_goes_on_and_the_page_is_written_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    few = [named("pronouns, sampled, 8 clusters, wordings differ")]
    monkeypatch.setattr(batches, "cells", lambda: few)
    monkeypatch.setattr(batches, "planned", lambda: [])
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    batches.simulate(whole, 4, jobs=2)
    lines = whole.read_text().splitlines()
    assert len(lines) == 4
    cut.write_text("\n".join(lines[:2]) + "\n" + lines[2][:40])
    batches.simulate(cut, 4)
    assert batches.read(cut) == batches.read(whole)
    assert batches.read(whole)[few[0].name, "null"]["family"]["n"] == 4

    monkeypatch.setattr("benchmarks.calibration.page.cells", lambda: few)
    page = tmp_path / "docs" / "calibration.md"
    page.parent.mkdir()
    write(whole, page)
    text = page.read_text()
    assert "{{" not in text
    assert "`coreference_gap`" in text
    assert (page.parent / "images" / "calibration-coverage.svg").read_text().startswith("<svg")
