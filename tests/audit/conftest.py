"""A tiny model on disk for whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random llama; never written to."""
    from tests.core.tiny_models import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny")
