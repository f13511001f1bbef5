"""A run keeps a copy of the declared suites it asked, so that it can be read without the file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from audit.probes.declared.suite import DeclaredSuite
from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from audit.probes.base import Suite


def copy_in(folder: Path, name: str) -> Path | None:
    """``folder``/suite-NAME.yaml where a run kept that suite, else None."""
    if not re.fullmatch(r"[\w-]+", name):  # no way out of the folder
        return None
    path = folder / f"suite-{name}.yaml"
    return path if path.is_file() else None


def keep_copies(folder: Path, suites: Iterable[Suite]) -> None:
    """Write suite-NAME.yaml for every declared suite, whole or not at all."""
    for suite in suites:
        if not isinstance(suite, DeclaredSuite):
            continue
        path = folder / f"suite-{suite.name}.yaml"
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(suite.source, encoding="utf-8")
            os.replace(partial, path)
        except OSError as error:
            raise EnvironmentProblem(
                f"{path} cannot be written ({error.strerror or error}): free some space or mend "
                "its permissions and run the same command again."
            ) from error
