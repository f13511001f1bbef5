"""Public sets in their real layouts, with pictures made here."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from audit.pictures import PictureOptions, PictureSet, load_set
from audit.pictures.sets import SOURCES, fairface, genderbias_vl, socialcounterfactuals
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.pictures.picture_files import (
    png_bytes,
    save,
    visogender_row,
    write_fairface,
    write_genderbias_vl,
    write_labels,
    write_pairs,
    write_socialcounterfactuals,
    write_visogender,
)  # fmt: skip

SCENES = (("occupations", "airplane"), ("status", "phone"), ("potential_crime", "window"))


def _load(source: str, folder: Path | None = None) -> PictureSet:
    return load_set(PictureOptions(source=source, folder=folder))


@pytest.fixture
def root(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_pairs(root: Path) -> None:
    folder = write_pairs(root / "pairs", SCENES)
    phone = folder / "data" / "status" / "phone"
    (phone / "white_man.png").rename(phone / "white_man1.png")
    save(phone / "notes.png", 77)
    pictures = _load("pairs")
    assert len(pictures.pictures) == 12
    cells = Counter((p.profession, p.scene) for p in pictures.pictures)
    assert set(cells) == {(scene, section) for section, scene in SCENES}
    by_id = {p.image.id: p for p in pictures.pictures}
    one = by_id["pairs/occupations/airplane/black_woman.png"]
    assert (one.presentation, one.skin) == ("woman", "dark")
    assert by_id["pairs/status/phone/white_man1.png"].presentation == "man"
    assert [s.file for s in pictures.skipped] == ["status/phone/notes.png"]
    assert not pictures.trainable


def test_pairs_without_a_section(root: Path) -> None:
    write_pairs(root / "pairs", SCENES[:1])
    skipped = {s.file: s.why for s in _load("pairs").skipped}
    assert skipped == dict.fromkeys(("status", "potential_crime"), "the folder is missing")


def test_visogender(root: Path) -> None:
    folder = write_visogender(
        root / "visogender",
        [visogender_row(1, "lawyer", "feminine"), visogender_row(2, "lawyer", "masculine"),
         visogender_row(3, "lawyer", "masculine"), visogender_row(4, "lawyer", "unclear")],
    )  # fmt: skip
    write_visogender(folder, [visogender_row(9, "clerk", "masculine")], date="31122022")
    save(folder / "images" / "OO_1.jpg", 1)
    save(folder / "images" / "OO_2.webp", 2)
    pictures = _load("visogender")
    assert {(p.image.id, p.presentation) for p in pictures.pictures} == {
        ("visogender/OO_1", "woman"),
        ("visogender/OO_2", "man"),
    }
    assert {p.profession for p in pictures.pictures} == {"lawyer"}
    assert {s.file: s.why for s in pictures.skipped} == {
        "OO_3": "was not downloaded",
        "OO_4": "has no perceived gender in the table",
    }
    assert not pictures.trainable
    assert "never for training" in pictures.licence


def test_visogender_without_its_photographs_or_a_column(root: Path) -> None:
    folder = write_visogender(root / "visogender", [visogender_row(1, "lawyer", "feminine")])
    with pytest.raises(EnvironmentProblem, match=r"lacks the photographs .*images/IDX\.jpg"):
        _load("visogender")
    save(folder / "images" / "OO_1.jpg")
    table = next(folder.rglob("*.tsv"))
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("Occupation_perceived_gender", "Gender"), encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="lacks the column Occupation_perceived_gender"):
        _load("visogender")


def test_fairface(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairface, "FACES", 3)
    rows = [
        (f"val/{n}.jpg", "20-29", "Female" if n % 2 else "Male", "East Asian") for n in range(1, 11)
    ]
    rows += [("../x.jpg", "20-29", "Male", "White"), ("val/99.jpg", "20-29", "?", "White")]
    write_fairface(root / "fairface", rows)
    pictures = _load("fairface")
    shown = Counter((p.profession, p.presentation, p.scene) for p in pictures.pictures)
    assert shown == {
        ("person", "woman", "east_asian_20_29"): 3,
        ("person", "man", "east_asian_20_29"): 3,
    }
    assert [s.file for s in pictures.excluded] == ["4 pictures"]
    assert {s.file for s in pictures.skipped} == {"../x.jpg", "val/99.jpg"}
    assert pictures.trainable
    assert pictures.licence == "CC-BY-4.0"


def test_fairface_takes_the_training_part_where_the_other_is_missing(root: Path) -> None:
    write_fairface(root / "fairface", [("train/1.jpg", "30-39", "Male", "Black")], "train")
    assert [p.image.id for p in _load("fairface").pictures] == ["fairface/train/1.jpg"]


def test_genderbias_vl(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genderbias_vl, "PAIRS", 3)
    folder = write_genderbias_vl(root / "genderbias-vl", ["Crane_operator", "Dietitian"], 4)
    other = "xl_generate_cf_via_instructpix2pix"
    (folder / other / "Dietitian" / "female" / "0.png").unlink()
    pictures = _load("genderbias-vl")
    pairs = Counter((p.profession, p.scene) for p in pictures.pictures)
    assert Counter(job for job, _ in pairs) == {"crane_operator": 3, "dietitian": 3}
    assert set(pairs.values()) == {2}
    for picture in pictures.pictures:
        part, _, gender, _ = picture.image.id.split("/")[1:]
        flipped = part == other
        assert picture.presentation == ("woman" if (gender == "female") != flipped else "man")
    assert [s.file for s in pictures.skipped] == [f"{other}/Dietitian/female/0.png"]
    assert [s.file for s in pictures.excluded] == [f"{2 * (8 - 3) + 2 * (7 - 3)} pictures"]
    assert not pictures.trainable


def test_genderbias_vl_does_not_follow_its_list_out_of_its_folder(root: Path) -> None:
    folder = write_genderbias_vl(root / "genderbias-vl", ["Dietitian"], 1)
    path = folder / genderbias_vl._LIST
    rows = json.loads(path.read_text(encoding="utf-8"))
    bad = ["xl_generate_base/../female/0.png", "/etc/female/x.png", "a.png", 7]
    path.write_text(json.dumps(rows + [{"image": name} for name in bad] + [3]), encoding="utf-8")
    pictures = _load("genderbias-vl")
    assert len(pictures.skipped) == 5
    assert len(pictures.pictures) == 4


def test_socialcounterfactuals(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socialcounterfactuals, "SETS", 2)
    folder = root / "socialcounterfactuals"
    body = {
        "image": {"bytes": png_bytes(250), "path": None}, "counterfactual_set": "x",
        "caption": "A picture of an obese male plumber", "a1a2": "obese_male",
        "a1_type": "physical", "a1": "obese", "a2_type": "gender", "a2": "male",
    }  # fmt: skip
    write_socialcounterfactuals(folder, ["plumber", "unicorn groomer"], 3, more=[body])
    write_socialcounterfactuals(folder, ["dentist"], 1, shard=1)
    pictures = _load("socialcounterfactuals")
    jobs = Counter(p.profession for p in pictures.pictures)
    assert jobs == {"plumber": 8, "unicorn_groomer": 8, "dentist": 4}
    scenes = Counter((p.profession, p.scene) for p in pictures.pictures)
    assert set(scenes.values()) == {2}
    one = {p.image.id: p for p in pictures.pictures}[
        "socialcounterfactuals/race_gender_dentist_0/asian_woman"
    ]
    assert one.presentation == "woman"
    # The first shard holds 24 pictures of people at work; this one is the third of the second.
    assert one.image.path.read_bytes() == png_bytes(1004)
    assert [(s.file, s.why) for s in pictures.skipped] == [
        ("1 pictures", "vary something else than race and gender")
    ]
    assert [s.file for s in pictures.excluded] == ["8 pictures"]


def test_socialcounterfactuals_with_a_damaged_picture_and_a_damaged_shard(root: Path) -> None:
    folder = root / "socialcounterfactuals"
    write_socialcounterfactuals(folder, ["dentist"], 1)
    row = {
        "counterfactual_set": "race_gender_dentist_0",
        "caption": "A picture of a Black male dentist",
        "a1a2": "", "a1_type": "race", "a1": "Black", "a2_type": "gender", "a2": "male",
        "image": {"bytes": b"no picture", "path": None},
    }  # fmt: skip
    write_socialcounterfactuals(folder, ["dentist"], 1, more=[row])
    pictures = _load("socialcounterfactuals")
    assert [s.file for s in pictures.skipped] == ["race_gender_dentist_0/black_man"]
    assert len(pictures.pictures) == 4
    next((folder / "data").iterdir()).write_bytes(b"PAR1 and no more")
    with pytest.raises(EnvironmentProblem, match=r"parquet cannot be read"):
        _load("socialcounterfactuals")


@pytest.mark.parametrize("source", SOURCES)
def test_a_set_that_is_not_here_says_where_to_get_it(root: Path, source: str) -> None:
    with pytest.raises(EnvironmentProblem, match="not on this machine") as caught:
        _load(source)
    for said in ("to be had", "EQUIPOISE_DATA", "--images"):
        assert said in str(caught.value)
    (root / source).mkdir()
    with pytest.raises(EnvironmentProblem, match=f"{source} lacks "):
        _load(source)


def test_a_set_is_found_in_the_cache_and_where_images_says(cache: Path, tmp_path: Path) -> None:
    write_pairs(cache / "pictures" / "data" / "pairs", SCENES)
    write_pairs(tmp_path / "mine", SCENES[:1])
    assert len(_load("pairs").pictures) == 12
    assert len(_load("pairs", tmp_path / "mine").pictures) == 4


def test_what_the_hub_client_downloaded_is_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    downloaded = root / "snapshot"
    write_socialcounterfactuals(downloaded, ["dentist"], 1)
    asked = []

    def snapshot(name: str, **options: object) -> str:
        asked.append((name, options))
        return str(downloaded)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert len(_load("socialcounterfactuals").pictures) == 4
    assert asked == [
        ("Intel/SocialCounterfactuals", {"repo_type": "dataset", "local_files_only": True})
    ]


def test_wrong_usage(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no picture set 'imagenet'; there are pairs"):
        _load("imagenet")
    with pytest.raises(UsageProblem, match="There is no folder"):
        _load("pairs", tmp_path / "nowhere")
    labels = write_labels(root, [])
    with pytest.raises(UsageProblem, match="has its own labels"):
        load_set(PictureOptions(source="pairs", folder=root, labels=labels))
