"""Files that are not what they should be, and files that must be changed before they are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from audit.pictures.checks import MAX_BYTES, BadPicture, check, plain
from tests.audit.pictures.picture_files import SIZE, claiming, png_bytes, save


def _broken(path: Path, change: Callable[[bytes], bytes], number: int = 1) -> Path:
    noisy = Image.effect_noise((64, 64), 90).convert("RGB")
    noisy.save(path)
    path.write_bytes(change(path.read_bytes()))
    return path


def _flip_a_byte(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: p / "gone.png", "the file is missing"),
        (lambda p: p, "is not a file"),
        (lambda p: save(p / "a.png").rename(p / "a.jpg"), "is a PNG picture, which its name"),
        (lambda p: save(p / "a.jpg").rename(p / "a.dat"), "is a JPEG picture, which its name"),
        (lambda p: save(p / "a.tiff"), "is no PNG, JPEG, WebP, GIF or BMP picture"),
        (lambda p: claiming(p / "a.png", 30_000, 30_000), "decompression bomb"),
        (lambda p: claiming(p / "a.png", 9_000, 9_000), "9000 × 9000 pixels, more than 40 million"),
        (lambda p: claiming(p / "a.png", 600, 600), "is damaged"),
        (lambda p: save(p / "a.png", size=(4, 400)), "4 × 400 pixels, fewer than 16 a side"),
        (lambda p: _broken(p / "a.png", _flip_a_byte), "is damaged"),
        (lambda p: _broken(p / "a.png", lambda d: d[: len(d) // 2]), "is damaged"),
        (lambda p: _broken(p / "a.jpg", lambda d: d[: len(d) // 2]), "is damaged"),
        (lambda p: _broken(p / "a.webp", lambda d: d[:40]), "damaged"),
        (lambda p: _broken(p / "a.gif", lambda d: d[:900]), "is damaged"),
        (lambda p: _broken(p / "a.jpg", lambda d: b""), "the file is empty"),
        (lambda p: _broken(p / "a.jpg", lambda d: b"<svg/>" * 99), "is no PNG, JPEG"),
    ],
)
def test_what_cannot_be_used_says_why(
    tmp_path: Path, make: Callable[[Path], Path], why: str, recwarn: pytest.WarningsRecorder
) -> None:
    with pytest.raises(BadPicture, match=why):
        check(make(tmp_path))
    assert not [w for w in recwarn if "bomb" in str(w.message).lower()]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(png_bytes())
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadPicture, match="has 64 MiB, more than 64"):
        check(path)


def test_sixteen_bits_are_refused_and_not_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("I;16", SIZE, 40_000).save(path)
    with pytest.raises(BadPicture, match="colours of the kind I;16"):
        check(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG"])
def test_plain_pictures_are_used_as_they_are(tmp_path: Path, name: str) -> None:
    assert check(save(tmp_path / name)).how == ()


def _half_transparent(path: Path) -> Path:
    picture = Image.new("RGBA", SIZE, (200, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 16, 24))
    picture.save(path)
    return path


def _palette(path: Path) -> Path:
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([0, 0, 0, 200, 0, 0])
    picture.paste(0, (0, 0, 16, 24))
    picture.save(path, transparency=0)
    return path


def _animated(path: Path) -> Path:
    frames = [Image.new("RGB", SIZE, c) for c in ("red", "lime", "blue")]
    options = {"lossless": True} if path.suffix == ".webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def _sideways(path: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE, "red").save(path, exif=exif)
    return path


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda p: _half_transparent(p / "a.png"), ("transparency put on white",)),
        (lambda p: _palette(p / "a.png"), ("transparency put on white",)),
        (lambda p: _half_transparent(p / "a.webp"), ("transparency put on white",)),
        (lambda p: _animated(p / "a.webp"), ("first frame of several",)),
        (lambda p: _animated(p / "a.png"), ("first frame of several",)),
        (lambda p: _sideways(p / "a.jpg"), ("turned upright",)),
        (lambda p: save(p / "a.bmp"), ("BMP made PNG",)),
        (lambda p: save(p / "a.webp"), ("WEBP made PNG",)),
    ],
)
def test_what_must_be_changed_is_said(
    tmp_path: Path, make: Callable[[Path], Path], how: tuple[str, ...]
) -> None:
    assert check(make(tmp_path)).how == how


def test_colour_models_become_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", SIZE, (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert check(tmp_path / "a.jpg").how == ("CMYK made RGB",)
    red, green, blue = plain(tmp_path / "a.jpg").getpixel((5, 5))
    assert red > 240
    assert max(green, blue) < 30
    Image.new("L", SIZE, 90).save(tmp_path / "b.png")
    assert check(tmp_path / "b.png").how == ("L made RGB",)
    assert plain(tmp_path / "b.png").getpixel((5, 5)) == (90, 90, 90)


@pytest.mark.parametrize("make", [_half_transparent, _palette])
def test_transparency_becomes_white(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    picture = plain(make(tmp_path / "a.png"))
    assert picture.mode == "RGB"
    assert picture.getpixel((2, 2)) == (255, 255, 255)
    assert picture.getpixel((30, 2)) == (200, 0, 0)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_the_first_frame_is_used(tmp_path: Path, name: str) -> None:
    path = _animated(tmp_path / name)
    assert "first frame of several" in check(path).how
    assert plain(path).getpixel((5, 5))[:2] == (255, 0)


def test_a_photograph_lying_on_its_side_is_turned(tmp_path: Path) -> None:
    assert plain(_sideways(tmp_path / "a.jpg")).size == (SIZE[1], SIZE[0])
