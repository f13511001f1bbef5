"""Writes a repair's report beside its other files."""

from __future__ import annotations

from pathlib import Path


def build_report(folder: Path) -> Path:
    """Write ``report.html`` into a repair's *folder* and return its path.

    The same folder always gives the same bytes. What a repair left out (an audit of the instructed
    model, the gates' answers) leaves its section out. Raises ``UsageProblem`` where *folder* holds
    no remediation.json, ``EnvironmentProblem`` where files cannot be read or the page not written.
    """
    from audit.reports.build import write_page
    from remediate.report.load import load_repair
    from remediate.report.page import render_page

    return write_page(folder / "report.html", render_page(load_repair(folder)))
