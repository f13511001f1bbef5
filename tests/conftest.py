"""A Chromium that can reach no network, one for all tests: its driver cannot be started twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium. Missing, it fails the test: a page nobody opened is not tested."""
    if os.environ.get("EQUIPOISE_SKIP_BROWSER") == "1":
        pytest.skip("EQUIPOISE_SKIP_BROWSER=1")
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not path:
        pytest.fail("no chromium: install it, set CHROMIUM, or set EQUIPOISE_SKIP_BROWSER=1")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGS))
        yield browser
        browser.close()


class Visit:
    """An open report, with everything it asked for and complained about."""

    def __init__(self, browser: Any, report: Path, *, fragment: str = "", width: int = 1280):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-US")
        self.context.set_offline(True)
        self.context.set_default_timeout(8_000)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.goto(report.as_uri() + fragment)

    @property
    def foreign(self) -> list[str]:
        """Requests for anything but the file itself and its empty icon."""
        return [u for u in self.requests if not u.startswith(("file:", "data:,"))]


@pytest.fixture
def visit(chromium: Any) -> Iterator[Any]:
    opened: list[Visit] = []

    def open_report(report: Path, **options: Any) -> Visit:
        opened.append(Visit(chromium, report, **options))
        return opened[-1]

    yield open_report
    for one in opened:
        one.context.close()
