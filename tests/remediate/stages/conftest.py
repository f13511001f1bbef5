"""A tiny model on disk; never written to."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.core.tiny_models import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny")
