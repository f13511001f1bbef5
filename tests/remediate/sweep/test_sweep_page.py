"""The sweep's page: what it says in both languages, and in a real browser, offline."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from remediate.report.sweep.build import build_sweep_report
from remediate.report.sweep.page import PHRASES
from tests.audit.reports.page_facts import page_facts
from tests.remediate.report.reading import Page
from tests.remediate.sweep.sample_sweep import CELLS, REASON, content, make_sweep

HOSTILE = "</script><img src=x onerror=window.owned=1>\u202e{{ 7*7 }}"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sweep_report(make_sweep(tmp_path_factory.mktemp("sweep")))


def test_the_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    english, chinese = (PHRASES.strings(lang) for lang in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w*}", text)) == set(re.findall(r"{\w*}", chinese[key])), key


def test_it_says_which_cell_is_chosen_and_that_the_held_out_side_had_no_say(
    page_file: Path,
) -> None:
    page = Page(page_file)
    assert (
        "parity-s160-lr0.0003 is chosen: on the validation side its |bias| is 0.412 nats, where "
        "the untrained model has 2.237 nats, and it uses 68 % of the capability cost"
    ) in page.text
    assert "None of this is on the held-out side" in page.text
    assert "5 of 7 measured cells are beaten by none: parity-s80-lr0.0001" in page.text
    assert "选定 parity-s160-lr0.0003" in Page(page_file, "zh").text
    assert page.sections == ["cover", "front", "cells", "failed", "methods", "reproduce"]
    assert REASON in page.text


def test_the_table_holds_every_cell_best_first(page_file: Path) -> None:
    header, *rows = Page(page_file).tables["cells/sweep"]
    assert header == [
        "Cell", "Loss", "Steps", "Learning rate", "|Bias|", "Gap", "Skew", "Perplexity, ×",
        "KL, nats", "Accuracy, points", "Part of allowed", "Seconds",
    ]  # fmt: skip
    assert len(rows) == len(CELLS)
    assert rows[0] == [
        "parity-s160-lr0.001 beaten by none ; step 60", "parity", "160", "0.001", "0.274",
        "+0.203", "+0.071", "1.041", "0.152", "−3.1", "190 %", "1,184",
    ]  # fmt: skip
    assert rows[-1] == [
        "sigmoid-s80-lr0.003 failed", "sigmoid", "80", "0.003", *["—"] * 7, "212",
    ]  # fmt: skip
    assert next(row for row in rows if row[0].startswith("parity-s160-lr0.0001"))[-1] == "≥ 1,184"


def test_the_chart_names_every_cell_that_none_beats(page_file: Path) -> None:
    svg = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", page_file.read_text("utf-8"), re.S)
    assert len(svg) == 2
    for drawing in svg:
        for row in content()["cells"]:
            if row["non_dominated"]:
                assert f">{row['name']}</text>" in drawing, row["name"]


@pytest.mark.parametrize(
    ("change", "says", "sections"),
    [
        ({"chosen": None}, "No cell has less bias than the untrained model", {"front"}),
        ({"before": None}, "its |bias| is 0.412 nats, and it uses", set()),
        ({"cells": content()["cells"][-1:], "chosen": None}, "No cell could be trained", set()),
        (
            {"cells": [{"name": "a", "status": "waiting", "training": {}}], "chosen": None},
            "not through yet", set(),
        ),
    ],
)  # fmt: skip
def test_sweeps_that_are_not_through_or_found_nothing(
    change: dict[str, Any], says: str, sections: set[str], tmp_path: Path
) -> None:
    page = Page(build_sweep_report(make_sweep(tmp_path, **change)))
    assert says in page.text
    assert sections <= set(page.sections)
    assert "nan" not in page.text.lower().split()


def test_far_out_and_crowded_cells_are_still_named(tmp_path: Path) -> None:
    rows = content()["cells"]
    for number, row in enumerate(rows[:5]):
        row |= {"cost": 90.0 if number == 4 else 0.02 * number, "bias": 0.5 - 0.01 * number}
        row |= {"non_dominated": True}
    text = build_sweep_report(make_sweep(tmp_path, cells=rows)).read_text("utf-8")
    for row in rows[:5]:
        assert f">{row['name']}</text>" in text


def test_the_same_folder_gives_the_same_bytes(page_file: Path) -> None:
    first = page_file.read_bytes()
    assert build_sweep_report(page_file.parent).read_bytes() == first


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"sweep\.json is missing"):
        build_sweep_report(tmp_path)
    with pytest.raises(EnvironmentProblem, match="schema version 9"):
        build_sweep_report(make_sweep(tmp_path, schema_version=9))


@pytest.mark.browser
def test_opens_offline_without_requests_or_complaints(page_file: Path, visit: Any) -> None:
    seen = visit(page_file)
    page = seen.page
    assert page.locator(".headline").is_visible()
    assert page.locator("#front svg[role=img]:visible").count() == 1
    page.locator("table.sweep th", has_text="KL, nats").get_by_role("button").press("Space")
    cells = page.locator("table.sweep tbody tr > :nth-child(9)").all_inner_texts()
    values = [float(text) for text in cells if text != "—"]
    assert len(values) == 7
    assert values == sorted(values, reverse=True)
    page.get_by_role("button", name="中文").press("Enter")
    assert "训练扫描" in page.title()
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.browser
def test_hostile_names_are_shown_and_never_run(tmp_path: Path, visit: Any) -> None:
    rows = content()["cells"]
    rows[0] |= {"name": HOSTILE, "training": rows[0]["training"] | {"loss": HOSTILE}}
    rows[-1] |= {"reason": HOSTILE, "status": HOSTILE}
    made = make_sweep(tmp_path, cells=rows, model=HOSTILE, grid=HOSTILE)
    seen = visit(build_sweep_report(made))
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("window.owned") is None
    assert seen.page.locator("main img, main script").count() == 0
    assert "‹U+202E›{{ 7*7 }}" in seen.page.locator("#cells").inner_text()
    assert seen.complaints == []


@pytest.mark.browser
def test_narrow_screens_paper_and_screen_readers(page_file: Path, visit: Any) -> None:
    for fragment in ("", "#lang=zh"):
        page = visit(page_file, fragment=fragment, width=400).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page = visit(page_file).page
    facts = page_facts(page)
    assert facts["repeated"] == []
    assert (facts["unnamed"], facts["tables"]) == (0, 0)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 690


def test_a_swept_repairs_report_tells_the_command_with_its_grid(tmp_path: Path) -> None:
    from remediate.report.load import load_repair
    from remediate.report.methods import command
    from tests.remediate.report.sample_repair import make_repair

    folder = make_repair(tmp_path / "r", audits=(), answers=False)
    state = json.loads((folder / "repair.json").read_text())
    state["identity"]["sweep"] = {"grid": "grid.yaml", "cells": {}}
    (folder / "repair.json").write_text(json.dumps(state))
    assert "--sweep grid.yaml --parallel ddp" in command(load_repair(folder))
