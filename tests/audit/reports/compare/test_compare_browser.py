"""Both pages in a real browser, offline: what a reader sees, presses and must never suffer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.audit.reports.page_facts import page_facts

pytestmark = pytest.mark.browser

KINDS = ("compare", "models")


def page_of(pages: Any, kind: str) -> Path:
    return Path(getattr(pages, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_opens_offline_without_requests_or_complaints(pages: Any, visit: Any, kind: str) -> None:
    seen = visit(page_of(pages, kind))
    assert seen.page.locator(".headline").first.is_visible()
    assert seen.page.locator("svg[role=img]:visible").count() >= 1
    seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    seen.page.wait_for_timeout(200)
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize("number", [0, 1])
def test_hostile_texts_are_shown_and_never_run(pages: Any, visit: Any, number: int) -> None:
    seen = visit(pages.hostile[number])
    page = seen.page
    for button in ("中文", "English"):
        page.get_by_role("button", name=button).click()
        assert "<script>window.owned=1</script>" in page.locator("h1").inner_text()
        assert "<script>window.owned=1</script>" in page.locator("#runs").inner_text()
        assert "{{ 7*7 }}" in page.locator("#reproduce").inner_text()
    page.wait_for_timeout(200)
    assert page.evaluate("window.owned") is None
    assert page.locator("main img, main script").count() == 0
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize(("kind", "link", "target"), [
    ("compare", "方法", "methods"), ("models", "总表", "table"),
])  # fmt: skip
def test_language_and_sections_by_keyboard(
    pages: Any, visit: Any, kind: str, link: str, target: str
) -> None:
    seen = visit(page_of(pages, kind))
    page = seen.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.title().startswith("Bias audits compared: before")
    page.get_by_role("button", name="中文").press("Enter")
    assert page.title().startswith("偏见审计比较：before")
    page.get_by_role("link", name=link, exact=True).press("Enter")
    assert page.evaluate("document.activeElement.id") == target
    assert "lang=zh" in page.url
    assert seen.complaints == []


@pytest.mark.parametrize("kind", KINDS)
def test_narrow_screens_do_not_scroll_sideways(pages: Any, visit: Any, kind: str) -> None:
    for fragment in ("", "#lang=zh"):
        page = visit(page_of(pages, kind), fragment=fragment, width=400).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("kind", KINDS)
def test_names_roles_and_ids_for_screen_readers(pages: Any, visit: Any, kind: str) -> None:
    page = visit(page_of(pages, kind)).page
    facts = page_facts(page)
    assert facts["repeated"] == []
    assert (facts["unnamed"], facts["tables"], facts["fields"]) == (0, 0, 0)
    steps = zip(facts["headings"], facts["headings"][1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)


@pytest.mark.parametrize("kind", KINDS)
def test_paper_shows_everything_and_no_controls(pages: Any, visit: Any, kind: str) -> None:
    page = visit(page_of(pages, kind), width=690).page  # what A4 leaves
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".bar").is_visible()
    assert page.locator("details:not([open])").count() == 0
    cut = page.evaluate("""() => [...document.querySelectorAll('.scroll')]
        .filter(n => getComputedStyle(n).overflowX !== 'visible').length""")
    assert cut == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 690


def test_the_table_marks_what_was_not_measured_alike(pages: Any, visit: Any) -> None:
    page = visit(pages.models).page
    rows = page.locator("table.models tbody tr")
    assert rows.locator("th").all_inner_texts() == ["before", "after", "other", "fewer"]
    assert rows.nth(0).locator(".chip-biased").count() >= 3
    last = rows.nth(3).locator("td").all_inner_texts()
    assert all("Not comparable" in cell and "first run’s not asked" in cell for cell in last)
    drawn = page.locator("#suite-0-metric-0 svg:visible").text_content()
    assert "before" in drawn
    assert "fewer" not in drawn
    assert "fewer (other questions" in page.locator("#suite-0-metric-0 .note").inner_text()
