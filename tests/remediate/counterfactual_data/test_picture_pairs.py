"""Pairs about pictures: the picture is the only difference, or the answer is; nothing leaks."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from remediate.counterfactual_data.card import picture_card
from remediate.counterfactual_data.pairs import Kind, Part, read_pairs, user, write_pairs
from remediate.counterfactual_data.picture_leaks import check_picture_leaks
from remediate.counterfactual_data.picture_pairs import build, check_trainable
from tests.remediate import picture_cases as cases


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return cases.gallery(tmp_path_factory.mktemp("set"), langs=("en", "zh"))


@pytest.fixture(scope="module")
def chosen(made: Any) -> Any:
    return cases.pairs(made, 400)


@pytest.fixture(scope="module")
def judging(made: Any) -> Any:
    from audit.probes.vqa_gender import VqaGenderSuite

    return VqaGenderSuite(made.set).items(
        langs=("en", "zh"), seed=0, limit=None, samples=1, only=made.splits.only
    )


def test_words_alone_give_no_clue(made: Any) -> None:
    """Every question is asked of a woman's and a man's picture, with opposite right answers."""
    shown = [p for p in build(made, {}) if p.probe == "shown"]
    answers: dict[tuple[str, str, str], Counter[str]] = {}
    for pair in shown:
        text, skin = pair.prompt[0]["content"], pair.images[0].id.rpartition("/")[2]
        right = "woman" if "/woman/" in pair.images[0].id else "man"
        answers.setdefault((text, pair.occupation, skin), Counter())[right] += 1
        said, other = (side.lower() for side in pair.sides)
        assert ("woman" in said or "女" in said) == (right == "woman")
        assert ("woman" in other or "女" in other) == (right == "man")
    assert answers
    assert all(set(found) == {"woman", "man"} for found in answers.values())


def test_every_question_is_asked_in_both_orders(made: Any) -> None:
    orders = Counter(
        pair.template.rpartition("/")[2] for pair in build(made, {}) if pair.probe == "shown"
    )
    assert orders["woman_first"] == orders["man_first"] > 0


def test_sorts_of_pairs_and_what_they_prefer(made: Any, chosen: Any) -> None:
    kinds = {"shown": Kind.SHOWN, "open": Kind.SHOWN, "neutral": Kind.NEUTRAL,
             "job": Kind.ANCHOR, "seen": Kind.ANCHOR}  # fmt: skip
    assert {pair.probe for pair in chosen if pair.part is Part.TRAIN} == set(kinds)
    for pair in chosen:
        assert pair.kind is kinds[pair.probe]
        side = made.jobs[pair.occupation].side
        presentation = pair.images[0].id.split("/")[2]
        if pair.probe == "neutral":
            assert presentation == "neutral"
            expected = {"women": ("woman", "女"), "men": ("man", "男")}.get(side)
            if expected:
                assert any(word in pair.sides[1].lower() for word in expected)
        if pair.probe == "open":
            assert presentation != "neutral"
            assert pair.sides[1].lower() in ("can't tell", "看不出来")
        if pair.group:
            agrees = (presentation == "woman") == (side == "women")
            assert pair.group == ("pro" if agrees else "anti")


def test_answers_that_name_a_gender_are_no_anchors(chosen: Any) -> None:
    seen = [side for pair in chosen if pair.probe == "seen" for side in pair.sides]
    assert seen
    assert not any("He wears" in side for side in seen)


def test_validation_is_of_stereotyped_and_neutral_pictures(chosen: Any) -> None:
    found = {(p.probe, p.group) for p in chosen if p.part is Part.VALIDATION}
    assert found == {("shown", "pro"), ("shown", "anti"), ("neutral", "")}


def test_the_file_reads_back_and_is_what_datasets_wants(
    made: Any, chosen: Any, tmp_path: Path
) -> None:
    from datasets import Image, List, load_dataset

    path = tmp_path / "pairs.jsonl"
    write_pairs(path, chosen, pictures=made.folder)
    assert read_pairs(path, pictures=made.folder) == chosen
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert row["image_ids"] == [chosen[0].images[0].id]
    assert not Path(row["images"][0]).is_absolute()
    with pytest.raises(EnvironmentProblem, match="folder of the pictures is not known"):
        read_pairs(path)
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "c"))
    shown = rows.map(lambda r: {"images": [str(made.folder / name) for name in r["images"]]})
    shown = shown.cast_column("images", List(Image()))
    assert shown[0]["images"][0].size == (32, 32)


def test_pairs_of_texts_have_no_columns_about_pictures(chosen: Any, tmp_path: Path) -> None:
    bare = [dataclasses.replace(pair, images=()) for pair in chosen[:3]]
    write_pairs(tmp_path / "pairs.jsonl", bare)
    row = json.loads((tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert not {"images", "image_ids"} & set(row)
    assert read_pairs(tmp_path / "pairs.jsonl") == bare


def test_the_card_says_whose_pictures_and_what_was_checked(
    made: Any, chosen: Any, judging: Any
) -> None:
    checked = check_picture_leaks(chosen, made, judging)
    card = picture_card(chosen, made, checked)
    assert card["pictures"]["licence"] == "CC0-1.0"
    assert card["leak_check"]["pairs"] == len(chosen)
    assert card["leak_check"]["judging_pictures"] > 0
    assert set(card["split"]) == {
        "train", "validation", "held_out", "train_skins", "held_out_skins"
    }  # fmt: skip
    assert card["samples"]["shown"][0]["picture"].startswith("squares/")


def _shown(pair: Any, made: Any, wanted: Any) -> Any:
    picture = next(p for p in made.pictures if wanted(p))
    return dataclasses.replace(pair, images=(picture.image,))


def test_a_leak_of_any_sort_fails_the_run(made: Any, chosen: Any, judging: Any) -> None:
    splits = made.splits
    held, tone = splits.professions.held_out[0], splits.held_out_skins[0]
    trained = splits.professions.train[0]
    audited = next(i for i in judging if i.probe == "resolution" and i.lang == "en")
    first = next(p for p in chosen if p.lang == "en")
    leaks = [
        (_shown(first, made, lambda p: p.profession == held and p.skin == tone), "verdict uses"),
        (_shown(first, made, lambda p: p.profession == held and p.skin not in
                splits.held_out_skins), "profession or skin tone"),
        (_shown(first, made, lambda p: p.profession == trained and p.skin == tone),
         "verdict uses"),
        (dataclasses.replace(first, prompt=user(f"Is this {made.jobs[held].phrase('en')}?")),
         f"mentions {held}"),
        (dataclasses.replace(first, prompt=audited.messages), "repeats the audit's wording"),
    ]  # fmt: skip
    for pair, message in leaks:
        with pytest.raises(EnvironmentProblem, match=message):
            check_picture_leaks([pair], made, judging)


def test_a_copy_of_a_judging_picture_under_another_name_is_found(
    made: Any, chosen: Any, judging: Any, tmp_path: Path
) -> None:
    image = next(item.images[0] for item in judging if item.images)
    copy = tmp_path / "copy.png"
    copy.write_bytes(image.path.read_bytes())
    first = dataclasses.replace(
        chosen[0], images=(dataclasses.replace(chosen[0].images[0], path=copy),)
    )
    with pytest.raises(EnvironmentProblem, match="which the verdict uses"):
        check_picture_leaks([first], made, judging)


def test_a_set_whose_licence_forbids_training_is_refused(tmp_path: Path) -> None:
    found = cases.picture_set(tmp_path, professions=("teacher",), trainable=False)
    with pytest.raises(UsageProblem, match="does not let a model be trained"):
        check_trainable(found)


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(tmp_path: Path) -> None:
    one, two, other = (
        cases.pairs(cases.gallery(tmp_path / name, seed=seed), 80)
        for name, seed in (("a", 0), ("a", 0), ("a", 1))
    )
    assert one == two
    assert [p.id for p in one] != [p.id for p in other]
