"""Pages of several runs: two, paired (compare.html), or a table of many (models.html).

The public face is :func:`build_comparison` and :func:`build_models`; heavy imports wait until one
is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.compare import Comparison
    from audit.comparison import ModelsTable

__all__ = ["build_comparison", "build_models"]


def build_comparison(comparison: Comparison, out: Path, *, command: str = "") -> Path:
    """Write ``out``/compare.html and return its path.

    *command* is what made the comparison, for "how to reproduce". The two run folders are read
    again for what they say of themselves. Raises ``UsageProblem`` and ``EnvironmentProblem`` as
    :func:`audit.reports.build_report` does.
    """
    from audit.reports.build import write_page
    from audit.reports.compare.pair_page import render_comparison

    return write_page(out / "compare.html", render_comparison(comparison, command))


def build_models(table: ModelsTable, out: Path, *, command: str = "") -> Path:
    """Write ``out``/models.html and return its path; otherwise as :func:`build_comparison`."""
    from audit.reports.build import write_page
    from audit.reports.compare.models_page import render_models

    return write_page(out / "models.html", render_models(table, command))
