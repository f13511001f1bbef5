"""Pairs → rows of a training set: ends, sides, order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from remediate.counterfactual_data.pairs import Kind, Pair, Part, assistant, user
from remediate.dpo.config import TrainingConfig
from remediate.dpo.encode import Encoded, by_length, encode, training_rows

TWIN = Pair(
    id="t", kind=Kind.TWIN, part=Part.TRAIN, probe="choice", lang="en", occupation="nurse",
    template="x", group="women", reference=0.9, prompt=user("Who?"), chosen=assistant("A woman"),
    rejected=assistant("A man"), source="template",
)  # fmt: skip
REFERENCE = np.array([[-1.0, -2.0]])


def item(row: int = 0, length: int = 1) -> Encoded:
    return Encoded(row, [1] * length, [2], [3], 0, 3, "choice", 0.0, 1.0)


@pytest.mark.parametrize(
    ("loss", "share", "part", "swapped"),
    [
        ("sigmoid", 0.9, Part.TRAIN, True),
        ("sigmoid", 0.2, Part.TRAIN, False),
        ("sigmoid", 0.9, Part.VALIDATION, False),
        ("parity", 0.9, Part.TRAIN, False),
    ],
)
def test_a_preference_loss_gets_the_anti_stereotyped_twin_first(
    loss: str, share: float, part: Part, swapped: bool
) -> None:
    pair = dataclasses.replace(TWIN, reference=share, part=part)
    [row] = training_rows([pair], [item()], REFERENCE, TrainingConfig(loss=loss))  # type: ignore[arg-type]
    ids, logps = ([3], [2]), (-2.0, -1.0)
    wanted = (ids, logps) if swapped else (ids[::-1], logps[::-1])
    assert (row["chosen_ids"], row["rejected_ids"]) == wanted[0]
    assert (row["ref_chosen_logps"], row["ref_rejected_logps"]) == wanted[1]


def test_each_step_keeps_its_pairs_sorted_by_length() -> None:
    pairs = [item(row, length) for row, length in enumerate([9, 3, 5, 1, 8, 2, 7])]
    rows = [pair.row for pair in by_length(pairs, 4)]
    assert rows == [3, 1, 2, 0, 5, 6, 4]


def test_the_end_of_a_turn_is_learned_where_the_text_ends(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from core.models.chat import ChatRenderer
    from tests.core.tiny_models import save_model

    renderer = ChatRenderer(AutoTokenizer.from_pretrained(save_model(tmp_path / "tiny")))
    broken, whole = (dataclasses.replace(TWIN, id=str(ends), ends=ends) for ends in (False, True))
    open_ids, ended = (e.chosen_ids for e in encode([broken, whole], renderer, TrainingConfig()))
    assert ended[: len(open_ids)] == open_ids
    assert len(ended) > len(open_ids)
