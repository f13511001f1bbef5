from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageProblem
from core.parallel.modes import Mode, ParallelConfig


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"nproc": 2}, "--parallel ddp"),
        ({"nnodes": 2, "master": "a:1"}, "--nnodes 2 needs a way"),
        ({"nproc": 0}, "--nproc is 0"),
        ({"threads": 0}, "--threads is 0"),
        ({"mode": "zero1"}, "--parallel zero1 is not known"),
        ({"mode": Mode.DDP, "offload": True}, "--offload does nothing with --parallel ddp"),
        ({"offload": True}, "--offload does nothing with --parallel none"),
        ({"mode": Mode.FSDP, "deepspeed_config": Path("x")}, "--deepspeed-config is not read"),
        ({"mode": Mode.ZERO2, "deepspeed_config": Path("x"), "offload": True}, "--offload has no"),
        ({"mode": Mode.DDP, "node_rank": 1}, "--node-rank is for several machines"),
        ({"mode": Mode.DDP, "master": "a:1"}, "--master is for several machines"),
        ({"mode": Mode.DDP, "nnodes": 2}, "--master HOST:PORT"),
        ({"mode": Mode.DDP, "nnodes": 2, "master": "host"}, "not 'host'"),
        ({"mode": Mode.DDP, "nnodes": 2, "master": "host:70000"}, "not 'host:70000'"),
        ({"mode": Mode.DDP, "nnodes": 2, "master": "a:1", "node_rank": 2}, "--node-rank 2 is too"),
    ],
)
def test_what_does_not_go_together_names_the_flag(fields: dict[str, Any], flag: str) -> None:
    with pytest.raises(UsageProblem, match=flag):
        ParallelConfig(**fields)


@pytest.mark.parametrize("mode", [Mode.DDP, Mode.ZERO2, Mode.ZERO3, Mode.FSDP])
def test_one_process_is_allowed_in_every_mode(mode: Mode) -> None:
    assert ParallelConfig(mode=mode).distributed
    assert ParallelConfig(mode=mode).world_size == 1


def test_a_mode_by_its_name() -> None:
    config = ParallelConfig(mode="zero3", nproc=2)  # type: ignore[arg-type]
    assert config.mode is Mode.ZERO3
    assert config.mode.deepspeed
    assert config.mode.sharded


@pytest.mark.parametrize(
    "config",
    [
        ParallelConfig(),
        ParallelConfig(mode=Mode.FSDP, nproc=2, offload=True, threads=1),
        ParallelConfig(
            mode=Mode.ZERO2, nnodes=2, node_rank=1, master="[::1]:29500",
            deepspeed_config=Path("/a/b.json"),
        ),
    ],
)  # fmt: skip
def test_it_survives_the_file(tmp_path: Path, config: ParallelConfig) -> None:
    assert ParallelConfig.read(config.write(tmp_path / "parallel.json")) == config


def test_the_users_file_is_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = ParallelConfig(mode=Mode.ZERO2, deepspeed_config=Path("own.json"))
    read = ParallelConfig.read(config.write(tmp_path / "parallel.json"))
    assert read.deepspeed_config == tmp_path / "own.json"


def test_torchrun_understands_the_flags() -> None:
    from torch.distributed.run import parse_args

    one = parse_args([*ParallelConfig(mode=Mode.DDP, nproc=3).torchrun_args, "-m", "w"])
    assert (one.nproc_per_node, one.standalone, one.local_addr) == ("3", True, "127.0.0.1")
    config = ParallelConfig(mode=Mode.DDP, nproc=4, nnodes=2, node_rank=1, master="[::1]:29501")
    two = parse_args([*config.torchrun_args, "-m", "w", "--flag", "of-the-worker"])
    assert (two.nnodes, two.node_rank, two.max_restarts) == ("2", 1, 0)
    assert (two.master_addr, two.master_port) == ("[::1]", 29501)
    assert two.training_script_args == ["--flag", "of-the-worker"]
