"""Paired single answers and missing answers of two runs: McNemar's test, rates before and after."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.metrics.estimates import LEVEL, RESAMPLES
from audit.metrics.significance import cluster_bootstrap
from audit.metrics.stats_paired import paired_answers
from audit.schema import Label, Route

_STEREOTYPE = {"women": str(Label.WOMAN), "men": str(Label.MAN)}


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """Single sampled answers before and after, by the exact McNemar test.

    ``outcome`` is ``correct``, or ``stereotyped`` (the gender most people of the job have). Pairs
    with a refused or unreadable side are ``n_left_out``. ``p_value`` is McNemar's, for these
    prompts; ``p_clusters`` flips signs of whole clusters and speaks of others like them.
    """

    suite: str
    probe: str
    outcome: str
    n: int
    n_left_out: int
    n_clusters: int
    before: float | None
    after: float | None
    gained: int
    lost: int
    p_value: float | None
    p_clusters: float | None


@dataclass(frozen=True, slots=True)
class MissingChange:
    """Refused and unreadable answers before and after; a repair must not buy its gap with them.

    ``change`` (after − before) has an interval over clusters.
    """

    suite: str
    route: str
    kind: str
    n: int
    before: float
    after: float
    change: float
    ci_low: float | None
    ci_high: float | None


def answer_changes(
    before: pd.DataFrame, after: pd.DataFrame, answered: pd.Series, suite: str, *, seed: int
) -> list[AnswerChange]:
    """One row a probe; only the first sample of an item, since repeats are not independent."""
    rows = (before["suite"] == suite) & (before["route"] == Route.SAMPLED)
    rows &= before["sample"] == 0
    out = []
    for probe in sorted(before.loc[rows, "probe"].unique()):
        mine = rows & (before["probe"] == probe)
        known = any(
            run.loc[mine, "label"].isin((Label.CORRECT, Label.INCORRECT)).any()
            for run in (before, after)
        )
        outcome = "correct" if known else "stereotyped"
        if not known:
            mine &= before["group"].isin(tuple(_STEREOTYPE))
        kept = mine & answered
        if not mine.any():
            continue
        target = (
            np.full(int(kept.sum()), str(Label.CORRECT))
            if known
            else before.loc[kept, "group"].map(_STEREOTYPE).to_numpy()
        )
        found = paired_answers(
            before.loc[kept, "label"].to_numpy() == target,
            after.loc[kept, "label"].to_numpy() == target,
            before.loc[kept, "cluster"].to_numpy(),
            seed=seed,
        )
        out.append(
            AnswerChange(
                suite=suite, probe=probe, outcome=outcome, n=found.n,
                n_left_out=int(mine.sum()) - found.n, n_clusters=found.n_clusters,
                before=_number(found.before), after=_number(found.after),
                gained=found.gained, lost=found.lost,
                p_value=_number(found.p_mcnemar), p_clusters=_number(found.p_clusters),
            )
        )  # fmt: skip
    return out


def missing_changes(
    before: pd.DataFrame, after: pd.DataFrame, suite: str, *, seed: int
) -> list[MissingChange]:
    """Refused and unparsed answers of every route."""
    out = []
    mine = before["suite"] == suite
    for route in Route:
        rows = mine & (before["route"] == route)
        if not rows.any():
            continue
        for kind in (Label.REFUSED, Label.UNPARSED):
            was = (before.loc[rows, "label"] == kind).astype(float)
            now = (after.loc[rows, "label"] == kind).astype(float)
            low, high = _interval(now - was, before.loc[rows, "cluster"], seed)
            out.append(
                MissingChange(
                    suite=suite, route=route.value, kind=kind.value, n=int(rows.sum()),
                    before=float(was.mean()), after=float(now.mean()),
                    change=float(now.mean() - was.mean()), ci_low=low, ci_high=high,
                )
            )  # fmt: skip
    return out


def _interval(
    change: pd.Series[float], clusters: pd.Series[str], seed: int
) -> tuple[float | None, float | None]:
    """Over clusters of the mean change; None where it has no spread to tell an error from."""
    _, codes = np.unique(clusters.to_numpy(), return_inverse=True)
    sums = np.bincount(codes, weights=change.to_numpy(dtype=np.float64))
    sizes = np.bincount(codes).astype(np.float64)
    found = cluster_bootstrap(
        lambda w: (w @ sums) / (w @ sizes), len(sums), n_resamples=RESAMPLES, level=LEVEL, seed=seed
    ).interval
    if found.width == 0.0:
        return None, None
    return _number(found.low), _number(found.high)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
