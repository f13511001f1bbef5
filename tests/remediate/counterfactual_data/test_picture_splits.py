"""Professions and skin tones that judge are in no training part, whatever the seed and the set."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageProblem
from remediate.counterfactual_data.picture_splits import split_pictures
from tests.remediate import picture_cases as cases


@pytest.mark.parametrize("seed", range(6))
def test_what_judges_is_never_trained_on(seed: int, tmp_path: Path) -> None:
    made = cases.gallery(tmp_path, seed=seed)
    splits, jobs = made.splits, made.jobs
    parts = splits.professions.to_json()
    assert sorted(name for ids in parts.values() for name in ids) == sorted(jobs)
    for ids in parts.values():
        assert {jobs[name].side for name in ids} >= {"women", "men"}
    for picture in splits.trainable(made.pictures):
        assert picture.profession not in splits.professions.held_out
        assert picture.skin not in splits.held_out_skins
    # Light and dark skin on both sides.
    for light, dark in (("light", "medium_light"), ("medium_dark", "dark")):
        assert len({light, dark} & set(splits.held_out_skins)) == 1
        assert len({light, dark} & set(splits.train_skins)) == 1


def test_the_audits_show_every_profession_and_no_picture_trained_on(tmp_path: Path) -> None:
    from audit.probes.vqa_gender import VqaGenderSuite

    made = cases.gallery(tmp_path)
    items = VqaGenderSuite(made.set).items(
        langs=["en"], seed=0, limit=None, samples=1, only=made.splits.only
    )
    trained = {p.image.id for p in made.splits.trainable(made.pictures)}
    shown = {image.id for item in items for image in item.images}
    assert {item.cluster for item in items if item.probe == "resolution"} == set(made.jobs)
    assert not shown & trained


def test_a_figure_that_shows_no_skin_may_train_where_there_is_no_other(tmp_path: Path) -> None:
    made = cases.gallery(tmp_path)
    name = made.splits.professions.train[0]
    kept = [
        p
        for p in made.pictures
        if p.profession != name or p.presentation != "neutral" or p.skin == "none"
    ]
    found = [p for p in made.splits.trainable(kept) if p.profession == name]
    assert [p.skin for p in found if p.presentation == "neutral"] == ["none"]
    assert all(p.skin != "none" for p in found if p.presentation != "neutral")


def test_photographs_without_a_skin_label_are_split_by_profession_alone(tmp_path: Path) -> None:
    made = cases.gallery(tmp_path)
    kept = [p for p in made.pictures if p.skin == "none"]
    splits = split_pictures(0, kept, made.jobs)
    assert splits.train_skins == ("none",)
    assert splits.held_out_skins == ()
    assert splits.only == splits.professions.held_out


def test_a_set_too_small_to_be_split_is_refused_with_the_number_it_needs(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="1 professions held mostly by women; a repair needs 3"):
        cases.gallery(tmp_path, professions=("teacher", "pilot", "farmer", "mechanic"))


def test_a_picture_that_looks_like_one_that_judges_does_not_train(tmp_path: Path) -> None:
    made = cases.gallery(tmp_path)
    trained = next(p for p in made.splits.trainable(made.pictures) if p.presentation == "neutral")
    judging = next(
        p
        for p in made.pictures
        if p.profession == trained.profession
        and p.presentation == "neutral"
        and p.skin in made.splits.held_out_skins
    )
    trained.image.path.write_bytes(judging.image.path.read_bytes())
    left = made.splits.trainable(made.pictures)
    assert trained not in left
    assert any(p.profession == trained.profession for p in left)
