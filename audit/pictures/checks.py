"""Is this file a picture that can be asked about, and may it be used as it stands?

Pictures come from anywhere, so nothing in them is believed: the format is one of five and must be
what the name says, the size is known before anything is unpacked, the checksums are verified and
every pixel is decoded once. What is then used is 8-bit RGB, one frame, upright.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.pictures.packages import need, pillow

#: Suffixes of a format. A file whose content is of another format is refused.
_SUFFIXES: Mapping[str, frozenset[str]] = {
    "PNG": frozenset((".png",)),
    "JPEG": frozenset((".jpg", ".jpeg", ".jpe", ".jfif")),
    "WEBP": frozenset((".webp",)),
    "GIF": frozenset((".gif",)),
    "BMP": frozenset((".bmp",)),
}
SUFFIXES = frozenset().union(*_SUFFIXES.values())
#: Formats that every backend and every server reads.
_PLAIN = ("PNG", "JPEG")
_MODES = ("RGB", "RGBA", "L", "LA", "P", "PA", "1", "CMYK", "YCbCr")

#: A photograph of 40 megapixels; unpacked as RGB it takes 120 MB.
MAX_PIXELS = 40_000_000
MAX_BYTES = 64 * 1024 * 1024
#: Below this nothing can be seen, and image processors divide by what is left of a side.
MIN_SIDE = 16
_ORIENTATION = 0x0112


class BadPicture(Exception):
    """The file cannot be used; the message says why, in one phrase without a stop."""


@dataclass(frozen=True, slots=True)
class Checked:
    """``how`` the picture must be changed before it is used; empty where it is plain."""

    how: tuple[str, ...] = ()


def check(path: Path) -> Checked:
    """Look at a file from outside to inside.

    Raises :class:`BadPicture`, and :class:`OSError` where the file cannot be opened at all.
    """
    _check_file(path)
    with _opened(path) as picture:
        _check_claims(path, picture)
        _verify(picture)
    # verify() leaves a picture unusable: it is opened again to be decoded.
    with _opened(path) as picture:
        return Checked(_decode(picture))


def plain(path: Path) -> Any:
    """A :func:`check`-ed picture as 8-bit RGB: first frame, upright, transparency on white."""
    Pillow = pillow()  # noqa: N806
    with _opened(path) as opened:
        upright = need("PIL.ImageOps", "pillow").exif_transpose(opened)
    if _transparent(upright):
        over = upright.convert("RGBA")
        white = Pillow.new("RGBA", over.size, "white")
        return Pillow.alpha_composite(white, over).convert("RGB")
    return upright.convert("RGB")


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise BadPicture("the file is missing" if not path.exists() else "is not a file")
    size = path.stat().st_size
    if not size:
        raise BadPicture("the file is empty")
    if size > MAX_BYTES:
        raise BadPicture(f"has {size / 2**20:.0f} MiB, more than {MAX_BYTES // 2**20}")


def _opened(path: Path) -> Any:
    Pillow = pillow()  # noqa: N806
    with warnings.catch_warnings():
        # Pillow warns from half its own limit on; ours is below it and is an error.
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            return Pillow.open(path, formats=tuple(_SUFFIXES))
        except Pillow.DecompressionBombError as error:
            raise BadPicture("has far too many pixels (a decompression bomb)") from error
        except Exception as error:
            # A disk's or a permission's error has a number; Pillow's own OSErrors have none.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BadPicture("is no PNG, JPEG, WebP, GIF or BMP picture, or is damaged") from error


def _check_claims(path: Path, picture: Any) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise BadPicture(f"has {width} × {height} pixels, more than {MAX_PIXELS // 10**6} million")
    if min(width, height) < MIN_SIDE:
        raise BadPicture(f"has {width} × {height} pixels, fewer than {MIN_SIDE} a side")
    if path.suffix.lower() not in _SUFFIXES[_format(picture)]:
        raise BadPicture(f"is a {_format(picture)} picture, which its name does not say")
    if picture.mode not in _MODES:
        raise BadPicture(f"has colours of the kind {picture.mode}, which is not read here")


def _format(picture: Any) -> str:
    """``MPO`` is a JPEG with further pictures behind it, as some cameras write them."""
    return "JPEG" if picture.format == "MPO" else str(picture.format)


def _verify(picture: Any) -> None:
    # Decoders are fed whatever somebody found: any failure of theirs is the file's fault.
    try:
        picture.verify()
    except Exception as error:
        raise BadPicture(f"is damaged ({_short(error)})") from error


def _decode(picture: Any) -> tuple[str, ...]:
    """Unpack every pixel, and say what must be changed (metadata too is read by a decoder)."""
    try:
        how = _changes(picture)
        picture.load()
        return how
    except Exception as error:
        raise BadPicture(f"is damaged ({_short(error)})") from error


def _changes(picture: Any) -> tuple[str, ...]:
    how = []
    if getattr(picture, "is_animated", False):
        how.append("first frame of several")
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        how.append("turned upright")
    if _transparent(picture):
        how.append("transparency put on white")
    elif picture.mode != "RGB":
        how.append(f"{picture.mode} made RGB")
    if not how and _format(picture) not in _PLAIN:
        how.append(f"{_format(picture)} made PNG")
    return tuple(how)


def _transparent(picture: Any) -> bool:
    return "A" in picture.mode or "transparency" in picture.info


def _short(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text if len(text) <= 80 else text[:77] + "…"
