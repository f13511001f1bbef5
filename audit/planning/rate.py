"""How long requests take: told, taken from a run, or timed on a few of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.planning.counts import ProbeCounts
from audit.schema import Item
from core.errors import UsageProblem
from core.models.resolve import SERVER_PREFIX

if TYPE_CHECKING:
    from core.models.base import Backend

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


def rate_and_scores(
    model: str | None,
    items: Sequence[Item],
    *,
    backend: str,
    seed: int,
    like: Path | None,
    rate: float | None,
) -> tuple[Rate | None, bool]:
    """The rate, None where nothing tells it, and whether the model gives log-probabilities.

    A server may give none, and then is asked no likelihoods: one that is named is looked up even
    where ``rate`` is told. Checkpoints always do.
    """
    own = None if rate is None else told(rate)
    if model is None:
        return (own, True) if like is None else (own or of_run(like), _scored(like))
    if own is not None and not model.startswith(SERVER_PREFIX):
        return own, True
    return _from_model(model, items, backend=backend, seed=seed, told=own)


def told(rate: float) -> Rate:
    """The user's own figure, requests a second of any kind."""
    if not 0 < rate < float("inf"):
        raise UsageProblem(f"--rate is {rate}. It is requests a second, above 0.")
    return Rate(rate, rate, 0.0, "--rate")


def of_run(folder: Path) -> Rate | None:
    """The mean rate of a finished run; None for one that was resumed or of no length."""
    import pyarrow.parquet as pq

    from audit.manifest import read_json

    manifest = read_json(folder / "run.json")
    timings: dict[str, Any] = manifest.get("timings") or {}
    # Not n_requests: a server without log-probabilities is not asked all of them.
    answered = pq.read_metadata(folder / "responses.parquet").num_rows
    seconds = timings.get("ask_s")
    if not answered or not seconds or _resumed(manifest, timings):
        return None
    mean = answered / seconds
    return Rate(mean, mean, float(timings.get("load_s") or 0.0), str(folder))


def _resumed(manifest: dict[str, Any], timings: dict[str, Any]) -> bool:
    """Timings are of the last session alone: a run that took much longer had others."""
    begun, ended = (datetime.fromisoformat(manifest[key]) for key in ("started", "finished"))
    known = sum(float(timings.get(key) or 0.0) for key in ("load_s", "ask_s"))
    return (ended - begun).total_seconds() > 1.5 * known + 60


def _scored(folder: Path) -> bool:
    """Whether a run's model gave log-probabilities."""
    from audit.manifest import read_json

    backend: dict[str, Any] = read_json(folder / "run.json").get("backend") or {}
    return bool(backend.get("scores", True))


def _from_model(
    model: str, items: Sequence[Item], *, backend: str, seed: int, told: Rate | None
) -> tuple[Rate, bool]:
    """Load the model and, unless a rate was ``told``, time it."""
    from core.models.load import load_backend
    from core.models.resolve import resolve

    begun = time.perf_counter()
    engine = load_backend(resolve(model), backend=backend)
    load = time.perf_counter() - begun
    try:
        scores = engine.capabilities.score
        return told or _timed(engine, items, scores, seed=seed, load=load, name=model), scores
    finally:
        engine.close()


def _timed(
    engine: Backend, items: Sequence[Item], scores: bool, *, seed: int, load: float, name: str
) -> Rate:
    """By :data:`TIMED` evenly drawn questions of either route."""
    from audit.requests import build_requests

    requests = build_requests(items, seed)
    scored = _per_second(_some(requests.score if scores else []), engine.score)
    sampled = _per_second(_some(requests.generate), engine.generate)
    return Rate(scored, sampled, load, f"{TIMED} questions of either kind put to {name}")


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
