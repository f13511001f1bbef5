"""A training folder without a pipeline before it: a tiny model, made-up pairs, their reference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]


def prepare(
    folder: Path, model: Path, *, parallel: dict[str, Any] | None = None, **training: Any
) -> Path:
    """Write everything ``python -m remediate.dpo.train`` wants; returns its settings file."""
    from transformers import AutoTokenizer
    from trl.trainer.utils import add_fused_lm_head

    from core.models.causal_lm import load_model
    from core.models.chat import ChatRenderer
    from core.parallel.modes import Mode, ParallelConfig
    from remediate.counterfactual_data import build
    from remediate.counterfactual_data.pairs import write_pairs
    from remediate.counterfactual_data.splits import split_occupations
    from remediate.dpo.collate import SharedPrefixCollator
    from remediate.dpo.config import TrainingConfig
    from remediate.dpo.encode import encode
    from remediate.dpo.reference import reference_logps
    from tests.remediate.counterfactual_data.made_pairs import answers

    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "steps": 6, "batch": 4, "micro_batch": 4, "evaluate_every": 2, "rank": 4, "alpha": 8,
        "max_length": 600, "learning_rate": 0.01,
    }  # fmt: skip
    config = TrainingConfig(**(given | training))
    splits = split_occupations(0)
    options = build.DataOptions(n_train=config.steps * config.batch, n_validation=16)
    pairs = build.build_pairs(splits, options, answers(build.requests(splits, options)))
    write_pairs(folder / "pairs.jsonl", pairs)
    tokenizer = AutoTokenizer.from_pretrained(model)
    encoded = encode(pairs, ChatRenderer(tokenizer), config)
    loaded = load_model(model, dtype="float32", device="cpu")
    add_fused_lm_head(loaded)
    logps = reference_logps(loaded, encoded, SharedPrefixCollator(tokenizer.pad_token_id))
    np.savez(folder / "reference.npz", logps=logps)
    mode = ParallelConfig(**{"threads": 1, **(parallel or {"mode": Mode.NONE})})
    settings = {
        "model": str(model),
        "pairs": str(folder / "pairs.jsonl"),
        "reference": str(folder / "reference.npz"),
        "shared_prefix": True,
        "out": str(folder),
        "training": config.to_json(),
        "parallel": str(mode.write(folder / "parallel.json")),
        "chat_template": None,
        "chat_name": "",
    }
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    return path


def start(settings: Path, log: Path) -> subprocess.Popen[bytes]:
    """The worker in a process of its own; its output goes to ``log``."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "remediate.dpo.train", str(settings)],
            cwd=ROOT, env=environment, stdout=file, stderr=file,
        )  # fmt: skip


def wait_for(path: Path, process: subprocess.Popen[bytes], limit: float = 240.0) -> None:
    """Until ``path`` is there or the process is over; fails after ``limit`` seconds."""
    begun = time.monotonic()
    while not path.exists() and process.poll() is None:
        assert time.monotonic() - begun < limit, f"{path} did not appear"
        time.sleep(0.01)


def adapter_bytes(folder: Path) -> bytes:
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes()


def history(folder: Path, name: str) -> list[float]:
    """A column of the training's log, in order of steps."""
    rows = json.loads((folder / "training.json").read_text())["history"]
    return [row[name] for row in rows if name in row]
