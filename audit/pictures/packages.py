"""Packages that only pictures need, imported when a picture is first touched."""

from __future__ import annotations

import importlib
from typing import Any

from core.errors import EnvironmentProblem


def need(module: str, package: str) -> Any:
    """The imported ``module`` of ``package``. Raises :class:`EnvironmentProblem`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EnvironmentProblem(
            f"Pictures need the package {package} ({error}); run `pip install 'equipoise[vision]'`."
        ) from error


def pillow() -> Any:
    """``PIL.Image``."""
    return need("PIL.Image", "pillow")
