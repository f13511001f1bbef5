"""Writes a sweep's page beside its sweep.json."""

from __future__ import annotations

from pathlib import Path


def build_sweep_report(folder: Path) -> Path:
    """Write ``sweep.html`` into a repair's ``sweep`` *folder* and return its path.

    The same sweep.json always gives the same bytes. Raises ``UsageProblem`` where there is none,
    ``EnvironmentProblem`` where it cannot be read or the page not written.
    """
    from audit.reports.build import write_page
    from remediate.report.sweep.load import load_sweep
    from remediate.report.sweep.page import render_sweep

    return write_page(folder / "sweep.html", render_sweep(load_sweep(folder)))
