"""The package's data files by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from core.datafile import read_yaml

DATA = Path(__file__).parent / "data"


def read_data(name: str) -> dict[str, Any]:
    """One of them; see :func:`core.datafile.read_yaml`."""
    return cast(dict[str, Any], read_yaml(DATA / name))
