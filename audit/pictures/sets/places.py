"""Where a public set lies on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import EnvironmentProblem, UsageProblem
from core.models.cache import cache_root

#: Names the folder with one folder a set; the same variable as for benchmarks' texts.
DATA_VARIABLE = "EQUIPOISE_DATA"


def set_folder(name: str, own: Path | None, *, hint: str, hub: str = "") -> Path:
    """``own`` where given, else ``$EQUIPOISE_DATA/NAME``, else the cache's ``pictures/data/NAME``.

    Last comes what was downloaded of the data set ``hub``. ``hint`` says where the set is to be
    had. Raises :class:`EnvironmentProblem` where no place has it, :class:`UsageProblem` where
    ``own`` is no folder.
    """
    if own is not None:
        if not own.is_dir():
            raise UsageProblem(f"There is no folder {own}; --images must name the set's folder.")
        return own
    places = [cache_root() / "pictures" / "data" / name]
    if data := os.environ.get(DATA_VARIABLE):
        places.insert(0, Path(data).expanduser() / name)
    for place in places:
        if place.is_dir():
            return place
    if hub and (snapshot := _downloaded(hub)):
        return snapshot
    raise EnvironmentProblem(
        f"The pictures of {name} are not on this machine. {hint} Put them into the folder {name} "
        f"of a folder that {DATA_VARIABLE} names, or give their folder to --images."
    )


def _downloaded(hub: str) -> Path | None:
    """The newest snapshot in the cache of Hugging Face's client; no network is asked."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub, repo_type="dataset", local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def lacking(folder: Path, name: str, what: str, hint: str) -> EnvironmentProblem:
    """The set's folder is there, a part of it is not."""
    return EnvironmentProblem(f"{folder} lacks {what} of the picture set {name}. {hint}")
