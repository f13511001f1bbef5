"""Time and peak memory of the two-way bootstrap against the number of answers.

    python -m benchmarks.statistics_engine --out statistics.json

Two series: the same 100 occupations x 36 templates asked more often, and occupations growing with
the answers (one per 100). The baseline draws rows and columns for one resample at a time and
weights every single answer, in numpy; it runs few resamples and is compared per resample, in the
same process. Peak memory is what the call allocates beyond its input, by tracemalloc.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from audit.metrics.significance import (
    BootstrapResult,
    cells_from_rows,
    pigeonhole_bootstrap,
    two_way_contrast,
)

TEMPLATES = 36


@dataclass(frozen=True)
class Answers:
    """n answers: codes of occupation and template (n,), value 0..1 (n,), group of each row (R,)."""

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    values: NDArray[np.float64]
    first: NDArray[np.bool_]


@dataclass(frozen=True)
class Measurement:
    """Seconds, MiB and ratios of one size; ``speedup`` is per resample against the baseline."""

    series: str
    answers: int
    occupations: int
    resamples: int
    seconds: float
    peak_mib: float
    baseline_ms_per_resample: float
    speedup: float


def simulate(n: int, occupations: int, seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    first = np.arange(occupations) % 2 == 0
    rows = rng.integers(0, occupations, n)
    cols = rng.integers(0, TEMPLATES, n)
    share = np.clip(0.4 + 0.2 * first[rows] + rng.normal(0, 0.1, occupations)[rows], 0, 1)
    return Answers(rows, cols, (rng.random(n) < share).astype(np.float64), first)


def engine(data: Answers, resamples: int) -> BootstrapResult:
    shape = (data.first.size, TEMPLATES)
    means, counts = cells_from_rows(data.rows, data.cols, data.values, shape=shape)
    statistic = two_way_contrast(means, data.first, ~data.first, counts)
    return pigeonhole_bootstrap(
        statistic, *shape, row_strata=data.first, n_resamples=resamples, seed=1
    )


def baseline(data: Answers, resamples: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    groups = [np.flatnonzero(data.first), np.flatnonzero(~data.first)]
    of_first = data.first[data.rows]
    out = np.empty(resamples)
    for b in range(resamples):
        drawn = np.concatenate([rng.choice(group, group.size) for group in groups])
        row_w = np.bincount(drawn, minlength=data.first.size)
        col_w = np.bincount(rng.integers(0, TEMPLATES, TEMPLATES), minlength=TEMPLATES)
        weight = row_w[data.rows] * col_w[data.cols]
        a, z = weight * of_first, weight * ~of_first
        out[b] = a @ data.values / a.sum() - z @ data.values / z.sum()
    return out


def timed(call: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def peak_mib(call: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def measure(series: str, n: int, occupations: int, resamples: int, naive: int) -> Measurement:
    data = simulate(n, occupations, seed=n)
    result = engine(data, resamples)  # also warms up
    spread = float(np.std(baseline(data, 200 if n <= 100_000 else naive), ddof=1))
    # Both must measure the same thing, or the ratio means nothing (few baseline resamples: wide).
    if not 0.6 < spread / float(np.std(result.distribution)) < 1.6:
        raise AssertionError(f"engine and baseline disagree on the spread at n={n}")
    seconds = timed(lambda: engine(data, resamples), repeats=2)
    slow = timed(lambda: baseline(data, naive), repeats=2) / naive
    return Measurement(
        series,
        n,
        occupations,
        resamples,
        round(seconds, 3),
        round(peak_mib(lambda: engine(data, resamples)), 1),
        round(1000 * slow, 3),
        round(slow / (seconds / resamples), 1),
    )


def table(rows: list[Measurement]) -> str:
    lines = [
        "| series | answers | occupations | seconds | time ratio | peak MiB | memory ratio "
        "| x faster than the loop |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    start: dict[str, Measurement] = {}
    for row in rows:
        one = start.setdefault(row.series, row)
        lines.append(
            f"| {row.series} | {row.answers:,} | {row.occupations:,} | {row.seconds:.2f} "
            f"| {row.seconds / one.seconds:.1f} | {row.peak_mib:.0f} "
            f"| {row.peak_mib / one.peak_mib:.1f} | {row.speedup:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="write the numbers as JSON to this file")
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--naive", type=int, default=50, help="resamples of the baseline loop")
    parser.add_argument("--max-answers", type=int, default=1_000_000)
    options = parser.parse_args()
    sizes = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= options.max_answers]
    rows = [
        measure(series, n, occupations(n), options.resamples, options.naive)
        for series, occupations in (
            ("same occupations", lambda n: 100),
            ("growing occupations", lambda n: max(n // 100, 10)),
        )
        for n in sizes
    ]
    print(f"Two-way bootstrap, {options.resamples:,} resamples, {TEMPLATES} templates\n")
    print(table(rows))
    if options.out:
        report = {
            "resamples": options.resamples,
            "templates": TEMPLATES,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "rows": [asdict(row) for row in rows],
        }
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
