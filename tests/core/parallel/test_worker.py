from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.parallel import environment, worker
from core.parallel.environment import check_machine, worker_environment
from core.parallel.modes import Mode, ParallelConfig
from core.parallel.worker import prepare, training_arguments


def set_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(worker, "gpu_count", lambda: count)


def test_arguments_on_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    set_gpus(monkeypatch, 0)
    assert training_arguments(ParallelConfig()) == {"use_cpu": True}
    assert training_arguments(ParallelConfig(), dtype="float32")["bf16"] is False
    ddp = training_arguments(ParallelConfig(mode=Mode.DDP, nproc=2))
    assert (ddp["use_cpu"], ddp["ddp_backend"]) == (True, "gloo")
    assert ddp["ddp_find_unused_parameters"] is False
    zero = training_arguments(ParallelConfig(mode=Mode.ZERO3, nproc=2, offload=True))
    assert zero["deepspeed"]["zero_optimization"]["offload_param"] == {
        "device": "cpu",
        "pin_memory": False,
    }
    fsdp = training_arguments(ParallelConfig(mode=Mode.FSDP, nproc=2, offload=True))
    assert fsdp["fsdp"] is True
    assert fsdp["fsdp_config"]["cpu_offload"] is True


def test_arguments_on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    set_gpus(monkeypatch, 2)
    assert training_arguments(ParallelConfig()) == {}
    assert training_arguments(ParallelConfig(), dtype="bfloat16") == {"bf16": True}
    config = ParallelConfig(mode=Mode.FSDP, nproc=2)
    assert training_arguments(config)["ddp_backend"] == "nccl"
    config = ParallelConfig(mode=Mode.FSDP, nproc=2, offload=True)
    assert training_arguments(config)["ddp_backend"] == "cuda:nccl,cpu:gloo"
    zero = training_arguments(ParallelConfig(mode=Mode.ZERO2, nproc=2, offload=True))
    assert zero["deepspeed"]["zero_optimization"]["offload_optimizer"]["pin_memory"] is True


def test_each_call_gives_dictionaries_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    set_gpus(monkeypatch, 0)
    config = ParallelConfig(mode=Mode.FSDP)
    training_arguments(config)["fsdp_config"].clear()
    assert training_arguments(config)["fsdp_config"]


def test_a_worker_that_torchrun_did_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    path = ParallelConfig(mode=Mode.DDP, nproc=2).write(tmp_path / "parallel.json")
    with pytest.raises(UsageProblem, match="torchrun"):
        prepare(path)
    assert prepare(ParallelConfig()).mode is Mode.NONE


@pytest.mark.parametrize(("before", "after"), [(None, "0"), ("3,5", "3")])
def test_a_lone_process_sees_one_gpu(
    monkeypatch: pytest.MonkeyPatch, before: str | None, after: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before or "")
    set_gpus(monkeypatch, 2)
    prepare(ParallelConfig())
    assert os.environ["CUDA_VISIBLE_DEVICES"] == after


def test_a_group_this_process_belongs_to_is_not_inherited() -> None:
    outer = {"RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "a", "KEPT": "x"}
    seen = worker_environment(ParallelConfig(), gpus=0, base=outer)
    assert seen["KEPT"] == "x"
    assert not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} & set(seen)


def test_threads_are_shared_and_the_users_settings_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "processors", lambda: 8)
    two = ParallelConfig(mode=Mode.DDP, nproc=2)
    seen = worker_environment(two, gpus=0, base={"PATH": "/x", "GLOO_SOCKET_IFNAME": "eth7"})
    assert seen["OMP_NUM_THREADS"] == "4"
    assert seen["GLOO_SOCKET_IFNAME"] == "eth7"
    assert seen["DS_ACCELERATOR"] == "cpu"
    assert seen["PATH"].endswith(":/x")
    many = ParallelConfig(mode=Mode.DDP, nproc=16)
    assert worker_environment(many, gpus=0, base={})["OMP_NUM_THREADS"] == "1"
    own = ParallelConfig(threads=3)
    assert worker_environment(own, gpus=0, base={})["OMP_NUM_THREADS"] == "3"
    assert "DS_ACCELERATOR" not in worker_environment(own, gpus=1, base={})


def test_what_the_machine_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageProblem, match="Use --nproc 2"):
        check_machine(ParallelConfig(mode=Mode.DDP, nproc=3), gpus=2)
    check_machine(ParallelConfig(mode=Mode.DDP, nproc=3), gpus=0)
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentProblem, match="pip install deepspeed"):
        check_machine(ParallelConfig(mode=Mode.ZERO2), gpus=0)
    check_machine(ParallelConfig(mode=Mode.FSDP), gpus=0)
