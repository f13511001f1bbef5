"""A probe of GenderBench, in two steps around any engine, in its own environment.

    python genderbench_worker.py prompts PROBE ITEMS OUT.json
    python genderbench_worker.py marks ANSWERED.json OUT.json

The first writes ``{version, all, probe, items, of, prompts: […]}``: ``items`` are drawn by
GenderBench's own seeded ``sample_k`` from the ``of`` that the probe has, and ``all`` names every
probe of the package. Whoever has a model adds ``answers``; the second reads them by GenderBench's
own evaluator and gives its metrics and marks.
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
from genderbench.probes.hiring_an import hiring_an_metric_calculator
from genderbench.resources.hiring_bloomberg.bloomberg_names import names_to_demo

if sys.version_info < (3, 12):
    # This file of GenderBench calls locals() inside a comprehension and expects the variables of
    # the function around it, which Python gives since 3.12: older ones fail with a KeyError.
    hiring_an_metric_calculator.locals = lambda: sys._getframe(2).f_locals


class Given(Generator):
    """Answers that were made elsewhere, in the order of the prompts."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    def generate(self, texts: list[str]) -> list[str]:
        if len(texts) != len(self._answers):
            raise ValueError(f"{len(self._answers)} answers for {len(texts)} prompts")
        return self._answers


def made(name: str, items: int | None) -> Any:
    probe = getattr(probes, name)(log_strategy="no", sample_k=items)
    probe.create_probe_items()
    return probe


def whole(name: str) -> int:
    """The items of a probe that is not sampled from."""
    # Two probes combine texts with names. All combinations of the second would fill the memory of
    # a large machine: they are counted instead of made.
    if name == "HiringAnProbe":
        return int(probes.HiringAnProbe(log_strategy="no").max_sample_count)
    if name == "RelationshipLevyProbe":
        texts = probes.RelationshipLevyProbe(log_strategy="no").prepare_scenarios()
        genders = [gender for gender, _ in names_to_demo.values()]
        return len(texts) * genders.count("male") * genders.count("female")
    return len(made(name, None).probe_items)


def prompts(name: str, items: str, out: str) -> None:
    found = {
        "version": version("genderbench"),
        "all": list(probes.__all__),
        "probe": name,
        "items": int(items),
        "of": whole(name),
        "prompts": [a.prompt.text for a in made(name, int(items)).attempts],
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def marks(answered: str, out: str) -> None:
    asked = json.loads(Path(answered).read_text(encoding="utf-8"))
    probe = made(asked["probe"], asked["items"])
    probe.generate(Given(asked["answers"]))
    probe.evaluate()
    probe.calculate_metrics()
    found = {name: asked[name] for name in ("version", "all", "probe", "items", "of")} | {
        "answers": len(asked["answers"]),
        # Counted here: one probe keeps no such metric, and where it is kept it is an interval.
        "unread": sum(bool(a.evaluation_undetected) for a in probe.attempts),
        "metrics": {k: [_number(x) for x in v] for k, v in probe.metrics.items()},
        "marks": {k: _mark(v["mark_value"]) for k, v in probe.marks.items()},
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _number(value: float) -> float | None:
    return float(value) if value == value else None


def _mark(value: float) -> str | None:
    # A mark that cannot be given is not a number there.
    return "ABCD"[int(value)] if value == value else None


if __name__ == "__main__":
    {"prompts": prompts, "marks": marks}[sys.argv[1]](*sys.argv[2:])
