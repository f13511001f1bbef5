"""A run folder to report on."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.reports import build_report
from tests.audit.reports.sample_run import make_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


@pytest.fixture(scope="session")
def sample_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the default sample run, built once; tests only read it."""
    return build_report(make_run(tmp_path_factory.mktemp("sample") / "run"))
