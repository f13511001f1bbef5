"""The page in a real browser, offline: what a reader sees, presses and must never suffer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.reports import build_report
from audit.schema import RESPONSE_COLUMNS, MetricRow
from tests.audit.reports.page_facts import page_facts
from tests.audit.reports.sample_run import make_run

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.owned=1</script>",
    "</script><img src=x onerror=window.owned=1>",
    "</SCRIPT ><svg onload=window.owned=1>",
    "<!--<script>window.owned=1",
    "\u202egnirts desrever \u2066\u200b\u0000\u001b[31m",
    "line\u2028separator\u2029paragraph",
    "{{ 7*7 }} {% raw %} ${window.owned=1} \\u003cscript>",
    "נקבה أنثى 女性 👩🏽‍⚕️",
    '=HYPERLINK("http://evil.example")',
)


def _frame(texts: list[str], **more: Any) -> pd.DataFrame:
    base = dict.fromkeys(RESPONSE_COLUMNS, "") | {
        "suite": "occupations",
        "probe": "choice",
        "cluster": "nurse",
        "template": "t",
        "lang": "en",
        "route": "sampled",
        "sample": 0,
        "reference": 0.9,
        "prompt": "Who?",
        "label": "unparsed",
    }
    rows = [base | {"item": str(n), "response": t} | more for n, t in enumerate(texts)]
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def test_opens_offline_without_requests_or_complaints(sample_report: Path, visit: Any) -> None:
    seen = visit(sample_report)
    assert seen.page.locator(".headline").first.is_visible()
    seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    seen.page.wait_for_timeout(200)
    assert seen.foreign == []
    assert seen.complaints == []


def test_language_switch_changes_every_text_and_lives_in_the_address(
    sample_report: Path, visit: Any
) -> None:
    seen = visit(sample_report)
    page = seen.page
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "Bias audit" in page.title()
    page.get_by_role("button", name="中文").press("Enter")
    assert page.evaluate("document.documentElement.lang") == "zh"
    assert "偏见审计" in page.title()
    assert page.locator("h2").all_inner_texts()[:2] == ["职业", "代词"]
    assert page.get_by_role("button", name="清除筛选").is_visible()
    assert (
        page.locator("svg[role=img]:visible")
        .first.get_attribute("aria-labelledby")
        .endswith("zh-desc")
    )
    assert page.locator("nav").first.get_attribute("aria-label") == "章节"
    assert "lang=zh" in page.url
    assert page.evaluate("[localStorage.length, document.cookie.length]") == [0, 0]
    again = visit(sample_report, fragment="#lang=zh&at=methods")
    assert again.page.locator("#methods h2").inner_text() == "方法"
    assert again.page.evaluate("document.activeElement.id") == "methods"
    again.page.get_by_role("link", name="局限").click()
    assert "lang=zh" in again.page.url
    assert "at=limits" in again.page.url
    page.get_by_role("button", name="English").click()
    assert page.locator("h2").first.inner_text() == "Occupations"
    assert seen.complaints + again.complaints == []


def _column(page: Any, number: int) -> list[str]:
    return page.locator(f".units >> nth=0 >> css=tbody tr > :nth-child({number})").all_inner_texts()


def test_sorting_by_number_and_by_name(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    table = page.locator("table.units").first
    head = table.locator("th", has_text="Share of women")
    head.get_by_role("button").press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    values = [float(v.rstrip(" %")) for v in _column(page, 2)]
    assert len(values) > 60
    assert values == sorted(values, reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [float(v.rstrip(" %")) for v in _column(page, 2)] == sorted(values)
    name = table.locator("th", has_text="Occupation")
    name.get_by_role("button").click()
    assert name.get_attribute("aria-sort") == "ascending"
    assert head.get_attribute("aria-sort") == "none"
    names = _column(page, 1)
    assert names == sorted(names)


def test_missing_values_sort_last_either_way(tmp_path: Path, visit: Any) -> None:
    rows = [
        MetricRow("occupations", "woman_share", f"occupation:{name}", value, p_adjusted=p)
        for name, value, p in (("nurse", 0.8, 0.5), ("mason", None, None), ("pilot", 0.2, 0.01))
    ]
    page = visit(build_report(make_run(tmp_path / "r", suites=["occupations"], metrics=rows))).page
    button = page.locator("table.units th", has_text="Share of women").get_by_role("button")
    for expected in (["nurse", "pilot", "mason"], ["pilot", "nurse", "mason"]):
        button.click()
        assert _column(page, 1) == expected


def _choose(page: Any, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field, exact=True).select_option(label=option)


def test_filters_search_paging_and_reset(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    entries = page.locator(".entry")
    total = page.locator("#range").inner_text().split(" of ")[1]
    assert entries.count() == 10
    page.get_by_role("button", name="Next").click()
    assert page.locator("#range").inner_text().startswith("11–20 of")
    _choose(page, "Suite", "Pronouns")
    assert page.locator("#range").inner_text() == "1–10 of 48"
    page.get_by_role("button", name="Clear filters").click()
    page.wait_for_function("document.getElementById('range').textContent.startsWith('1–10')")
    assert page.locator("#range").inner_text().endswith(total)
    _choose(page, "Answer", "refused")
    _choose(page, "Asked in", "Chinese")
    _choose(page, "Occupation or unit", "nurse")
    for text in entries.all_inner_texts():
        assert "抱歉" in text
        assert "nurse" in text
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("searchbox", name="Text contains").fill("YEARS and he KNOWS")
    page.wait_for_timeout(100)
    assert entries.count() == 10
    assert all("he knows everyone" in t for t in entries.all_inner_texts())
    page.get_by_role("searchbox", name="Text contains").fill("no such words anywhere")
    assert page.locator("#range").inner_text() == "No answer matches these filters."
    assert entries.count() == 0


def test_likelihood_answers_show_probabilities(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    _choose(page, "Route", "By likelihood")
    text = page.locator(".entry").first.inner_text()
    assert "Probability of each answer" in text
    assert "neutral 10.0 %" in text


def test_hostile_texts_are_shown_and_never_run(tmp_path: Path, visit: Any) -> None:
    frame = _frame(list(HOSTILE))
    frame.loc[0, "prompt"] = frame.loc[1, "cluster"] = frame.loc[2, "probe"] = HOSTILE[1]
    frame.loc[3, "label"] = frame.loc[4, "suite"] = frame.loc[5, "variant"] = HOSTILE[0]
    bad = HOSTILE[1]
    cluster = {
        "cluster": "nurse",
        "label": {"en": bad, "zh": HOSTILE[0] + "\u202e\x07"},
        "group": bad,
        "reference": 0.9,
        "source": bad,
        "year": bad,
    }
    suite = {
        "name": "occupations",
        "version": bad,
        "title": {"en": bad, "zh": bad},
        "langs": [bad],
        "clusters": [cluster],
    }
    rows = [
        MetricRow(
            "occupations",
            bad,
            "all",
            0.3,
            0.2,
            0.4,
            margin=0.1,
            verdict="biased",
            role="primary",
            note=bad,
            test=bad,
            correction=bad,
            route=bad,
        ),
        MetricRow("occupations", "woman_share", "occupation:nurse", 0.7, 0.6, 0.8, route="sampled"),
        MetricRow(bad, bad, f"group:{bad}", 0.5, 0.4, 0.6),
        MetricRow(bad, bad, "group:other", 0.5, 0.4, 0.6),
    ]
    run = make_run(
        tmp_path / "r",
        frame=frame,
        metrics=rows,
        manifest={
            "command": bad,
            "notes": [bad],
            "versions": {bad: bad},
            "status": bad,
            "limit": bad,
            "backend": {"name": bad, bad: bad},
            "langs": [bad],
            "finished": bad,
            "device": bad,
        },
        results={"model": {"name": bad, "fingerprint": bad}, "suites": [suite]},
    )
    seen = visit(build_report(run))
    page = seen.page
    shown = page.locator(".entry").all_inner_texts()
    assert len(shown) == len(HOSTILE)
    assert any("<script>window.owned=1</script>" in t for t in shown)
    assert any("</script><img src=x onerror=window.owned=1>" in t for t in shown)
    assert any("‹U+202E›" in t and "‹U+200B›" in t and "‹U+0000›" in t for t in shown)
    page.get_by_role("button", name="中文").click()
    for select in page.locator("form select:enabled").all():
        for option in select.locator("option").all()[1:]:
            select.select_option(value=option.get_attribute("value"))
        select.select_option(value="")
    page.wait_for_timeout(200)
    assert page.evaluate("window.owned") is None
    assert page.locator("main img, main script").count() == 0
    assert seen.foreign == []
    assert seen.complaints == []


def test_the_policy_forbids_scripts_that_slip_in(sample_report: Path, visit: Any) -> None:
    """Should an escape ever fail, the browser still refuses to run what we did not write."""
    seen = visit(sample_report)
    seen.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.owned=1>');"
        "const s = document.createElement('script'); s.textContent = 'window.owned=1';"
        "document.body.append(s)"
    )
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("window.owned") is None
    assert any("Content Security Policy" in c for c in seen.complaints)


def test_twenty_thousand_long_answers_stay_small_and_say_so(tmp_path: Path, visit: Any) -> None:
    texts = [f"{n} " + "长文本 <b>&\u2028 long text 👩 " * 90 for n in range(20_000)]
    frame = _frame(texts)
    frame["label"] = (["woman", "man", "neutral", "refused"] * 5_000)[:20_000]
    frame["prompt"] = [f"prompt {n} " + "words " * 300 for n in range(20_000)]
    report = build_report(make_run(tmp_path / "r", frame=frame))
    assert report.stat().st_size < 6_000_000
    seen = visit(report)
    note = seen.page.locator("#transcripts .quiet").first.inner_text()
    assert "of 20,000 answers are here" in note
    assert "cut here" in note
    seen.page.get_by_role("searchbox").fill("prompt")
    assert "… cut" in seen.page.locator(".entry").first.inner_text()
    assert seen.complaints == []


def test_narrow_screens_do_not_scroll_sideways(sample_report: Path, visit: Any) -> None:
    for fragment in ("", "#lang=zh"):
        page = visit(sample_report, fragment=fragment, width=400).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_keyboard_reaches_the_skip_link_first(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_names_roles_and_ids_for_screen_readers(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    facts = page_facts(page)
    assert facts["repeated"] == []
    assert (facts["unnamed"], facts["tables"], facts["fields"]) == (0, 0, 0)
    steps = zip(facts["headings"], facts["headings"][1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)


def test_text_contrast_reaches_wcag_aa(sample_report: Path, visit: Any) -> None:
    """Every visible text against the nearest opaque background behind it, at least 4.5 to 1."""
    page = visit(sample_report).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    poor = page.evaluate("""() => {
      const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
      const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
      const behind = n => { for (; n; n = n.parentElement) {
        const c = parse(getComputedStyle(n).backgroundColor);
        if (c.length === 3 || c[3] > .9) return c; } return [255, 255, 255]; };
      const bad = [];
      for (const n of document.querySelectorAll('body *:not(script):not(svg *)')) {
        const own = [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim());
        if (!own || !n.getClientRects().length || n.disabled) continue;
        const [a, b] = [light(parse(getComputedStyle(n).color)), light(behind(n))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5)
          bad.push([n.className, n.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
      }
      return bad;
    }""")
    assert poor == []


def test_print_opens_what_is_folded_and_hides_the_controls(sample_report: Path, visit: Any) -> None:
    page = visit(sample_report).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    for control in ("#filters", ".bar", ".pager"):
        assert not page.locator(control).is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
