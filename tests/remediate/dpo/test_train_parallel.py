"""The same training by two processes in every mode: the loss curve of one, a whole adapter."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file

from core.parallel.launch import launch
from core.parallel.modes import Mode, ParallelConfig
from tests.remediate import training_cases as cases

pytestmark = [pytest.mark.parallel, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.core.tiny_models import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny", max_position_embeddings=1024)


def train(folder: Path, model: Path, mode: Mode, nproc: int) -> Path:
    parallel = {"mode": mode, "nproc": nproc}
    settings = cases.prepare(folder, model, parallel=parallel, micro_batch=2)
    config = ParallelConfig(mode=mode, nproc=nproc, threads=1)
    launch("remediate.dpo.train", [str(settings)], config, log_dir=folder / "logs")
    return folder


@pytest.fixture(scope="module")
def alone(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("alone"), tiny, Mode.NONE, 1)


@pytest.mark.parametrize("mode", [Mode.DDP, Mode.ZERO2, Mode.ZERO3, Mode.FSDP])
def test_two_processes_train_what_one_does(
    mode: Mode, tiny: Path, alone: Path, tmp_path: Path
) -> None:
    folder = train(tmp_path, tiny, mode, 2)
    assert cases.history(folder, "eval_bias") == pytest.approx(
        cases.history(alone, "eval_bias"), rel=2e-2
    )
    saved, single = (
        load_file(path / "adapter" / "adapter_model.safetensors") for path in (folder, alone)
    )
    assert {name: t.shape for name, t in saved.items()} == {
        name: t.shape for name, t in single.items()
    }
    assert all(bool((t != 0).any()) for name, t in saved.items() if "lora_B" in name)
