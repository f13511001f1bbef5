"""pairs.jsonl: what is written is what is read, by us and by datasets; what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.errors import EnvironmentProblem
from remediate.counterfactual_data import build
from remediate.counterfactual_data.card import data_card, fluency
from remediate.counterfactual_data.pairs import (
    Kind,
    Part,
    assistant,
    check_pairs,
    read_pairs,
    write_pairs,
)
from remediate.counterfactual_data.splits import split_occupations
from remediate.counterfactual_data.wordings import SHARES
from tests.remediate.counterfactual_data.made_pairs import answers, every_pair

SPLITS = split_occupations(0)


def chosen(n_train: int = 400) -> list:  # type: ignore[type-arg]
    options = build.DataOptions(n_train=n_train)
    return build.build_pairs(SPLITS, options, answers(build.requests(SPLITS, options)))


def test_round_trip(tmp_path: Path) -> None:
    pairs = every_pair(SPLITS, langs=("en", "zh"))
    write_pairs(tmp_path / "pairs.jsonl", pairs)
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs


def test_datasets_reads_it_in_trls_conversational_format(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from trl.data_utils import is_conversational

    path = tmp_path / "pairs.jsonl"
    write_pairs(path, chosen(40))
    found = datasets.load_dataset(
        "json", data_files=str(path), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert is_conversational(found[0])
    wanted = {"prompt", "chosen", "rejected", "kind", "occupation", "template", "source", "weight"}
    assert wanted <= set(found.column_names)


def test_shares_balance_and_order() -> None:
    pairs = chosen(400)
    train = [p for p in pairs if p.part is Part.TRAIN]
    counted = Counter(p.probe for p in train)
    for probe, share in SHARES.items():
        assert counted[probe] == pytest.approx(share * 400, abs=1)
    twins = Counter(p.group for p in train if p.kind is Kind.TWIN)
    assert twins["women"] == pytest.approx(twins["men"], rel=0.15)
    # Any 20 in a row hold every probe that makes up a twentieth or more.
    for start in range(0, 380, 20):
        window = {p.probe for p in train[start : start + 20]}
        assert {"choice", "pronoun", "text", "neutral", "stated"} <= window


def test_selection_is_reproducible_and_ids_are_unique() -> None:
    assert chosen(900) == chosen(900)
    ids = [p.id for p in chosen(900)]
    assert len(ids) == len(set(ids))


def test_twins_differ_in_gender_alone() -> None:
    for pair in every_pair(SPLITS):
        if pair.kind is Kind.TWIN and pair.probe in ("pronoun", "sentence"):
            woman, man = pair.sides
            assert " she" in woman
            assert " he" in man
            assert len(woman.split()) == len(man.split())


def test_a_text_that_breaks_off_teaches_no_end() -> None:
    ends = {(p.probe, p.ends) for p in every_pair(SPLITS) if p.kind is Kind.TWIN}
    assert ends == {("choice", False), ("pronoun", False), ("sentence", True), ("text", True)}


def test_a_pronoun_pair_stops_at_its_pronoun() -> None:
    sides = [p.sides for p in every_pair(SPLITS) if p.probe == "pronoun"]
    assert sides
    assert all((w.endswith(" she"), m.endswith(" he")) == (True, True) for w, m in sides)


@pytest.mark.parametrize(
    ("sides", "message"),
    [(("same", "same"), "same text"), ((" ", "x"), "empty side"), (("x", ""), "empty side")],
)
def test_what_cannot_be_learned_from_is_refused(sides: tuple[str, str], message: str) -> None:
    pair = dataclasses.replace(
        every_pair(SPLITS)[0], chosen=assistant(sides[0]), rejected=assistant(sides[1])
    )
    with pytest.raises(EnvironmentProblem, match=message):
        check_pairs([pair])


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    write_pairs(path, every_pair(SPLITS)[:2])
    row = json.loads(path.read_text().splitlines()[0])
    del row["chosen"]
    path.write_text(path.read_text() + json.dumps(row) + "\n")
    with pytest.raises(EnvironmentProblem, match="Line 3"):
        read_pairs(path)


def test_a_model_without_usable_texts_is_told() -> None:
    options = build.DataOptions(n_train=100)
    with pytest.raises(EnvironmentProblem, match="too weak a model"):
        build.build_pairs(SPLITS, options, {})


def test_data_card_counts_what_is_there() -> None:
    pairs = chosen(200)
    card = data_card(pairs, SPLITS, {"pairs": len(pairs)})
    assert sum(card["counts"]["train"].values()) == sum(p.part is Part.TRAIN for p in pairs)
    assert card["split"] == SPLITS.to_json()
    assert set(card["samples"]) == {p.probe for p in pairs if p.part is Part.TRAIN}


def test_fluency_is_per_token_of_whole_training_twins() -> None:
    pairs = chosen(200)
    logps = np.tile([-6.0, -9.0], (len(pairs), 1))
    lengths = np.full((len(pairs), 2), 3)
    for row, pair in enumerate(pairs):
        if not (pair.part is Part.TRAIN and pair.kind is Kind.TWIN and pair.ends):
            logps[row] = 1e6  # must not be looked at
    found = fluency(pairs, logps, lengths)
    assert found["chosen"]["mean"] == found["chosen"]["max"] == -2.0
    assert found["rejected"]["median"] == -3.0
