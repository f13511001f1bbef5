"""Data files that lie beside the code that reads them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any


@functools.cache
def read_yaml(path: Path) -> Any:
    """A YAML file. Cached, so callers must not change what they get."""
    # Imported here: a command line that checks its arguments must not pay for it.
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8"))
