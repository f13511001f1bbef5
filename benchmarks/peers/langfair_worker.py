"""LangFair's stereotype metrics on given answers: ``langfair_worker.py TEXTS.json OUT.json``.

Runs in LangFair's own environment. Its third stereotype metric and its toxicity metrics want
classifiers from a hub and are left out.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

from langfair.metrics.stereotype import StereotypeMetrics


def main(texts: str, out: str) -> None:
    responses = json.loads(Path(texts).read_text(encoding="utf-8"))
    metrics = StereotypeMetrics(metrics=["Stereotype Association", "Cooccurrence Bias"])
    begun = time.perf_counter()
    found = metrics.evaluate(responses=responses, show_progress_bars=False)["metrics"]
    result = {
        "version": version("langfair"),
        "seconds": time.perf_counter() - begun,
        "answers": len(responses),
        "metrics": {name: None if v is None else float(v) for name, v in found.items()},
    }
    Path(out).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
