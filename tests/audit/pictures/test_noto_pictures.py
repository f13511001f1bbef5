"""The second style: finding the font, and drawing with it where a machine has it."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from audit.pictures import PictureOptions, fonts, load_set
from audit.pictures.fonts import FONT_VARIABLE, font_revision, noto_font
from core.errors import EnvironmentProblem, UsageProblem


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without fontconfig, whose one font folder is empty."""
    monkeypatch.delenv(FONT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "fonts"
    folder.mkdir()
    monkeypatch.setattr(fonts, "_FOLDERS", (str(folder),))
    return folder


def test_no_font_says_how_to_get_it(bare: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"apt install fonts-noto-color-emoji") as caught:
        load_set(PictureOptions(style="noto"))
    assert FONT_VARIABLE in str(caught.value)


def test_a_folder_of_fonts_is_searched(bare: Path) -> None:
    font = bare / "truetype" / "noto" / "NotoColorEmoji.ttf"
    font.parent.mkdir(parents=True)
    font.write_bytes(b"x")
    assert noto_font() == font


def test_the_variable_comes_first(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "NotoColorEmoji.ttf").write_bytes(b"x")
    mine = tmp_path / "mine.ttf"
    monkeypatch.setenv(FONT_VARIABLE, str(mine))
    with pytest.raises(UsageProblem, match=r"mine\.ttf, which is not a file"):
        noto_font()
    mine.write_bytes(b"x")
    assert noto_font() == mine


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for fc-list")
def test_fontconfig_is_asked(bare: Path, tmp_path: Path) -> None:
    font = tmp_path / "elsewhere" / "NotoColorEmoji.ttf"
    font.parent.mkdir()
    font.write_bytes(b"x")
    program = tmp_path / "bin" / "fc-list"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {font.parent}/Noto-COLRv1.ttf\necho {font}\n")
    program.chmod(0o755)
    assert noto_font() == font


def test_a_revision_is_read_from_the_font(tmp_path: Path) -> None:
    font = tmp_path / "font.ttf"
    head = struct.pack(">Ii", 0x10000, round(2.042 * 65536))
    tables = struct.pack(">IHHHH", 0x10000, 1, 0, 0, 0) + struct.pack(">4sIII", b"head", 0, 28, 8)
    font.write_bytes(tables + head)
    assert font_revision(font) == "2.042"
    for broken in (b"", b"<!DOCTYPE html>" * 40, tables[:14]):
        font.write_bytes(broken)
        with pytest.raises(EnvironmentProblem, match="cannot be read as a font"):
            font_revision(font)


def test_a_file_that_is_no_font(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    font = tmp_path / "NotoColorEmoji.ttf"
    font.write_bytes(b"<!DOCTYPE html>")
    monkeypatch.setenv(FONT_VARIABLE, str(font))
    with pytest.raises(EnvironmentProblem, match="bitmap build of Noto Color Emoji"):
        load_set(PictureOptions(style="noto"))


def test_noto_draws_every_cell_and_no_two_alike(cache: Path) -> None:
    try:
        noto_font()
    except EnvironmentProblem as absent:
        pytest.skip(str(absent))
    pictures = load_set(PictureOptions(style="noto"))
    assert len(pictures.pictures) == 360
    assert pictures.skipped == pictures.excluded == ()
    files = {p.image.path.read_bytes() for p in pictures.pictures}
    assert len(files) == 360
    assert pictures.licence == "OFL-1.1"
