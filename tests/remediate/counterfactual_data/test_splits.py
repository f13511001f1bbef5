"""Splits and the leak check: nothing the verdict uses is trained on."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.probes.base import get_suite
from audit.probes.occupations import occupations
from core.errors import EnvironmentProblem
from remediate.counterfactual_data.leaks import check_leaks, mentioned
from remediate.counterfactual_data.pairs import Pair, Part, assistant
from remediate.counterfactual_data.splits import split_occupations, split_wordings
from tests.remediate.counterfactual_data.made_pairs import every_pair


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_every_occupation_is_in_one_part_and_groups_are_balanced(seed: int) -> None:
    splits = split_occupations(seed)
    parts = [*splits.train, *splits.validation, *splits.held_out]
    assert sorted(parts) == sorted(job.id for job in occupations())
    groups = {job.id: job.group for job in occupations()}
    for part in (splits.train, splits.validation, splits.held_out):
        found = [groups[name] for name in part]
        assert found.count("women") >= 3
        assert abs(found.count("women") - found.count("men")) <= 2


def test_splits_depend_on_the_seed_alone() -> None:
    assert split_occupations(3) == split_occupations(3)
    assert split_occupations(3).held_out != split_occupations(4).held_out


def test_wordings_are_split_with_one_of_each_at_least() -> None:
    trained, validating = split_wordings(0, {"a": 1, "b": 2})
    assert sorted(trained + validating) == ["a", "b"]
    assert trained
    assert validating
    assert split_wordings(0, {"a": 1}) == (["a"], [])


def test_pairs_pass_the_check_for_both_languages() -> None:
    splits = split_occupations(0)
    items = get_suite("occupations").items(langs=["en", "zh"], seed=0, limit=None, samples=None)
    items += get_suite("pronouns").items(langs=["en", "zh"], seed=0, limit=None, samples=None)
    pairs = every_pair(splits, langs=("en", "zh"))
    pairs = [pair for pair in pairs if mentioned(pair, splits.held_out) is None]
    checked = check_leaks(pairs, splits, items)
    assert checked["audited_items"] == len(items)
    assert checked["pairs"] == len(pairs)
    assert checked["audited_ngrams"] > 500


def test_validation_pairs_use_neither_trained_jobs_nor_trained_wordings() -> None:
    pairs = [p for p in every_pair(split_occupations(0)) if p.probe == "choice"]
    by_part = {part: [p for p in pairs if p.part is part] for part in (Part.TRAIN, Part.VALIDATION)}
    for field in ("occupation", "template"):
        train, validation = (
            {getattr(p, field) for p in by_part[part]} for part in (Part.TRAIN, Part.VALIDATION)
        )
        assert train
        assert validation
        assert not train & validation


def test_a_held_out_occupation_fails_the_run() -> None:
    splits = split_occupations(0)
    pair = every_pair(splits)[0]
    stolen = dataclasses.replace(pair, occupation=splits.held_out[0])
    with pytest.raises(EnvironmentProblem, match="which the verdict uses"):
        check_leaks([stolen], splits, [])


def test_an_audits_wording_fails_the_run() -> None:
    splits = split_occupations(0)
    items = get_suite("occupations").items(langs=["en"], seed=0, limit=None, samples=None)
    item = next(i for i in items if i.probe == "choice" and i.cluster in splits.train)
    pair: Pair = every_pair(splits)[0]
    copied = dataclasses.replace(pair, prompt=item.messages)
    with pytest.raises(EnvironmentProblem, match="repeats the audit's wording"):
        check_leaks([copied], splits, items)


def test_a_held_out_job_in_a_text_is_seen_and_one_inside_a_word_is_not() -> None:
    splits = split_occupations(0)
    held = splits.held_out[0]
    name = next(job.en for job in occupations() if job.id == held)
    pair = every_pair(splits)[0]
    told = dataclasses.replace(pair, chosen=assistant(f"Two {name}s came by."))
    assert mentioned(told, splits.held_out) == held
    with pytest.raises(EnvironmentProblem, match="mentions"):
        check_leaks([told], splits, [])
    inside = dataclasses.replace(pair, chosen=assistant(f"A {name}ish afternoon."))
    assert mentioned(inside, splits.held_out) is None
