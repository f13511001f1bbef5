"""A/A: does ``audit compare`` find a difference where there is none?

    python -m benchmarks.aa RUN RUN [RUN …] [--splits 20] [--json FILE]

The runs are of one model, the same suites and different sampling seeds. A split draws two different
runs for every question anew and calls their answers *before* and *after*: two audits of one and the
same model. Given the runs, splits are independent, so that p-values of tests that hold their level
are spread evenly over 0–1 (Kolmogorov–Smirnov test below), and ones that are cautious lie high. By
likelihood the model gives the same answer every time: there every change must be exactly 0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kstest

from audit.metrics import estimates
from audit.metrics.changes import MetricChange, Outcome, compare_measures
from audit.pairing import RunFolder, pair, read_run
from audit.probes.base import get_suite
from audit.schema import Route

CALLED = {Outcome.REDUCED, Outcome.INCREASED, Outcome.REVERSED, Outcome.CHANGED}
_ANSWER = ["response", "label", "finish_reason"]


def compare(suite: str, before: RunFolder, after: RunFolder, seed: int) -> list[MetricChange]:
    """As ``audit compare`` does: answers that one run lacks are taken from both."""
    both = pair(before, after, allow_subset=False).complete()
    was, now = (get_suite(suite).measures(frame, margins=None) for frame in both)
    return compare_measures(suite, was, now, seed=seed)


def one_route(run: RunFolder, suite: str, route: Route) -> RunFolder:
    answers = run.answers
    kept = (answers["suite"] == suite) & (answers["route"] == route)
    ordered = answers[kept].sort_values(["item", "sample"], ignore_index=True)
    return replace(run, answers=ordered)


def split(runs: Sequence[RunFolder], seed: int) -> tuple[RunFolder, RunFolder]:
    """Two audits, each question's two answers from two different runs."""
    rng = np.random.default_rng(seed)
    n = len(runs[0].answers)
    chosen = np.argsort(rng.random((n, len(runs))), axis=1)[:, :2]
    stacked = {
        column: np.stack([run.answers[column].to_numpy(dtype=object) for run in runs])
        for column in _ANSWER
    }
    halves = []
    for side in (0, 1):
        own = {name: values[chosen[:, side], np.arange(n)] for name, values in stacked.items()}
        halves.append(replace(runs[0], answers=runs[0].answers.assign(**own)))
    return halves[0], halves[1]


def aa(runs: Sequence[RunFolder], suite: str, splits: int) -> dict[str, Any]:
    """What was found of one suite, ready for JSON."""
    sampled = [one_route(run, suite, Route.SAMPLED) for run in runs]
    for other in sampled[1:]:
        pair(sampled[0], other, allow_subset=False)  # refuses runs that differ
    found = [compare(suite, *split(sampled, seed), seed) for seed in range(splits)]
    pairs = [compare(suite, a, b, 0) for a, b in combinations(sampled, 2)]
    scored = [one_route(run, suite, Route.LIKELIHOOD) for run in runs]
    same = [compare(suite, scored[0], other, 0) for other in scored[1:]]
    return {
        "model": runs[0].name,
        "suite": suite,
        "seeds": [run.manifest["seed"] for run in runs],
        "questions": len(sampled[0].answers),
        "splits": _summary(found),
        "pairs of runs": _summary(pairs),
        "largest change by likelihood": max(abs(c.change or 0.0) for one in same for c in one),
        "called by likelihood": sum(c.outcome in CALLED for one in same for c in one),
    }


def _summary(comparisons: Sequence[Sequence[MetricChange]]) -> dict[str, Any]:
    table = pd.DataFrame(
        [{"metric": c.metric, "p": c.p_value, "called": c.outcome in CALLED}
         for changes in comparisons for c in changes]
    )  # fmt: skip
    out: dict[str, Any] = {"n": len(comparisons), "metrics": {}}
    for metric, part in table.groupby("metric", sort=False):
        # None at all where no comparison has enough readable answers.
        p = part["p"].dropna().to_numpy(dtype=np.float64)
        out["metrics"][str(metric)] = {
            "p": [round(float(x), 4) for x in p],
            "smallest p": round(float(p.min()), 4) if p.size else None,
            "untested": len(comparisons) - len(p),
            "called": int(part["called"].sum()),
            "ks_p": _spread(p),
            # Only p-values that lie too low are a danger: those of a test that rejects too often.
            "ks_p_too_low": _spread(p, "greater"),
        }
    return out


def _spread(p: np.ndarray, alternative: str = "two-sided") -> float | None:
    """Kolmogorov and Smirnov's p of evenly spread ``p``; None where there is but one value."""
    spread = np.unique(p).size > 1
    return float(kstest(p, "uniform", alternative=alternative).pvalue) if spread else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aa")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    if len(chosen.runs) < 2:
        parser.error("name two runs or more")
    estimates.RESAMPLES = 499  # a t interval over two factors does not depend on them
    runs = [read_run(folder) for folder in chosen.runs]
    every = [aa(runs, suite, chosen.splits) for suite in sorted(set(runs[0].answers["suite"]))]
    for found in every:
        _show(found)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(every, indent=1) + "\n")


def _show(found: dict[str, Any]) -> None:
    for design in ("splits", "pairs of runs"):
        print(f"{found['suite']}, {found[design]['n']} {design}, by sampling:")
        for metric, row in found[design]["metrics"].items():
            print(
                f"  {metric:24s} called {row['called']}, smallest p {row['smallest p']}, "
                f"KS p {row['ks_p']} (too low: {row['ks_p_too_low']})"
            )
    print(
        f"by likelihood: largest change {found['largest change by likelihood']:.1e}, "
        f"called {found['called by likelihood']}"
    )


if __name__ == "__main__":
    main()
