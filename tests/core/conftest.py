"""A scripted server, and backends in a hurry that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.models.openai_backend import OpenAIBackend
from tests.core.fake_server import FakeServer
from tests.core.openai_cases import Connect


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def connect(server: FakeServer) -> Iterator[Connect]:
    """Make backends that hurry, and close them."""
    made: list[OpenAIBackend] = []

    def make(model: str = "fake", **options: Any) -> OpenAIBackend:
        hurried: dict[str, Any] = {
            "timeout_s": 5, "give_up_after_s": 5, "backoff_s": 0.02, "max_backoff_s": 0.1
        }  # fmt: skip
        backend = OpenAIBackend(model, server.url, **hurried | options)
        made.append(backend)
        return backend

    yield make
    for backend in made:
        backend.close()
