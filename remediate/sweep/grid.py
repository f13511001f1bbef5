"""A grid file → the cells of a sweep: named trainings, every wrong one told before anything runs.

The file holds ``grid``: a mapping from fields of ``TrainingConfig`` to a value or a list of
values, which are crossed, or a list of such mappings, one after the other (the form of
scikit-learn's ``ParameterGrid``). ``name`` names a mapping that makes one cell alone.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import EquipoiseError, UsageProblem
from remediate.dpo.config import TrainingConfig

BUILT_IN = "default"
#: A cell is a training: a longer grid is a slip more often than a wish.
MOST = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_RESERVED = (".json", ".html")
_DEFAULTS: Mapping[str, Any] = {f.name: f.default for f in dataclasses.fields(TrainingConfig)}
#: How a field is called in a cell's name; others by their own.
_SHORT = {
    "loss": "", "target": "", "tuner": "", "rank": "r", "alpha": "a", "steps": "s",
    "learning_rate": "lr",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One training of a sweep. ``given``: what the grid says of it; the rest is the command's."""

    name: str
    config: TrainingConfig
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """``grid`` is ``default`` or the grid file's name."""

    grid: str
    cells: tuple[Cell, ...]

    @property
    def varied(self) -> list[str]:
        """The fields in which the cells differ, in the configuration's order."""
        rows = [cell.config.to_json() for cell in self.cells]
        return [name for name in _DEFAULTS if any(row[name] != rows[0][name] for row in rows)]

    def to_json(self) -> dict[str, Any]:
        return {
            "grid": self.grid,
            "cells": {cell.name: cell.config.to_json() for cell in self.cells},
        }


def read_sweep(source: str, base: TrainingConfig) -> Sweep:
    """The sweep of a grid file, or of the built-in grid for ``default``.

    ``base`` gives what a cell leaves open; ``alpha`` stays twice the rank and ``micro_batch`` at
    most the batch where the grid does not set them. Raises :class:`UsageProblem` for a file that is
    no grid and for cells that cannot be trained.
    """
    built_in = source == BUILT_IN
    path = Path(__file__).parent / "data" / "default.yaml" if built_in else Path(source)
    cells = [(given, name) for block in _blocks(path) for given, name in _crossed(block, path)]
    if len(cells) > MOST:
        raise UsageProblem(
            f"{path} makes {len(cells)} cells, each a training; {MOST} is the most. Cross fewer "
            "values."
        )
    sweep = Sweep(BUILT_IN if built_in else path.name, tuple(
        _cell(given, name, base, path) for given, name in cells))  # fmt: skip
    _distinct(sweep, path)
    return sweep


def _blocks(path: Path) -> list[Mapping[str, Any]]:
    import yaml

    how = "see docs/repair.md, Sweeps"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(
            f"The grid {path} cannot be read ({error.strerror}); --sweep wants a YAML file or "
            f"'{BUILT_IN}'."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = " ".join(str(error).split())[:120]
        raise UsageProblem(f"The grid {path} is no YAML ({first}); {how}.") from error
    if not isinstance(content, Mapping) or set(content) != {"grid"}:
        raise UsageProblem(f"{path} must hold 'grid' and nothing else; {how}.")
    grid = content["grid"]
    blocks = grid if isinstance(grid, list) else [grid]
    if not blocks or not all(isinstance(block, Mapping) and block for block in blocks):
        raise UsageProblem(
            f"'grid' in {path} must be a mapping from settings to values, or a list of such; {how}."
        )
    return blocks


def _crossed(block: Mapping[str, Any], path: Path) -> list[tuple[dict[str, Any], str | None]]:
    """Every combination of a block's values, with the block's name where it has one."""
    fields = {str(key): value for key, value in block.items() if key != "name"}
    for key in fields:
        if key not in _DEFAULTS:
            raise UsageProblem(
                f"{path} sets '{key}', which is no setting of a training. There are: "
                f"{', '.join(_DEFAULTS)}."
            )
    values = [value if isinstance(value, list) else [value] for value in fields.values()]
    if not all(values):
        empty = next(key for key, value in zip(fields, values, strict=True) if not value)
        raise UsageProblem(f"{path} gives no value for '{empty}'.")
    found = [
        {key: _typed(key, value, path) for key, value in zip(fields, row, strict=True)}
        for row in itertools.product(*values)
    ]
    name = block.get("name")
    if name is not None and len(found) > 1:
        raise UsageProblem(f"'{name}' in {path} names {len(found)} cells: a name is for one.")
    return [(given, None if name is None else str(name)) for given in found]


def _typed(key: str, value: Any, path: Path) -> Any:
    """The value as its field's type; YAML 1.1 reads ``1e-4`` as text."""
    kind = type(_DEFAULTS[key])
    if kind is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    elif type(value) is kind:
        return value
    wanted = {float: "a number", int: "a whole number", str: "a word"}[kind]
    raise UsageProblem(f"{path} sets {key} to {value!r}, which is not {wanted}.")


def _cell(given: dict[str, Any], name: str | None, base: TrainingConfig, path: Path) -> Cell:
    filled = dict(given)
    if "rank" in given:
        filled.setdefault("alpha", 2 * given["rank"])
    if "batch" in given:
        filled.setdefault("micro_batch", min(base.micro_batch, given["batch"]))
    name = name or "-".join(_part(key, given[key]) for key in _DEFAULTS if key in given) or "base"
    if not _NAME.fullmatch(name) or name.endswith(_RESERVED):
        raise UsageProblem(
            f"A cell in {path} is called '{name}': use letters, digits and . _ + - in at most 80 "
            "characters, since it names a folder."
        )
    try:
        return Cell(name, dataclasses.replace(base, **filled), given)
    except EquipoiseError as error:
        raise UsageProblem(f"The cell {name} in {path} cannot be trained: {error}") from error


def _part(key: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{_SHORT.get(key, key.replace('_', '-'))}{text}"


def _distinct(sweep: Sweep, path: Path) -> None:
    seen: dict[str, Cell] = {}
    for cell in sweep.cells:
        if cell.name in seen:
            raise UsageProblem(f"Two cells in {path} are called {cell.name}: give each its own.")
        twin = next((other for other in seen.values() if other.config == cell.config), None)
        if twin is not None:
            raise UsageProblem(f"The cells {twin.name} and {cell.name} in {path} are the same.")
        seen[cell.name] = cell
