"""Hostile answers before and after a repair, in the page that shows them side by side."""

from __future__ import annotations

from pathlib import Path

from remediate.report.build import build_report
from tests.audit.hostile_runs import PLAIN, TEXTS, with_answers
from tests.audit.page_parts import PageParts
from tests.remediate.report.sample_repair import make_repair


def test_the_page_has_no_element_attribute_or_address_of_an_answer(tmp_path: Path) -> None:
    pages = []
    for name, texts in (("hostile", TEXTS), ("plain", PLAIN)):
        folder = make_repair(tmp_path / name)
        with_answers(folder, texts)
        pages.append(PageParts(build_report(folder)))
    hostile, plain = pages
    assert hostile.elements == plain.elements
    assert hostile.addresses == plain.addresses
    assert hostile.comments == plain.comments
