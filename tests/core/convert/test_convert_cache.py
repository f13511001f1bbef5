"""Converted once, shard by shard, and never half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import weakref
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from core.models.convert import convert, shards
from core.models.convert.shards import plan_shards
from tests.core.convert.legacy_checkpoints import make_qwen1

LIMIT = 100_000
ROOT = Path(__file__).parents[3]


@given(
    sizes=st.dictionaries(st.text(max_size=4), st.integers(1, 200), min_size=1),
    limit=st.integers(1, 300),
)
def test_shards_keep_order_and_limit(sizes: dict[str, int], limit: int) -> None:
    plan = plan_shards(sizes, limit)
    assert [name for shard in plan for name in shard] == list(sizes)
    for shard in plan:
        assert len(shard) == 1 or sum(sizes[name] for name in shard) <= limit
    for shard, following in pairwise(plan):
        assert sum(sizes[name] for name in shard) + sizes[following[0]] > limit


class _Held:
    """Counts the bytes of loaded tensors that are still alive."""

    def __init__(self) -> None:
        self.now = self.peak = self.total = 0

    def watch(self, tensor: torch.Tensor) -> None:
        size = tensor.nbytes
        self.now += size
        self.total += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(tensor, self._gone, size)

    def _gone(self, size: int) -> None:
        self.now -= size


def test_memory_held_is_one_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, load = _Held(), shards.LegacyWeights.load

    def watched(self: shards.LegacyWeights, rule: Any) -> torch.Tensor:
        tensor: torch.Tensor = load(self, rule)
        held.watch(tensor)
        return tensor

    monkeypatch.setattr(shards.LegacyWeights, "load", watched)
    source = make_qwen1(tmp_path / "legacy", layers=8)
    converted = convert(source, tmp_path / "cache", shard_bytes=LIMIT)
    files = sorted(converted.path.glob("*.safetensors"))
    largest = 1024 * 64 * 4  # the embeddings, a shard of their own
    assert held.total > 10 * LIMIT
    assert held.peak <= largest
    assert len(files) > 5
    for file in files:
        with safe_open(file, framework="pt") as opened:
            names = list(opened.keys())
            size = sum(opened.get_tensor(name).nbytes for name in names)
        assert size <= LIMIT or len(names) == 1


def test_converted_once(tmp_path: Path) -> None:
    source = make_qwen1(tmp_path / "legacy")
    first = convert(source, tmp_path / "cache")
    stamp = (first.path / "config.json").stat().st_mtime_ns
    assert convert(source, tmp_path / "cache") == first
    assert (first.path / "config.json").stat().st_mtime_ns == stamp
    other = convert(make_qwen1(tmp_path / "other", seed=1), tmp_path / "cache")
    assert other.path != first.path


def test_a_changed_config_is_another_model(tmp_path: Path) -> None:
    first = convert(make_qwen1(tmp_path / "a"), tmp_path / "cache")
    second = convert(make_qwen1(tmp_path / "b", seq_length=2048), tmp_path / "cache")
    assert (first.max_context, second.max_context) == (8192, 2048)


KILLED = """
import os, signal, sys
from itertools import pairwise
from pathlib import Path
from core.models.convert import convert, shards
real, left = shards.LegacyWeights.load, [5]
def load(self, rule):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, rule)
shards.LegacyWeights.load = load
convert(Path(sys.argv[1]), Path(sys.argv[2]), shard_bytes=1000)
"""


def test_killed_halfway_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    source, cache = make_qwen1(tmp_path / "legacy"), tmp_path / "cache"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(source), str(cache)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=300,
    )
    assert run.returncode == -signal.SIGKILL
    left = [p.name for p in (cache / "converted").iterdir() if not p.name.endswith(".lock")]
    assert all(name.startswith(".") for name in left)
    assert len(left) == 1
    converted = convert(source, cache)
    assert (converted.path / "config.json").is_file()
    visible = [p for p in (cache / "converted").iterdir() if not p.name.endswith(".lock")]
    assert visible == [converted.path], "the killed one's leftovers are gone"
