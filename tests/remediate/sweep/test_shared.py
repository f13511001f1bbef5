"""Shared pairs and reference: a beginning is balanced, and columns are in each loss's order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from remediate.counterfactual_data import build
from remediate.counterfactual_data.pairs import Kind, Pair, Part
from remediate.counterfactual_data.splits import split_occupations
from remediate.counterfactual_data.wordings import SHARES
from remediate.dpo.config import LOSSES, TrainingConfig
from remediate.dpo.encode import encode
from remediate.sweep.grid import Cell, Sweep
from remediate.sweep.shared import shared_config
from tests.remediate.counterfactual_data.made_pairs import answers


def pairs(n_train: int) -> list[Pair]:
    splits = split_occupations(0)
    options = build.DataOptions(n_train=n_train, n_validation=16)
    return build.build_pairs(splits, options, answers(build.requests(splits, options)))


@pytest.mark.parametrize("share", [0.125, 0.25, 0.5])
def test_a_beginning_of_the_pairs_is_as_balanced_as_the_whole(share: float) -> None:
    train = [pair for pair in pairs(640) if pair.part is Part.TRAIN]
    part = train[: round(len(train) * share)]
    for probe, wanted in SHARES.items():
        count = sum(pair.probe == probe for pair in part)
        assert abs(count - wanted * len(part)) <= 1.5, probe
    for probe in ("choice", "pronoun"):
        twins = [pair for pair in part if pair.kind is Kind.TWIN and pair.probe == probe]
        groups = Counter(pair.group for pair in twins)
        every = Counter(p.group for p in train if p.kind is Kind.TWIN and p.probe == probe)
        for group, n in every.items():
            expected = n / sum(every.values())
            assert groups[group] / len(twins) == pytest.approx(expected, abs=0.12), (probe, group)
        jobs = Counter(pair.occupation for pair in twins)
        assert max(jobs.values()) - min(jobs.values()) <= 2


def test_the_shared_steps_are_made_for_the_cell_that_needs_most() -> None:
    configs = [
        TrainingConfig(steps=40, batch=16, loss="ipo"),
        TrainingConfig(steps=90, batch=4, micro_batch=4, max_length=512),
    ]
    cells = tuple(Cell(str(n), config, {}) for n, config in enumerate(configs))
    shared = shared_config(Sweep("grid.yaml", cells))
    assert shared.steps * shared.batch == 640
    assert shared.max_length == 512


@pytest.mark.model
def test_the_reference_is_the_same_for_every_loss(tiny: Path) -> None:
    """It is computed once, by one cell's configuration, on the sides as encoded here."""
    from transformers import AutoTokenizer

    from core.models.chat import ChatRenderer

    renderer, made = ChatRenderer(AutoTokenizer.from_pretrained(tiny)), pairs(48)
    assert any((pair.reference or 0) > 0.5 for pair in made if pair.kind is Kind.TWIN)
    plain, *others = (
        encode(made, renderer, TrainingConfig(loss=loss, max_length=600)) for loss in LOSSES
    )
    for own in others:
        for one, other in zip(plain, own, strict=True):
            assert one.chosen_ids == other.chosen_ids
            assert one.rejected_ids == other.rejected_ids
