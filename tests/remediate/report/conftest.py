"""The made-up repair's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from remediate.report.build import build_report
from tests.remediate.report.sample_repair import make_repair


@pytest.fixture(scope="session")
def sample_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the default made-up repair, built once; tests only read it."""
    return build_report(make_repair(tmp_path_factory.mktemp("repair") / "run"))
