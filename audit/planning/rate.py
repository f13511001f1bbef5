"""How long requests take: told, taken from a run, or timed on a few of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from audit.planning.counts import ProbeCounts
from audit.schema import Item
from core.errors import UsageProblem

#: Questions of either kind that a timing asks. A batch must be full, or it says too little.
TIMED = 48


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second by route, seconds to load the model, and where that is known from."""

    scored: float
    sampled: float
    load: float
    source: str

    def seconds(self, counts: Sequence[ProbeCounts]) -> float:
        """Of a whole run."""
        by_route = {"likelihood": self.scored, "sampled": self.sampled}
        return self.load + sum(row.requests / by_route[row.route] for row in counts)


def told(rate: float) -> Rate:
    """The user's own figure, requests a second of any kind."""
    if not 0 < rate < float("inf"):
        raise UsageProblem(f"--rate is {rate}. It is requests a second, above 0.")
    return Rate(rate, rate, 0.0, "--rate")


def of_run(folder: Path) -> Rate | None:
    """The mean rate of a finished run; None for one that was resumed or of no length."""
    from audit.manifest import read_json

    manifest = read_json(folder / "run.json")
    timings: dict[str, Any] = manifest.get("timings") or {}
    asked, seconds = manifest.get("n_requests"), timings.get("ask_s")
    if not asked or not seconds or _resumed(manifest, timings):
        return None
    mean = asked / seconds
    return Rate(mean, mean, float(timings.get("load_s") or 0.0), str(folder))


def _resumed(manifest: dict[str, Any], timings: dict[str, Any]) -> bool:
    """Timings are of the last session alone: a run that took much longer had others."""
    begun, ended = (datetime.fromisoformat(manifest[key]) for key in ("started", "finished"))
    known = sum(float(timings.get(key) or 0.0) for key in ("load_s", "ask_s"))
    return (ended - begun).total_seconds() > 1.5 * known + 60


def timed(model: str, items: Sequence[Item], *, backend: str, seed: int) -> Rate:
    """Load the model and ask it :data:`TIMED` evenly drawn questions of either route."""
    from audit.requests import build_requests
    from core.models.load import load_backend
    from core.models.resolve import resolve

    begun = time.perf_counter()
    engine = load_backend(resolve(model), backend=backend)
    load = time.perf_counter() - begun
    try:
        requests = build_requests(items, seed)
        scorable = requests.score if engine.capabilities.score else []
        scored = _per_second(_some(scorable), engine.score)
        sampled = _per_second(_some(requests.generate), engine.generate)
    finally:
        engine.close()
    return Rate(scored, sampled, load, f"{TIMED} questions of either kind put to {model}")


def _some(requests: Sequence[Any]) -> list[Any]:
    return list(requests[:: max(1, len(requests) // TIMED)][:TIMED])


def _per_second(requests: list[Any], ask: Any) -> float:
    """inf where there is nothing to ask. The first few warm the engine up and are not timed."""
    if not requests:
        return float("inf")
    warm, rest = requests[:4], requests[4:] or requests
    for _ in ask(warm):
        continue
    begun = time.perf_counter()
    for _ in ask(rest):
        continue
    return len(rest) / (time.perf_counter() - begun)
