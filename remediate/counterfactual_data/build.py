"""The data stage: ask the model, build every pair, choose, check, describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import EnvironmentProblem
from core.models.base import GenerateRequest, ScoreRequest
from remediate.counterfactual_data import anchors, neutral, twins
from remediate.counterfactual_data.leaks import mentioned
from remediate.counterfactual_data.pairs import Pair, Part, check_pairs
from remediate.counterfactual_data.selection import select
from remediate.counterfactual_data.splits import Splits


@dataclass(frozen=True, slots=True)
class DataOptions:
    """What training data is wanted. ``n_train`` is optimiser steps × batch."""

    n_train: int
    n_validation: int = 96
    langs: tuple[str, ...] = ("en",)
    seed: int = 0


def requests(splits: Splits, options: DataOptions) -> list[GenerateRequest]:
    """Everything the model must write, all builders' wishes in one list for one batch."""
    return [
        request
        for builder in (twins, neutral, anchors)
        for request in builder.requests(splits, options.seed, options.langs, options.n_train)
    ]


def open_forms(
    splits: Splits, options: DataOptions, answers: Mapping[str, str]
) -> list[ScoreRequest]:
    """What the model must weigh once its texts are there; the winners join the answers."""
    return twins.open_forms(splits, options.seed, options.langs, answers)


def build_pairs(splits: Splits, options: DataOptions, answers: Mapping[str, str]) -> list[Pair]:
    """Chosen pairs, training ones first in the order they are trained on.

    A pair met twice gets its own id the second time. Raises :class:`EnvironmentProblem` where the
    model's texts yield no pair of a probe that the repair rests on.
    """
    every = [
        pair
        for builder in (twins, neutral, anchors)
        for pair in builder.build(splits, options.seed, options.langs, answers)
    ]
    # A story may bring in a second job; one that the verdict uses must not be trained on.
    every = [pair for pair in every if mentioned(pair, splits.held_out) is None]
    check_pairs(every)
    chosen = select(
        every, n_train=options.n_train, n_validation=options.n_validation, seed=options.seed
    )
    _require(every, chosen.train, chosen.validation)
    return numbered(chosen.train) + chosen.validation


def _require(every: Sequence[Pair], train: Sequence[Pair], validation: Sequence[Pair]) -> None:
    # A short training has a sentence or two, so the model's texts are looked for among all pairs.
    able = [pair for pair in every if pair.part is Part.TRAIN]
    rests_on: list[tuple[str, Sequence[Pair], tuple[str, ...]]] = [
        ("training", able, ("sentence",)),
        ("training", train, ("choice", "pronoun")),
        ("validation", validation, ("choice", "pronoun")),
    ]
    for name, pairs, probes in rests_on:
        for probe in probes:
            groups = {p.group for p in pairs if p.probe == probe}
            if not {"women", "men"} <= groups:
                raise EnvironmentProblem(
                    f"The model's texts gave no {name} twins of the probe {probe} for both sides "
                    "of the comparison: it may be too weak a model for this repair; what it wrote "
                    "is in data/journal.sqlite."
                )


def numbered(pairs: Sequence[Pair]) -> list[Pair]:
    """A pair met again gets an id of its own."""
    import dataclasses

    met: dict[str, int] = {}
    out = []
    for pair in pairs:
        times = met[pair.id] = met.get(pair.id, 0) + 1
        out.append(pair if times == 1 else dataclasses.replace(pair, id=f"{pair.id}#{times}"))
    return out


def counts(pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Pairs by part and probe."""
    table: dict[str, dict[str, int]] = {part.value: {} for part in Part}
    for pair in pairs:
        row = table[pair.part.value]
        row[pair.probe] = row.get(pair.probe, 0) + 1
    return table
