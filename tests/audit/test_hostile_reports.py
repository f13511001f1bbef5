"""Hostile answers through a whole run, and through everything that is written of one."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest

from audit.compare import compare_runs, save
from audit.comparison import save_models, tabulate
from audit.metrics import answer_changes, estimates
from audit.reports import build_report
from audit.reports.compare import build_comparison, build_models
from audit.reports.exports import csv_cell
from audit.reports.transcripts import LONGEST
from audit.runner import RunOptions, run_audit
from audit.schema import RESPONSE_COLUMNS, MetricRow
from tests.audit.hostile import SCRIPTS, hostile_texts
from tests.audit.hostile_runs import LONE, MARK, PLAIN, TEXTS, hostile_server, utf8, with_answers
from tests.audit.page_parts import PageParts
from tests.audit.reports.sample_run import make_run, occupation_metrics
from tests.audit.run_cases import Quiet
from tests.core.fake_server import FakeServer

N = 100_000
SUITES = ("occupations", "names")


@contextmanager
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (estimates, answer_changes):
            patch.setattr(module, "RESAMPLES", 100)
        patch.setattr(estimates, "RESAMPLES_SLICE", 50)
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished runs of a server that gives every question a hostile answer."""
    root = tmp_path_factory.mktemp("hostile")
    runs = root / "before", root / "after"

    with few_resamples(), FakeServer(can_score=False) as server:
        for folder in runs:
            server.script = hostile_server(folder.name)
            options = RunOptions(
                f"openai:fake@{server.url}", SUITES, out=folder, backend="openai",
                langs=("en", "zh"), limit=60,
            )  # fmt: skip
            run_audit(options, Quiet())
    return runs


def written_of(runs: Sequence[Path], out: Path) -> dict[str, Path]:
    """Every page and file of the runs, made anew in ``out``."""
    with few_resamples():
        comparison, table = compare_runs(*runs), tabulate([*runs, runs[0]])
    build_report(runs[0])
    out.mkdir()
    save(comparison, out)
    save_models(table, out)
    build_comparison(comparison, out)
    build_models(table, out)
    return {path.name: path for folder in (runs[0], out) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def written(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written_of(runs, tmp_path_factory.mktemp("written") / "out")


@pytest.fixture(scope="module")
def harmless(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same of the same runs, their answers plain words."""
    root = tmp_path_factory.mktemp("harmless")
    plain = [shutil.copytree(folder, root / folder.name) for folder in runs]
    for folder in plain:
        with_answers(folder, PLAIN)
    return written_of(plain, root / "out")


def not_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize("name", ["run.json", "results.json", "compare.json", "models.json"])
def test_the_numbers_read_back_and_hold_no_answer(written: dict[str, Path], name: str) -> None:
    text = written[name].read_text("utf-8")
    assert json.loads(text, parse_constant=not_json)
    assert MARK not in text


def test_every_answer_is_kept_as_it_was_but_for_halves_of_characters(
    runs: tuple[Path, Path],
) -> None:
    kept = {utf8(text) for text in TEXTS}
    for folder in runs:
        frame = pd.read_parquet(folder / "responses.parquet")
        said = set(frame.loc[frame["route"] == "sampled", "response"])
        assert said <= kept
        assert len(said) > 100
        assert {utf8(text) for text in LONE} & said


def test_metrics_csv_has_the_rows_of_results_json(written: dict[str, Path]) -> None:
    text = written["metrics.csv"].read_text("utf-8")
    assert MARK not in text
    with written["metrics.csv"].open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file, strict=True))
    told = json.loads(written["results.json"].read_text("utf-8"))["metrics"]
    assert found == [{key: csv_cell(value) for key, value in row.items()} for row in told]


def test_report_md_holds_no_answer_and_no_element(written: dict[str, Path]) -> None:
    assert MARK not in written["report.md"].read_text("utf-8")
    assert not PageParts(written["report.md"]).elements


@pytest.mark.parametrize("name", ["report.html", "compare.html", "models.html"])
def test_a_page_has_no_element_attribute_or_address_of_an_answer(
    written: dict[str, Path], harmless: dict[str, Path], name: str
) -> None:
    page, plain = PageParts(written[name]), PageParts(harmless[name])
    assert page.elements.total() > 100
    assert page.elements == plain.elements
    assert page.addresses == plain.addresses
    assert page.comments == plain.comments
    assert page.data.keys() == plain.data.keys()
    if name != "report.html":
        assert MARK not in written[name].read_text("utf-8")


def test_the_answers_in_the_page_are_those_of_the_run(
    runs: tuple[Path, Path], written: dict[str, Path]
) -> None:
    shown = [row[9] for row in PageParts(written["report.html"]).data["answers"]["rows"]]
    frame = pd.read_parquet(runs[0] / "responses.parquet")
    assert shown == [text[:LONGEST] for text in frame["response"]]


def named(make: Callable[[int], str]) -> list[MetricRow]:
    """Rows of a run, every word that a results file may hold given by ``make``."""
    rows = occupation_metrics(np.random.default_rng(0))
    for number, row in enumerate(rows[:40]):
        row.metric, row.note, row.test, row.correction = (make(4 * number + k) for k in range(4))
    return rows


def test_hostile_words_of_a_results_file_stay_words(tmp_path: Path) -> None:
    texts = [utf8(text)[:2000] for text in TEXTS]
    pages = []
    for name, make in (("hostile", lambda n: texts[n]), ("plain", lambda n: f"word {n}")):
        rows = named(make)
        page = build_report(make_run(tmp_path / name, suites=["occupations"], metrics=rows))
        pages.append(PageParts(page))
        with (page.parent / "metrics.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file, strict=True))
        assert found == [{k: csv_cell(v) for k, v in asdict(row).items()} for row in rows]
        assert not PageParts(page.parent / "report.md").elements
    hostile, plain = pages
    assert hostile.elements == plain.elements
    assert hostile.addresses == plain.addresses


#: Every element of the page as a browser has built it: its tag and its attributes' names.
_BUILT = """() => [...new Set([...document.querySelectorAll('*')]
    .map(n => [n.tagName.toLowerCase(), ...n.getAttributeNames().sort()].join(' ')))]"""


def _page_of(texts: Sequence[str], folder: Path) -> Path:
    base = dict.fromkeys(RESPONSE_COLUMNS, "") | {
        "suite": "occupations", "probe": "choice", "cluster": "nurse", "template": "t",
        "lang": "en", "route": "sampled", "sample": 0, "reference": 0.9, "prompt": "Who?",
        "label": "unparsed",
    }  # fmt: skip
    rows = [base | {"item": str(n), "response": utf8(text)} for n, text in enumerate(texts)]
    return build_report(make_run(folder, suites=["occupations"], frame=pd.DataFrame(rows)))


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_report_of_them_all_runs_nothing_and_stays_small(tmp_path: Path, visit: Any) -> None:
    page = _page_of(list(hostile_texts(N)), tmp_path / "hostile")
    assert page.stat().st_size < 6_000_000
    own = set(visit(_page_of(PLAIN * 50, tmp_path / "plain")).page.evaluate(_BUILT))
    seen = visit(page)
    assert seen.page.locator(".headline").first.is_visible()
    search = seen.page.get_by_role("searchbox")
    for script in ("", *SCRIPTS):
        search.fill(script)
        seen.page.wait_for_timeout(100)
        assert script[:6] in seen.page.locator(".entry").first.inner_text()
        assert set(seen.page.evaluate(_BUILT)) <= own
    assert seen.page.evaluate("typeof window.owned") == "undefined"
    assert seen.foreign == []
    assert seen.complaints == []
