"""Two processes train as one does, in every mode, and leave an adapter that anyone can load.

Marked ``parallel``: `make test-parallel`. DeepSpeed's CPU operation is compiled at the first run.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.parallel.launch import launch
from core.parallel.modes import Mode, ParallelConfig
from tests.core.tiny_models import save_model

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.parallel


def train(folder: Path, base: Path, config: ParallelConfig, *more: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    settings = config.write(folder / "parallel.json")
    launch(
        "tests.core.parallel.tiny_training",
        [str(settings), str(base), str(folder), *more],
        config,
        log_dir=folder / "logs",
        env={"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"},
        on_line=lambda _: None,
    )
    found: dict[str, Any] = json.loads((folder / "found-0.json").read_text())
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    """A folder with what one process does."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    train(folder, base, ParallelConfig(threads=1))
    return folder


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def adapter(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(folder / "adapter" / "adapter_model.safetensors")
    return tensors


def assert_same(found: dict[str, Any], expected: dict[str, Any], *, within: float) -> None:
    shapes = [{name: tuple(t.shape) for name, t in each.items()} for each in (found, expected)]
    assert shapes[0] == shapes[1]
    for name, tensor in expected.items():
        assert (found[name] - tensor).abs().max() < within, name


@pytest.mark.parametrize(
    "config",
    [
        ParallelConfig(mode=Mode.DDP, nproc=2),
        ParallelConfig(mode=Mode.ZERO2, nproc=2),
        ParallelConfig(mode=Mode.ZERO2, nproc=2, offload=True),
        ParallelConfig(mode=Mode.ZERO3, nproc=2),
        ParallelConfig(mode=Mode.ZERO3, nproc=2, offload=True),
        ParallelConfig(mode=Mode.ZERO3, nproc=1),
        ParallelConfig(mode=Mode.FSDP, nproc=2),
        ParallelConfig(mode=Mode.FSDP, nproc=1),
    ],
    ids=lambda c: f"{c.mode}{'-offload' if c.offload else ''}-{c.nproc}",
)
def test_every_mode_trains_what_one_process_trains(
    tmp_path: Path, base: Path, alone: Path, config: ParallelConfig
) -> None:
    if config.mode.deepspeed:
        pytest.importorskip("deepspeed")
    expected = json.loads((alone / "found-0.json").read_text())
    found = train(tmp_path / "run", base, config)
    assert len(expected["losses"]) == 2
    assert expected["losses"][0] != pytest.approx(expected["losses"][1], abs=1e-3)
    assert found["losses"] == pytest.approx(expected["losses"], abs=2e-4)

    saved = adapter(tmp_path / "run")
    assert_same(saved, adapter(alone), within=1e-3)
    assert any(tensor.abs().max() > 5e-3 for name, tensor in saved.items() if "lora_B" in name)

    share = found["elements_here"] / expected["elements_here"]
    if config.mode.sharded and config.nproc == 2:
        # Norms (and under ZeRO-3 whatever is small) may stay whole.
        assert share < 0.75
    else:
        assert share == 1


@pytest.mark.parametrize("mode", list(Mode))
def test_a_checkpoint_goes_on_to_the_same_adapter(tmp_path: Path, base: Path, mode: Mode) -> None:
    if mode.deepspeed:
        pytest.importorskip("deepspeed")
    config = ParallelConfig(mode=mode, nproc=1 if mode is Mode.NONE else 2, threads=1)
    run = tmp_path / "run"
    assert train(run, base, config)["steps_here"] == 2
    whole = adapter(run)
    # What could be taken for a result of the second run.
    shutil.rmtree(run / "adapter")
    shutil.rmtree(run / "checkpoint-2")
    resumed = train(run, base, config, str(run / "checkpoint-1"))
    assert resumed["steps_here"] == 1
    # The optimiser's moments are restored too, or the second step would go elsewhere.
    assert_same(adapter(run), whole, within=1e-5)


def test_qlora_trains_the_same_in_every_mode(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bitsandbytes")
    pytest.importorskip("deepspeed")
    monkeypatch.setenv("TINY_QUANTISED", "1")
    alone = train(tmp_path / "alone", base, ParallelConfig(threads=1))
    whole = alone["elements_here"]
    share = {}
    for mode in (Mode.DDP, Mode.ZERO2, Mode.ZERO3, Mode.FSDP):
        found = train(tmp_path / mode, base, ParallelConfig(mode=mode, nproc=2, threads=1))
        assert found["losses"] == pytest.approx(alone["losses"], abs=2e-4), mode
        assert_same(adapter(tmp_path / mode), adapter(tmp_path / "alone"), within=1e-3)
        share[mode] = found["elements_here"] / whole
    # What core.parallel.memory assumes: ZeRO-3 divides packed weights, FSDP does not.
    assert share[Mode.DDP] == share[Mode.ZERO2] == 1
    assert share[Mode.ZERO3] < 0.6
    assert 0.6 < share[Mode.FSDP] < 1
