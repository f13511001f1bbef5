"""Before against after: did the repair cost more than it may?

Every gate is a non-inferiority test: the upper limit of the one-sided 95 % interval of the mean
cost must not exceed the gate's limit, which is the binding half of TOST (Schuirmann 1987, *A
comparison of the two one-sided tests procedure*). A cost that is merely not significant does not
pass. Units are independent: a passage, a request, an occupation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Limits:
    """What a repair may cost at most; each is one side of an equivalence margin."""

    perplexity_ratio: float = 1.03
    kl_per_token: float = 0.10
    accuracy_drop: float = 0.02
    refusal_rise: float = 0.02


@dataclass(frozen=True, slots=True)
class Gate:
    """``cost`` and its upper limit ``bound`` (one-sided 95 %) in the unit of ``limit``."""

    name: str
    before: float | None
    after: float | None
    cost: float
    bound: float
    limit: float
    p_value: float
    n: int
    passed: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    refusals: Mapping[str, tuple[float, float]],
    limits: Limits | None = None,
) -> list[Gate]:
    """Gates from two files of :mod:`remediate.gates.measure` and the audits' refusal rates.

    ``refusals``: occupation → (rate before, rate after) of the sampled answers.
    """
    limits = limits or Limits()
    return [
        perplexity(before["passages"], after["passages"], limits.perplexity_ratio),
        answers_kl(before["answers"], after["answers"], limits.kl_per_token),
        _accuracy(before["stated"], after["stated"], limits.accuracy_drop),
        _refusals(refusals, limits.refusal_rise),
    ]


def upper_limit(values: Sequence[float], limit: float) -> tuple[float, float, float]:
    """(mean, upper limit of its one-sided 95 % t interval, p of H0: mean ≥ limit).

    Student 1908. Equal values have no spread to test: the mean is its own bound then, and p is 0
    or 1.
    """
    from scipy import stats

    n = len(values)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / max(1, n - 1))
    if n < 2 or spread == 0:
        return mean, mean if n > 1 else math.inf, float(not (n > 1 and mean <= limit))
    error = spread / math.sqrt(n)
    bound = mean + float(stats.t.ppf(LEVEL, n - 1)) * error
    return mean, bound, float(stats.t.cdf((mean - limit) / error, n - 1))


def perplexity(before: Any, after: Any, limit: float) -> Gate:
    """exp of the mean over passages of the difference of nats per token."""
    differences = [
        after[key]["nll"] / row["tokens"] - row["nll"] / row["tokens"]
        for key, row in before.items()
    ]
    mean, bound, p = upper_limit(differences, math.log(limit))
    tokens = math.fsum(row["tokens"] for row in before.values())
    was, now = (
        math.exp(math.fsum(row["nll"] for row in rows.values()) / tokens)
        for rows in (before, after)
    )
    return Gate(
        "perplexity_ratio", was, now, math.exp(mean), math.exp(bound), limit, p,
        len(differences), math.exp(bound) <= limit,
    )  # fmt: skip


def answers_kl(before: Any, after: Any, limit: float, name: str = "kl_per_token") -> Gate:
    """KL(base ‖ repaired) per token of the base's own answers, averaged over requests."""
    values = [
        math.fsum(
            token_kl(p, q)
            for p, q in zip(before[key]["logprobs"], after[key]["logprobs"], strict=True)
        )
        / max(1, len(before[key]["logprobs"]))
        for key in before
    ]
    mean, bound, p = upper_limit(values, limit)
    return Gate(name, 0.0, mean, mean, bound, limit, p, len(values), bound <= limit)


def token_kl(p: Sequence[float], q: Sequence[float]) -> float:
    """KL divergence in nats of two next-token distributions over the base's likeliest tokens.

    What is outside them is one lump: by the log-sum inequality the result is a lower bound, and
    the lump is small.
    """
    shown = math.fsum(math.exp(a) * (a - b) for a, b in zip(p, q, strict=True))
    rest = [max(1e-12, 1 - math.fsum(math.exp(v) for v in values)) for values in (p, q)]
    return max(0.0, shown + rest[0] * math.log(rest[0] / rest[1]))


def _accuracy(before: Mapping[str, int], after: Mapping[str, int], limit: float) -> Gate:
    """Drop of the share of sentences whose stated gender keeps its pronoun, by occupation."""
    by_job: dict[str, list[float]] = {}
    for key, right in before.items():
        by_job.setdefault(key.split("/")[2], []).append(right - after[key])
    drops = [math.fsum(values) / len(values) for values in by_job.values()]
    mean, bound, p = upper_limit(drops, limit)
    was, now = (math.fsum(rows.values()) / len(rows) for rows in (before, after))
    return Gate("unambiguous_accuracy", was, now, mean, bound, limit, p, len(drops), bound <= limit)


def _refusals(rates: Mapping[str, tuple[float, float]], limit: float) -> Gate:
    rises = [now - was for was, now in rates.values()]
    mean, bound, p = upper_limit(rises, limit)
    was, now = (math.fsum(pair[side] for pair in rates.values()) / len(rates) for side in (0, 1))
    return Gate("refusal_rate", was, now, mean, bound, limit, p, len(rises), bound <= limit)
