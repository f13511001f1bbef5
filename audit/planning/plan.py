"""Counts, time and precision of a run that has not been made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.planning import assumptions
from audit.planning.counts import ProbeCounts, count
from audit.planning.precision import Components, Design
from audit.planning.rate import Rate
from audit.schema import Item

POWER, ALPHA = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What ``audit run`` would be told."""

    suites: tuple[str, ...]
    langs: tuple[str, ...]
    seed: int = 0
    limit: int | None = None
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true effect of a primary metric that is found with 80 % power.

    ``alpha`` is 5 % shared among the suite's primary metrics, which is Holm's first step and so
    the worst case. ``more_clusters`` and ``more_wordings``: the same with twice as many of one.
    """

    suite: str
    metric: str
    margin: float | None
    n_clusters: int
    n_wordings: int
    alpha: float
    effect: float
    more_clusters: float
    more_wordings: float


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds`` is None where no rate is known; ``assumed`` says whose variances were used."""

    counts: list[ProbeCounts]
    detectable: list[Detectable]
    rate: Rate | None
    assumed: str
    notes: list[str]

    @property
    def requests(self) -> int:
        return sum(row.requests for row in self.counts)

    @property
    def seconds(self) -> float | None:
        return None if self.rate is None else self.rate.seconds(self.counts)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "requests": self.requests,
            "prompt_tokens": sum(row.prompt_tokens for row in self.counts),
            "generated_tokens": sum(row.generated_tokens for row in self.counts),
            "bytes": sum(row.bytes for row in self.counts),
            "seconds": self.seconds,
            "counts": [asdict(row) for row in self.counts],
            "detectable": [asdict(row) for row in self.detectable],
            "power": POWER,
            "assumed": self.assumed,
            "notes": self.notes,
        }


def items_of(options: PlanOptions) -> list[Item]:
    """Every question of the run. Raises :class:`UsageProblem` as the run would."""
    from audit.probes.base import get_suite

    return [
        item
        for name in dict.fromkeys(options.suites)
        for item in get_suite(name).items(
            langs=options.langs, seed=options.seed, limit=options.limit, samples=options.samples
        )
    ]


def make_plan(options: PlanOptions, *, like: Path | None = None, rate: Rate | None = None) -> Plan:
    """``like``: a finished run whose variances are assumed; None takes the ones kept here."""
    items = items_of(options)
    if like is None:
        known, assumed = assumptions.kept(options.suites), assumptions.source_of_kept()
    else:
        known, assumed = assumptions.of_run(like, options.suites), str(like)
    told = {row.suite for row in known}
    notes = [
        f"nothing is known of the variances of {name}: name a run of it by --like"
        for name in dict.fromkeys(options.suites)
        if name not in told
    ]
    return Plan(count(items), _detectable(items, known), rate, assumed, notes)


def _detectable(items: Sequence[Item], known: Sequence[Components]) -> list[Detectable]:
    out = []
    for row in known:
        design = _design([item for item in items if item.suite == row.suite], row)
        alpha = ALPHA / sum(other.suite == row.suite for other in known)
        now, more_clusters, more_wordings = (
            row.detectable(each, alpha=alpha, power=POWER)
            for each in (design, design.times(clusters=2), design.times(wordings=2))
        )
        out.append(
            Detectable(
                row.suite, row.metric, row.margin, design.clusters, design.wordings, alpha,
                now, more_clusters, more_wordings,
            )
        )  # fmt: skip
    return out


def _design(items: Sequence[Item], row: Components) -> Design:
    """What is asked of a metric: the known run's numbers times the share of the suite asked.

    A second language is as many wordings again.
    """
    from audit.probes.base import get_suite

    langs = tuple(dict.fromkeys(item.lang for item in items))
    every = get_suite(row.suite).items(langs=langs, seed=0, limit=None, samples=None)
    shares = [
        len(set(map(key, items))) / len(set(map(key, every))) for key in (_cluster, _wording, _cell)
    ]
    clusters = max(2, round(row.n_clusters * shares[0]))
    wordings = max(1, round(row.n_wordings * len(langs) * shares[1]))
    cells = max(1, round(row.n_clusters * row.n_wordings * len(langs) * shares[2]))
    return Design(clusters, wordings, cells)


def _cluster(item: Item) -> str:
    return item.cluster


def _wording(item: Item) -> tuple[str, str, str]:
    return item.probe, item.lang, item.template


def _cell(item: Item) -> tuple[str, ...]:
    return item.cluster, *_wording(item)
