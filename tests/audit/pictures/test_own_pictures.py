"""``--images DIR --labels labels.csv``: nobody's mistake becomes a measurement or is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from audit.pictures import PictureOptions, PictureSet, load_set
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.pictures.picture_files import save, write_labels


def _load(folder: Path, labels: Path | None = None) -> PictureSet:
    return load_set(PictureOptions(folder=folder, labels=labels))


def _why(pictures: PictureSet) -> dict[str, str]:
    return {skipped.file: skipped.why for skipped in pictures.skipped}


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    path = tmp_path / "my pictures"
    path.mkdir()
    return path


def test_labels_become_pictures(folder: Path) -> None:
    save(folder / "a.jpg", 1)
    save(folder / "ward 3" / "b.png", 2)
    columns = "file profession presentation skin scene attribution"
    write_labels(
        folder,
        [
            ("a.jpg", "Nurse", "Woman", "Medium dark", "Ward 3", "Somebody, CC0"),
            ("ward 3/b.png", "护士", "man", "", "ward_3", ""),
        ],
        columns,
    )
    pictures = _load(folder)
    first, second = pictures.pictures
    assert (first.profession, first.presentation, first.skin) == ("nurse", "woman", "medium_dark")
    assert (second.profession, second.presentation, second.skin) == ("nurse", "man", "none")
    assert first.scene == second.scene == "ward_3"
    assert first.image.path == (folder / "a.jpg").resolve()
    assert [p.image.id for p in pictures.pictures] == ["own/a.jpg", "own/ward%203/b.png"]
    assert pictures.attribution == "Somebody, CC0"
    assert pictures.trainable
    assert pictures.skipped == pictures.converted == ()


def test_the_fingerprint_is_of_labels_and_pictures_and_not_of_places(
    folder: Path, tmp_path: Path
) -> None:
    save(folder / "a.png", 1)
    write_labels(folder, [("a.png", "nurse", "woman")])
    first = _load(folder).fingerprint
    moved = folder.rename(tmp_path / "elsewhere")
    assert _load(moved).fingerprint == first
    write_labels(moved, [("a.png", "nurse", "neutral")])
    assert _load(moved).fingerprint != first
    write_labels(moved, [("a.png", "nurse", "woman")])
    save(moved / "a.png", 2)
    assert _load(moved).fingerprint != first


def test_rows_that_cannot_be_used_are_skipped_and_counted(folder: Path) -> None:
    for number, name in enumerate(("a", "b", "c", "d", "e", "unlisted"), start=1):
        save(folder / f"{name}.png", number)
    save(folder.parent / "outside.png", 9)
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    columns = "file profession presentation skin"
    write_labels(
        folder,
        [
            ("a.png", "nurse", "woman", ""),
            ("b.png", "nurse", "lady", ""),
            ("c.png", "machanic", "man", ""),
            ("d.png", "nurse", "man", "olive"),
            ("e.png", "", "man", ""),
            ("gone.png", "nurse", "man", ""),
            ("../outside.png", "nurse", "man", ""),
            ("link.png", "nurse", "man", ""),
            ("/etc/hostname", "nurse", "man", ""),
            ("", "nurse", "man", ""),
            ("a.png", "nurse", "woman", ""),
        ],
        columns,
    )
    pictures = _load(folder)
    assert [p.image.id for p in pictures.pictures] == ["own/a.png"]
    assert _why(pictures) == {
        "b.png": "has the presentation 'lady', not woman, man, neutral",
        "c.png": "has the profession 'machanic', which nothing else shows and nobody knows here "
        "(did you mean mechanic?)",
        "d.png": "has the skin 'olive', not none, light, medium_light, medium, medium_dark, dark",
        "e.png": "names no profession",
        "gone.png": "the file is missing",
        "../outside.png": "lies outside the folder of pictures",
        "link.png": "lies outside the folder of pictures",
        "/etc/hostname": "lies outside the folder of pictures",
        "line 11": "names no file",
        "a.png": "stands in the table twice",
        "unlisted.png": "has no row in labels.csv",
    }


def test_a_profession_nobody_knows_is_taken_where_two_presentations_show_it(folder: Path) -> None:
    rows = []
    labels = [
        ("Bee keeper", "woman"), ("bee-keeper", "man"), ("be keeper", "man"), ("be keeper", "lady"),
    ]  # fmt: skip
    for number, (job, who) in enumerate(labels, start=1):
        save(folder / f"{number}.png", number)
        rows.append((f"{number}.png", job, who))
    write_labels(folder, rows)
    pictures = _load(folder)
    assert [p.profession for p in pictures.pictures] == ["bee_keeper", "bee_keeper"]
    assert sorted(_why(pictures)) == ["3.png", "4.png"]


def test_one_picture_with_two_labels_is_not_believed(folder: Path) -> None:
    save(folder / "a.png", 1)
    save(folder / "copy.png", 1)
    save(folder / "b.png", 2)
    save(folder / "again.png", 2)
    write_labels(
        folder,
        [
            ("a.png", "nurse", "woman"),
            ("copy.png", "nurse", "man"),
            ("b.png", "nurse", "man"),
            ("again.png", "nurse", "man"),
        ],
    )
    pictures = _load(folder)
    assert [p.image.id for p in pictures.pictures] == ["own/b.png"]
    assert _why(pictures) == {
        "a.png": "is labelled woman, and the same picture copy.png man",
        "copy.png": "is labelled man, and the same picture a.png woman",
        "again.png": "is the same picture as b.png",
    }


def test_what_is_converted_is_counted_and_lies_in_the_cache(folder: Path, cache: Path) -> None:
    save(folder / "a.png", 1)
    Image.new("CMYK", (32, 24), (9, 9, 9, 9)).save(folder / "print.jpg")
    Image.new("RGBA", (32, 24), (9, 9, 9, 0)).save(folder / "clear.png")
    names = ("a.png", "print.jpg", "clear.png")
    write_labels(folder, [(name, "nurse", "woman") for name in names])
    pictures = _load(folder)
    assert {c.file: c.why for c in pictures.converted} == {
        "print.jpg": "CMYK made RGB",
        "clear.png": "transparency put on white",
    }
    copies = {p.image.id: p.image.path for p in pictures.pictures}
    for name in names[1:]:
        assert copies[f"own/{name}"].is_relative_to(cache)
        with Image.open(copies[f"own/{name}"]) as opened:
            assert (opened.format, opened.mode) == ("PNG", "RGB")
    index = json.loads((copies["own/clear.png"].parent / "index.json").read_text(encoding="utf-8"))
    assert {entry["source"] for entry in index["files"].values()} == set(names[1:])
    copies["own/clear.png"].unlink()
    with pytest.raises(EnvironmentProblem, match="remove that folder and they are converted again"):
        _load(folder)


def test_a_file_that_may_not_be_read_is_skipped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by its permissions, which do not bind a superuser."""
    save(folder / "a.png", 1)
    save(folder / "b.png", 2)
    write_labels(folder, [("a.png", "nurse", "man"), ("b.png", "nurse", "man")])
    opened = Image.open

    def refuse(path: Path, **options: object) -> Image.Image:
        if Path(path).name == "a.png":
            raise PermissionError(13, "Permission denied")
        return opened(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", refuse)
    assert _why(_load(folder)) == {"a.png": "cannot be read (Permission denied)"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("file;profession;presentation\n", "lacks the column file"),
        ("file,profession\n", "lacks the column presentation"),
        ("file,profession,presentation,gender\n", "has a column 'gender'"),
        ("file,profession,presentation\n", "leaves no picture to ask about: it has no rows"),
        ("file,profession,presentation\nx.png,nurse,woman\n", "x.png the file is missing"),
        ("", "lacks the column file"),
        (b"\xff\xfe\x00f", "cannot be read as a UTF-8 CSV table"),
        ('file,profession,presentation\n"a.png,nurse', "cannot be read as a UTF-8 CSV table"),
    ],
)
def test_tables_that_cannot_be_used(folder: Path, content: str | bytes, problem: str) -> None:
    data = content.encode() if isinstance(content, str) else content
    (folder / "labels.csv").write_bytes(data)
    with pytest.raises(UsageProblem, match=problem):
        _load(folder)


def test_no_table_and_no_folder(folder: Path) -> None:
    with pytest.raises(UsageProblem, match=r"There is no .*labels\.csv; write a table"):
        _load(folder)
    with pytest.raises(UsageProblem, match="There is no folder"):
        _load(folder / "nowhere")
    with pytest.raises(UsageProblem, match="--labels describes the pictures of --images"):
        load_set(PictureOptions(labels=folder / "labels.csv"))


def test_a_table_elsewhere_with_a_byte_order_mark(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.png", 1)
    table = tmp_path / "t.csv"
    table.write_text("\ufeffFile, Profession ,presentation\r\na.png,nurse,man\r\n", "utf-8")
    assert len(_load(folder, table).pictures) == 1
