"""The part about pictures: what it shows, in a browser, from a run folder alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.metrics import estimates
from audit.probes import vqa_gender
from audit.reports import build_report, pictures
from audit.reports.load import load_run
from audit.reports.pictures import view_pictures
from tests.audit.picture_runs import Simulated
from tests.audit.reports.page_facts import page_facts
from tests.audit.seeing import Viewer


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of a viewer with a stereotype about pilots, in both languages; the set is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimates, "RESAMPLES", 200)
        patch.setattr(estimates, "RESAMPLES_SLICE", 50)
        folder = tmp_path_factory.mktemp("pictured")
        simulated = Simulated(patch, folder)
        viewer = Viewer(sight=3.0, pulls={"pilot": 5.0}, status=1.0, noise_sd=0.1)
        run = simulated.run(folder / "run", viewer, limit=240).folder
        shutil.rmtree(folder / "pictures")
        shutil.rmtree(folder / "model")

        def never(_: Any) -> None:
            raise AssertionError("a report loaded the set")

        patch.setattr(vqa_gender, "load_set", never)
        build_report(run)
        yield run


def view(folder: Path) -> pictures.PictureView:
    run = load_run(folder)
    found = view_pictures(run, run.suites[0])
    assert found is not None
    return found


def test_shares_are_those_of_the_answers(run_folder: Path) -> None:
    """Likelihood shares are mean probabilities: recomputed here from the answers themselves."""
    run = load_run(run_folder)
    assert run.responses is not None
    found = view(run_folder)
    pilot = next(row for row in found.rows if row.key == "pilot")
    cell = pilot.cell("woman")
    assert cell is not None
    rows = run.responses[
        (run.responses["probe"] == "resolution") & (run.responses["route"] == "likelihood")
        & (run.responses["cluster"] == "pilot") & run.responses["group"].str.startswith("woman/")
    ]  # fmt: skip
    import numpy as np

    expected = np.mean([np.exp(json.loads(logs)["man"]) for logs in rows["logprobs"]])
    assert dict(cell.shares)["man"] == pytest.approx(expected, abs=1e-3)
    assert expected > 0.5
    assert sum(dict(cell.shares).values()) == pytest.approx(1.0)


def test_the_largest_gap_comes_first(run_folder: Path) -> None:
    rows = view(run_folder).rows
    gaps = [row.gap.row.estimate for row in rows if row.gap and row.gap.row.estimate is not None]
    assert rows[0].key == "pilot"
    assert gaps == sorted(gaps, reverse=True)
    assert {row.key for row in rows if row.gap is None} == {"judge", "artist"}


def test_controls_stand_beside_the_pictures(run_folder: Path) -> None:
    controls = {(row.question.en, row.route.en): row.shares for row in view(run_folder).controls}
    woman, man, neutral, blank, nothing = controls["Woman or man?", "By likelihood"]
    assert dict(woman)["woman"] > 0.8
    assert dict(man)["man"] > 0.9
    assert neutral == []
    for shares in (blank, nothing):
        assert 0.3 < dict(shares)["woman"] < 0.7  # no evidence, hardly a prior
    assert dict(controls["Woman, man, or can’t tell?", "By likelihood"][2])["neutral"] > 0.1


def test_small_pictures_keep_within_their_budget(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = view(run_folder)
    assert len(whole.images) > 60
    monkeypatch.setattr(pictures, "BUDGET", 6_000)
    cut = view(run_folder)
    assert 0 < len(cut.images) < len(whole.images)
    assert sum(map(len, cut.images.values())) <= 6_000
    # The ones that are there are those the grid opens with.
    assert sum(bool(c.source) for row in cut.rows for c in row.cells) == len(cut.images)


def test_a_run_without_pictures_has_no_such_part(run_dir: Path) -> None:
    run = load_run(run_dir)
    assert all(view_pictures(run, suite) is None for suite in run.suites)
    assert 'class="pictures"' not in build_report(run_dir).read_text("utf-8")


def test_lost_small_pictures_leave_a_readable_page(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run_folder, folder)
    shutil.rmtree(folder / "pictures")
    page = build_report(folder).read_text("utf-8")
    assert 'class="pictures"' in page
    assert "data:image/png" not in page


@pytest.mark.browser
def test_the_page_shows_pictures_answers_controls_and_whose_they_are(
    run_folder: Path, visit: Any
) -> None:
    seen = visit(run_folder / "report.html")
    page = seen.page
    part = page.locator(".pictures")
    text = part.inner_text()
    assert "depicted presentation" in text
    assert "nothing about anyone’s identity" in text
    assert "Figures of this project's tests. Licence: Apache-2.0." in text
    assert "1 files could not be used" in text
    first = part.locator("tbody tr").first
    assert "pilot" in first.inner_text()
    assert first.locator("img").count() == 3
    assert first.locator("img").first.evaluate("i => i.complete && i.naturalWidth") == 32
    assert first.locator("img").first.get_attribute("alt") == "pilot, a woman shown"
    assert part.locator("table.controls tbody tr").count() >= 10
    facts = page_facts(page)
    assert facts["repeated"] == []
    assert (facts["unnamed"], facts["tables"], facts["fields"]) == (0, 0, 0)
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.browser
def test_filters_change_whose_answers_the_grid_shows(run_folder: Path, visit: Any) -> None:
    page = visit(run_folder / "report.html").page
    part = page.locator(".pictures")
    cell = part.locator("[data-cell='pilot|woman']")
    source = cell.locator("img").get_attribute("src")
    before = cell.inner_text()
    assert "woman" in before
    part.locator("select[name=question]").select_option("rank")
    assert "higher" in cell.inner_text()
    assert part.locator("[data-cell='pilot|neutral']").inner_text() == "—"
    part.locator("select[name=question]").select_option("gender")
    assert cell.inner_text() == before
    part.locator("select[name=skin]").select_option("dark")
    dark = cell.locator("img").get_attribute("src")
    part.locator("select[name=skin]").select_option("light")
    assert cell.locator("img").get_attribute("src") != dark
    assert source in (dark, cell.locator("img").get_attribute("src"))
    part.locator("select[name=side]").select_option("mostly women")
    visible = part.locator("tr[data-side]:visible")
    assert visible.count() == 2
    assert "pilot" not in visible.first.inner_text()


@pytest.mark.browser
def test_the_grid_speaks_both_languages(run_folder: Path, visit: Any) -> None:
    page = visit(run_folder / "report.html").page
    page.get_by_role("button", name="中文").press("Enter")
    part = page.locator(".pictures")
    assert "不涉及任何人的身份" in part.inner_text()
    cell = part.locator("[data-cell='pilot|woman']")
    assert "男性" in cell.inner_text()
    assert cell.locator("img").get_attribute("alt") == "图：飞行员，画的是女性"
    option = part.locator("select[name=skin] option").first
    assert option.get_attribute("label") == "全部肤色"


@pytest.mark.browser
def test_transcripts_show_the_picture_and_filter_by_it(run_folder: Path, visit: Any) -> None:
    page = visit(run_folder / "report.html").page
    form = page.locator("#filters")
    form.locator("select[name=probe]").select_option(label="Grey picture")
    entry = page.locator("#entries li").first
    assert "control/blank" in entry.inner_text()
    assert entry.locator("img").count() == 1
    form.locator("select[name=probe]").select_option(label="No picture")
    assert page.locator("#entries li").first.locator("figure").count() == 0
    form.get_by_role("button", name="Clear filters").click()
    form.locator("select[name=shown]").select_option(label="a man shown")
    form.locator("select[name=skin]").select_option(label="dark")
    ids = page.locator("#entries figcaption").all_inner_texts()
    assert ids
    assert all("/man/dark" in name for name in ids)
