"""Packages that add a suite, laid out as an installer leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.probes.base import ENTRY_POINT_GROUP


def write_package(
    site: Path, package: str, files: Mapping[str, str], suites: Mapping[str, str]
) -> Path:
    """Write a package and its metadata into ``site``, a folder for ``sys.path``; returns ``site``.

    ``files``: name → text, beside an empty ``__init__.py``; ``suites``: entry points, name → value.
    """
    code, metadata = site / package, site / f"{package}-1.0.dist-info"
    for folder in (code, metadata):
        folder.mkdir(parents=True)
    for name, text in {"__init__.py": "", **files}.items():
        (code / name).write_text(text, encoding="utf-8")
    about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    points = "".join(f"{name} = {value}\n" for name, value in suites.items())
    (metadata / "METADATA").write_text(about, encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{points}", encoding="utf-8")
    return site
