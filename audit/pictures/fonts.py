"""Where this machine keeps its Noto colour emoji font."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from core.errors import EnvironmentProblem, UsageProblem

#: Environment variable that names the font's file, before every other place.
FONT_VARIABLE = "EQUIPOISE_EMOJI_FONT"
_FAMILY = "Noto Color Emoji"
_FILE = "NotoColorEmoji.ttf"
#: Searched where fontconfig is absent or knows nothing: Linux, the user's own, macOS, Windows.
_FOLDERS = (
    "~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts",
    "~/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
_SECONDS = 20


def noto_font() -> Path:
    """The font's file. Raises :class:`EnvironmentProblem` where no place has it."""
    if own := os.environ.get(FONT_VARIABLE):
        path = Path(own).expanduser()
        if not path.is_file():
            raise UsageProblem(f"{FONT_VARIABLE} names {path}, which is not a file; correct it.")
        return path
    for path in (*_known_to_fontconfig(), *_in_common_folders()):
        if path.is_file():
            return path
    raise EnvironmentProblem(
        f"The picture style noto needs the font {_FAMILY}, which is not on this machine; install "
        "it (Debian and Ubuntu: `apt install fonts-noto-color-emoji`, Fedora: "
        "`dnf install google-noto-color-emoji-fonts`), put its file into ~/.local/share/fonts, or "
        f"let {FONT_VARIABLE} name it."
    )


def font_revision(path: Path) -> str:
    """``fontRevision`` of the table ``head`` (OpenType specification), three decimals.

    Raises :class:`EnvironmentProblem` for a file that is no font.
    """
    try:
        with path.open("rb") as file:
            (tables,) = struct.unpack(">4xH6x", file.read(12))
            for _ in range(tables):
                tag, offset = struct.unpack(">4s4xI4x", file.read(16))
                if tag == b"head":
                    file.seek(offset + 4)
                    (revision,) = struct.unpack(">i", file.read(4))
                    return f"{revision / 65536:.3f}"
    except (OSError, struct.error) as error:
        raise EnvironmentProblem(f"{path} cannot be read as a font ({error}).") from error
    raise EnvironmentProblem(f"{path} cannot be read as a font (it has no table head).")


def _known_to_fontconfig() -> Iterator[Path]:
    """What ``fc-list`` says, which also knows folders that somebody configured."""
    program = shutil.which("fc-list")
    if not program:
        return
    try:
        done = subprocess.run(
            [program, f":family={_FAMILY}", "--format", "%{file}\n"],
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        # Only one of the places to look: the folders are searched next.
        return
    # The COLRv1 build of the font has no bitmaps, which is what is drawn here.
    yield from (Path(line) for line in sorted(done.stdout.splitlines()) if line.endswith(_FILE))


def _in_common_folders() -> Iterator[Path]:
    for name in _FOLDERS:
        folder = Path(name).expanduser()
        if folder.is_dir():
            yield from sorted(folder.rglob(_FILE))
