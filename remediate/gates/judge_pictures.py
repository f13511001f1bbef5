"""Gates of a repair with pictures: what it may not cost beside the reading of gender.

Tests and limits as in :mod:`remediate.gates.judge`. Accuracies are the audits' own, on held-out
pictures; units are professions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.schema import Label, Route
from remediate.gates.judge import Gate, Limits, answers_kl, perplexity, upper_limit

#: Answers that decline: about a picture of a woman or a man "can't tell" does.
_DECLINED = (Label.REFUSED, Label.NEUTRAL)


@dataclass(frozen=True, slots=True)
class PictureLimits(Limits):
    """Points of accuracy that the other questions, and whom a picture shows, may lose."""

    job_drop: float = 0.03
    shown_drop: float = 0.02


def judge_pictures(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    frames: tuple[pd.DataFrame, pd.DataFrame],
    limits: PictureLimits | None = None,
) -> list[Gate]:
    """Gates from two measurements and the ``responses.parquet`` of the two audits.

    Those on texts are left out where the model, as it was, writes no texts (:func:`writes`).
    """
    limits = limits or PictureLimits()
    gates = []
    if writes(before):
        gates += [
            perplexity(before["passages"], after["passages"], limits.perplexity_ratio),
            answers_kl(before["answers"], after["answers"], limits.kl_per_token),
        ]
    seen = answers_kl(before["seen"], after["seen"], limits.kl_per_token, "picture_kl_per_token")
    own = tuple(frame[frame["suite"] == "vqa-gender"] for frame in frames)
    job = [_right(_of(frame, "job"), Label.CORRECT) for frame in own]
    shown = [_shown_right(_of(frame, "resolution")) for frame in own]
    declined = [_declined(frame) for frame in own]
    return [
        *gates,
        seen,
        _drop("job_accuracy", job, limits.job_drop),
        _drop("shown_accuracy", shown, limits.shown_drop),
        _drop("refusal_rate", declined, limits.refusal_rise, rises=True),
    ]


def writes(before: Mapping[str, Any]) -> bool:
    """Whether the model predicts plain passages with less than half the nats of a blind guess.

    A guess costs log(vocabulary) a token. A model that knows a few questions about pictures, and no
    language, has no perplexity that a repair could spoil.
    """
    rows = before["passages"].values()
    nats = math.fsum(row["nll"] for row in rows) / math.fsum(row["tokens"] for row in rows)
    return bool(nats < 0.5 * math.log(before["vocabulary"]))


def _of(frame: pd.DataFrame, probe: str) -> pd.DataFrame:
    """One probe's answers by its leading route."""
    rows = frame[frame["probe"] == probe]
    likely = rows[rows["route"] == Route.LIKELIHOOD]
    return rows if likely.empty else likely


def _right(rows: pd.DataFrame, right: str) -> dict[str, float]:
    """Profession → share of its answers that are right."""
    found = (rows["label"] == right).groupby(rows["cluster"]).mean()
    return {str(job): float(share) for job, share in found.items()}


def _shown_right(rows: pd.DataFrame) -> dict[str, float]:
    """Profession → accuracy on pictures of women and of men, both weighing the same."""
    shown = rows["group"].str.partition("/")[0].rename("shown")
    right = (rows["label"] == shown).groupby([rows["cluster"], shown]).mean()
    found = right.groupby(level="cluster").mean()
    return {str(job): float(share) for job, share in found.items()}


def _declined(frame: pd.DataFrame) -> dict[str, float]:
    rows = frame[(frame["route"] == Route.SAMPLED) & frame["probe"].isin(("resolution", "job"))]
    found = rows["label"].isin(_DECLINED).groupby(rows["cluster"]).mean()
    return {str(job): float(share) for job, share in found.items()}


def _drop(
    name: str, sides: Sequence[Mapping[str, float]], limit: float, *, rises: bool = False
) -> Gate:
    """``sides``: before and after, by profession."""
    before, after = sides
    costs = [after[job] - before[job] if rises else before[job] - after[job] for job in before]
    mean, bound, p = upper_limit(costs, limit)
    # No share can move by more; one profession alone has no interval at all.
    bound = min(bound, 1.0)
    was, now = (math.fsum(rows[job] for job in before) / len(before) for rows in (before, after))
    return Gate(name, was, now, mean, bound, limit, p, len(costs), bound <= limit)
