"""Results → HTML, Markdown, CSV. Reads a run folder; knows no model, no probe, no statistics.

The public face is :func:`build_report`; heavy imports wait until it is called.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["build_report"]


def build_report(run_dir: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``metrics.csv`` into *run_dir*; return the HTML.

    The same run folder always gives the same bytes. Raises ``UsageProblem`` where there is no
    run folder, ``EnvironmentProblem`` where its files cannot be read or the page not written.
    """
    from audit.reports.build import write_report

    return write_report(run_dir)
