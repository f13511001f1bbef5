"""The style Noto: bitmaps of the font Noto Color Emoji, drawn by Pillow.

A second hand drew these, so what a model does on both styles is no quirk of one set of drawings.
Sequences become one glyph only where Pillow shapes text with Raqm.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

from audit.pictures.emoji import MissingDrawing
from audit.pictures.fonts import font_revision, noto_font
from audit.pictures.packages import need, pillow
from audit.pictures.sequences import text
from core.errors import EnvironmentProblem

#: The one size the font has bitmaps for; Pillow refuses any other.
_SIZE = 109
#: The bitmaps fill 136 × 128 pixels; a little white keeps the figure off the border.
_SIDE = 144
#: Width of one glyph. A sequence that the font does not know comes out as several.
_ONE_GLYPH = 140


class Noto:
    """The system's Noto colour font. Raises :class:`EnvironmentProblem` where it cannot be used."""

    name = "noto"
    title = "Noto Color Emoji"
    # Debian's and Google's fonts folder; the drawings themselves are Apache-2.0.
    licence = "OFL-1.1"
    head = (0.2, 0.3, 0.8, 0.8)
    attribution = (
        "Noto Color Emoji, copyright Google Inc., SIL Open Font License 1.1; drawings Apache-2.0. "
        "Rendered on white and enlarged by Equipoise, otherwise unchanged."
    )

    def __init__(self) -> None:
        self._image = pillow()
        self._draw = need("PIL.ImageDraw", "pillow")
        if not need("PIL.features", "pillow").check("raqm"):
            raise EnvironmentProblem(
                "The picture style noto needs Pillow with Raqm, which joins an emoji sequence into "
                "one picture; install Pillow from its wheel and the system's FriBiDi "
                "(libfribidi0), or use the style openmoji."
            )
        self._path = noto_font()
        self._font = self._open()
        digest = hashlib.sha256(self._path.read_bytes()).hexdigest()
        self._digest = digest
        # Distributions ship different builds under one revision.
        self.version = f"{font_revision(self._path)}-{digest[:8]}"

    def source(self) -> Mapping[str, str]:
        """The font's digest, and the renderer."""
        return {
            "font": f"Noto Color Emoji {self.version}",
            "url": "https://github.com/googlefonts/noto-emoji",
            "font_sha256": self._digest,
            "renderer": f"pillow {need('PIL', 'pillow').__version__}",
        }

    def draw(self, codepoints: tuple[str, ...], size: int) -> bytes:
        """See :class:`audit.pictures.emoji.Style`."""
        written = text(codepoints)
        width = self._font.getlength(written)
        if not 0 < width < _ONE_GLYPH:
            raise MissingDrawing(f"Noto Color Emoji {self.version} has no {'-'.join(codepoints)}")
        picture = self._image.new("RGB", (_SIDE, _SIDE), "white")
        left, top, right, bottom = self._font.getbbox(written)
        corner = ((_SIDE - (right - left)) // 2 - left, (_SIDE - (bottom - top)) // 2 - top)
        self._draw.Draw(picture).text(corner, written, font=self._font, embedded_color=True)
        if picture.getcolors(1) is not None:
            raise MissingDrawing(f"Noto Color Emoji {self.version} leaves {written!r} empty")
        picture = picture.resize((size, size), self._image.Resampling.LANCZOS)
        out = io.BytesIO()
        picture.save(out, format="PNG")
        return out.getvalue()

    def _open(self) -> Any:
        fonts = need("PIL.ImageFont", "pillow")
        try:
            return fonts.truetype(str(self._path), _SIZE, layout_engine=fonts.Layout.RAQM)
        except OSError as error:
            raise EnvironmentProblem(
                f"{self._path} cannot be used ({error}); the style noto needs the bitmap build of "
                "Noto Color Emoji (NotoColorEmoji.ttf)."
            ) from error
