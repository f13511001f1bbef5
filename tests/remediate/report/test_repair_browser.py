"""The repair's page in a real browser, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remediate.report.build import build_report
from tests.audit.reports.page_facts import page_facts
from tests.remediate.report.sample_repair import content, make_repair

pytestmark = pytest.mark.browser

SCRIPT = "<script>window.owned=1</script>"
IMAGE = "</script><img src=x onerror=window.owned=1>\u202e{{ 7*7 }}"


def test_opens_offline_without_requests_or_complaints(sample_page: Path, visit: Any) -> None:
    seen = visit(sample_page)
    assert seen.page.locator(".headline").is_visible()
    seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    seen.page.wait_for_timeout(200)
    assert seen.foreign == []
    assert seen.complaints == []


def test_hostile_texts_are_shown_and_never_run(tmp_path: Path, visit: Any) -> None:
    card = content()["data"]
    card["samples"] = {SCRIPT: [{"prompt": IMAGE, "chosen": SCRIPT, "rejected": IMAGE}]}
    card["sources"] = {IMAGE: 3}
    found = content(
        model=IMAGE, verdict="not_repaired", reasons=[SCRIPT], next_step=IMAGE, data=card,
    )  # fmt: skip
    found["prompt_baseline"]["instruction"] = IMAGE
    found["training"] |= {"tuner": IMAGE, "note": SCRIPT}
    found["primary"][0] |= {"test": IMAGE, "metric": SCRIPT, "outcome": IMAGE, "route": IMAGE}
    found["gates"][0]["name"] = IMAGE
    page_file = build_report(
        make_repair(tmp_path / "run", texts=(SCRIPT, IMAGE), remediation=found)
    )
    seen = visit(page_file)
    page = seen.page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.get_by_role("button", name="中文").click()
    said = page.locator("#answers .side dd").all_inner_texts()
    assert SCRIPT in said
    assert "</script><img src=x onerror=window.owned=1>‹U+202E›{{ 7*7 }}" in said
    page.wait_for_timeout(200)
    assert page.evaluate("window.owned") is None
    assert page.locator("main img, main script").count() == 0
    assert seen.foreign == []
    assert seen.complaints == []


def test_the_language_switch_and_the_sections_work_by_keyboard(
    sample_page: Path, visit: Any
) -> None:
    seen = visit(sample_page)
    page = seen.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert "Bias repair" in page.title()
    page.get_by_role("button", name="中文").press("Enter")
    assert "偏见修复" in page.title()
    assert page.locator(".headline").inner_text().startswith("smollm2-135m-instruct 已修复")
    page.get_by_role("link", name="代价").press("Enter")
    assert page.evaluate("document.activeElement.id") == "cost"
    assert "lang=zh" in page.url
    assert seen.complaints == []


def test_occupations_sort_by_any_column(sample_page: Path, visit: Any) -> None:
    page = visit(sample_page).page
    page.locator("table.jobs th", has_text="Change, points").get_by_role("button").press("Space")
    cells = page.locator("table.jobs tbody tr > :nth-child(5)").all_inner_texts()
    values = [float(text.replace("−", "-")) for text in cells]
    assert values == sorted(values, reverse=True)


def test_content_needs_no_script(sample_page: Path, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(sample_page.as_uri())
    assert page.locator(".headline").inner_text().startswith("smollm2-135m-instruct is repaired")
    assert page.locator("#changes svg[role=img]:visible").count() == 5
    assert page.locator("#jobs svg[role=img]:visible").count() == 1
    assert page.locator("#answers .entry:visible").count() >= 8
    context.close()


def test_narrow_screens_do_not_scroll_sideways(sample_page: Path, visit: Any) -> None:
    for fragment in ("", "#lang=zh"):
        page = visit(sample_page, fragment=fragment, width=400).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_names_roles_and_ids_for_screen_readers(sample_page: Path, visit: Any) -> None:
    page = visit(sample_page).page
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    facts = page_facts(page)
    assert facts["repeated"] == []
    assert (facts["unnamed"], facts["tables"]) == (0, 0)


def test_print_opens_what_is_folded(sample_page: Path, visit: Any) -> None:
    page = visit(sample_page).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator(".bar").is_visible()
    # A4 between the page's margins, at 96 pixels an inch: nothing is cut off at the right.
    page.set_viewport_size({"width": 690, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 690
