"""A sweep on a tiny model, from the command line's own words, its pairs made up beforehand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REMEDIATE = Path(sys.executable).with_name("remediate")
GRID = """\
grid:
  - {name: long, steps: 6, learning_rate: 0.01, evaluate_every: 2}
  - {name: broken, steps: 4, learning_rate: 1.0e+30, evaluate_every: 2}
  - {name: short-ipo, loss: ipo, steps: 4, learning_rate: 0.01, evaluate_every: 2}
"""
CELLS = ("long", "broken", "short-ipo")


def words(model: Path, out: Path, *more: str) -> list[str]:
    """What stands after ``remediate run``; the grid lies beside the repair's folder."""
    grid = out.parent / "grid.yaml"
    grid.write_text(GRID, encoding="utf-8")
    return [
        str(model), "--out", str(out), "--backend", "transformers", "--suite", "occupations",
        "--limit", "8", "--batch", "4", "--rank", "4", "--max-length", "600", "--sweep", str(grid),
        *more,
    ]  # fmt: skip


def prepare(model: Path, out: Path) -> Any:
    """The repair of :func:`words` with its data step done: more pairs than any cell trains on."""
    from audit.manifest import write_json
    from remediate.cli import _repair, cli
    from remediate.counterfactual_data import build
    from remediate.counterfactual_data.card import data_card
    from remediate.counterfactual_data.pairs import write_pairs
    from tests.remediate.counterfactual_data.made_pairs import answers

    out.parent.mkdir(parents=True, exist_ok=True)
    options = cli.commands["run"].make_context("run", words(model, out)).params
    repair = _repair(options, sweep=options["sweep"])
    wanted = build.DataOptions(n_train=160, n_validation=16)
    splits = repair.splits
    pairs = build.build_pairs(splits, wanted, answers(build.requests(splits, wanted)))
    with repair.step("data", "made up"):
        write_pairs(out / "pairs.jsonl", pairs)
        write_json(out / "data_card.json", data_card(pairs, splits, {}))
    return repair


def run(model: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The real command line to its end."""
    return subprocess.run(
        [str(REMEDIATE), "run", *words(model, out, *more)],
        env=environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def stop(model: Path, out: Path, awaited: Path, how: signal.Signals, *more: str) -> int:
    """Start it, send it ``how`` once ``awaited`` is there; its exit code."""
    process = subprocess.Popen(
        [str(REMEDIATE), "run", *words(model, out, *more)], env=environment(),
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    begun = time.monotonic()
    while not awaited.exists() and process.poll() is None:
        assert time.monotonic() - begun < 300, f"{awaited} did not appear"
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be stopped"
    if how is signal.SIGKILL:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    return process.wait(120)


def environment() -> dict[str, str]:
    return os.environ | {
        "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1",
        "COLUMNS": "200",
    }  # fmt: skip


def adapter(out: Path, cell: str) -> bytes:
    return (out / "sweep" / cell / "adapter" / "adapter_model.safetensors").read_bytes()
