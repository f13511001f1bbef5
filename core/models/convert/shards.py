"""Weights from one safetensors layout to another, one shard in memory at a time.

Reading is by tensor (or part of one), so what is held is never more than the shard being filled;
a single tensor larger than the limit becomes a shard of its own. Where safetensors hands out
memory-mapped tensors, as it does now, even that stays in the page cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.convert.common import TensorRule
from core.models.folder import weight_files

#: Bytes of one shard, unless told otherwise.
SHARD_BYTES = 1 << 30
INDEX = "model.safetensors.index.json"
#: safetensors' name of a type → (bytes of a number, torch's name).
_DTYPES = {"F32": (4, "float32"), "F16": (2, "float16"), "BF16": (2, "bfloat16")}
#: Rows normalised at once, in float32 whatever the checkpoint's type.
_ROWS = 4096


class LegacyWeights:
    """The tensors of a legacy checkpoint's safetensors files. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._where: dict[str, Any] = {}

    def __enter__(self) -> LegacyWeights:
        from safetensors import SafetensorError, safe_open

        for path in weight_files(self._folder):
            try:
                opened = self._files.enter_context(safe_open(path, framework="pt"))
            except SafetensorError as error:
                raise EnvironmentProblem(
                    f"{path} is truncated or damaged ({error}). Fetch or copy the file again."
                ) from error
            self._where |= dict.fromkeys(opened.keys(), opened)
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def check(self, rules: Sequence[TensorRule], ignored: Sequence[str]) -> None:
        """Every tensor of the rules is there in its shape, and none is left over."""
        for rule in rules:
            found = self._where.get(rule.source)
            if found is None:
                raise self._problem(f"lacks the tensor {rule.source}")
            if (shape := tuple(found.get_slice(rule.source).get_shape())) != rule.shape:
                raise self._problem(
                    f"has the tensor {rule.source} in shape {shape} where config.json "
                    f"asks for {rule.shape}"
                )
            self.dtype(rule.source)
        wanted = {rule.source for rule in rules}
        surplus = sorted(
            n for n in self._where if n not in wanted and not n.endswith(tuple(ignored))
        )
        if surplus:
            more = f" and {len(surplus) - 1} more" if len(surplus) > 1 else ""
            raise self._problem(f"has the tensor {surplus[0]}{more}, unknown to its architecture")

    def _problem(self, what: str) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"{self._folder} {what}. Fetch the checkpoint again, or use one of the original layout."
        )

    def dtype(self, name: str) -> tuple[int, str]:
        """(bytes of a number, torch's name of the type) of a tensor."""
        kind = str(self._where[name].get_slice(name).get_dtype())
        if kind not in _DTYPES:
            raise self._problem(f"has the tensor {name} in type {kind}, not {'/'.join(_DTYPES)}")
        return _DTYPES[kind]

    def nbytes(self, rule: TensorRule) -> int:
        """Size of the tensor a rule makes."""
        rows = rule.rows[1] - rule.rows[0] if rule.rows else rule.shape[0]
        return rows * prod(rule.shape[1:]) * self.dtype(rule.source)[0]

    def load(self, rule: TensorRule) -> Any:
        """The tensor a rule makes, as a torch tensor of its own."""
        part = self._where[rule.source].get_slice(rule.source)
        tensor = part[rule.rows[0] : rule.rows[1]] if rule.rows else part[:]
        if rule.change == "normalise_rows":
            return _normalised_rows(tensor)
        return tensor.contiguous()


def _normalised_rows(tensor: Any) -> Any:
    """A new tensor: the given one may be the source file itself, mapped into memory."""
    import torch

    out = torch.empty_like(tensor)
    for rows, source in zip(out.split(_ROWS), tensor.split(_ROWS), strict=True):
        rows.copy_(torch.nn.functional.normalize(source.float(), dim=1))
    return out


def plan_shards(sizes: Mapping[str, int], limit: int) -> list[list[str]]:
    """Names in order, cut into runs of at most ``limit`` bytes (or one tensor, if larger)."""
    shards: list[list[str]] = []
    room = 0
    for name, size in sizes.items():
        if not shards or size > room:
            shards.append([])
            room = limit
        shards[-1].append(name)
        room -= size
    return shards


def write_shards(
    weights: LegacyWeights, rules: Iterable[TensorRule], target: Path, limit: int = SHARD_BYTES
) -> None:
    """Write every tensor of ``rules`` to shards of at most ``limit`` bytes, and their index."""
    from safetensors.torch import save_file

    by_name = {rule.target: rule for rule in rules}
    sizes = {name: weights.nbytes(rule) for name, rule in by_name.items()}
    shards = plan_shards(sizes, limit)
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(
            {name: weights.load(by_name[name]) for name in names},
            target / file,
            metadata={"format": "pt"},
        )
        weight_map |= dict.fromkeys(names, file)
    index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": weight_map}
    (target / INDEX).write_text(json.dumps(index, indent=2), encoding="utf-8")
