"""The training worker on a tiny model: it learns, resumes bit-equal after kill −9, and refuses."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem
from remediate.dpo.train import newest_checkpoint
from tests.remediate import training_cases as cases

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.core.tiny_models import save_model

    return save_model(tmp_path_factory.mktemp("models") / "tiny", max_position_embeddings=1024)


@pytest.fixture(scope="module")
def trained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that nobody disturbed."""
    folder = tmp_path_factory.mktemp("trained")
    process = cases.start(cases.prepare(folder, tiny), folder / "log")
    assert process.wait(300) == 0, (folder / "log").read_text()[-2000:]
    return folder


def test_it_learns_and_keeps_the_best_checkpoint(trained: Path) -> None:
    found = json.loads((trained / "training.json").read_text())
    bias = {row["step"]: row["eval_bias"] for row in found["history"] if "eval_bias" in row}
    assert found["steps"] == 6
    assert set(bias) == {0, 2, 4, 6}
    assert found["best_bias"] == min(bias.values())
    assert found["best_bias"] < bias[0]
    best = trained / "checkpoints" / f"checkpoint-{found['best_step']}"
    kept = (best / "adapter_model.safetensors").read_bytes()
    assert cases.adapter_bytes(trained) == kept


@pytest.mark.parametrize("moment", ["checkpoint-2/trainer_state.json", "checkpoint-4", "early"])
def test_kill_9_resumes_to_the_same_weights(
    moment: str, trained: Path, tiny: Path, tmp_path: Path
) -> None:
    """After a whole checkpoint, in the middle of writing one, and before any."""
    shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns(
        "checkpoints", "adapter", "training.json", "log"))  # fmt: skip
    folder = tmp_path / "run"
    settings = json.loads((folder / "settings.json").read_text()) | {"out": str(folder)}
    (folder / "settings.json").write_text(json.dumps(settings))
    process = cases.start(folder / "settings.json", folder / "log")
    awaited = folder / "checkpoints" / ("" if moment == "early" else moment)
    cases.wait_for(awaited, process)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert not (folder / "adapter").exists(), "the kill came too late to test anything"
    again = cases.start(folder / "settings.json", folder / "log")
    assert again.wait(300) == 0, (folder / "log").read_text()[-2000:]
    assert cases.adapter_bytes(folder) == cases.adapter_bytes(trained)
    assert cases.history(folder, "eval_bias") == cases.history(trained, "eval_bias")


def test_half_written_checkpoints_are_removed(tmp_path: Path) -> None:
    whole, torn, empty = (tmp_path / f"checkpoint-{n}" for n in (2, 4, 6))
    for folder in (whole, torn, empty):
        folder.mkdir()
    (whole / "trainer_state.json").write_text("{}")
    (torn / "trainer_state.json").write_text('{"log')
    assert newest_checkpoint(tmp_path) == whole
    assert not torn.exists()
    assert not empty.exists()
    assert newest_checkpoint(tmp_path / "none") is None


def test_a_loss_that_is_no_number_names_step_and_pairs(tiny: Path, tmp_path: Path) -> None:
    import numpy as np

    settings = cases.prepare(tmp_path, tiny)
    logps = np.load(tmp_path / "reference.npz")["logps"]
    logps[0] = np.nan
    np.savez(tmp_path / "reference.npz", logps=logps)
    process = cases.start(settings, tmp_path / "log")
    assert process.wait(300) != 0
    first = json.loads((tmp_path / "pairs.jsonl").read_text().splitlines()[0])["id"]
    text = (tmp_path / "log").read_text()
    assert "not a number at step 1" in text
    assert first in text


def test_pairs_too_long_are_refused_not_cut(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="--max-length 20"):
        cases.prepare(tmp_path, tiny, max_length=20)


@pytest.mark.parametrize("options", [{"tuner": "dora"}, {"tuner": "rslora"}, {"tuner": "lora+"}])
def test_other_tuners_train(options: dict[str, Any], tiny: Path, tmp_path: Path) -> None:
    settings = cases.prepare(tmp_path, tiny, steps=4, **options)
    process = cases.start(settings, tmp_path / "log")
    assert process.wait(300) == 0, (tmp_path / "log").read_text()[-2000:]
    bias = cases.history(tmp_path, "eval_bias")
    assert min(bias[1:]) < bias[0]
