"""Opening the picture of a question; what cannot be opened is named by its id."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

from core.errors import EnvironmentProblem
from core.models.base import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_SENT_AS_THEY_ARE = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def open_picture(image: Image) -> Picture:
    """The pixels, as RGB. Raises :class:`EnvironmentProblem` that names the picture's id.

    A picture of more pixels than Pillow thinks safe to unpack is refused, not only warned about.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise EnvironmentProblem(
            "Pictures are read by the package pillow, which is missing; install it with: "
            "pip install 'equipoise[vision]'."
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(image.path) as opened:
                return opened.convert("RGB")
    # Pillow's decoders raise SyntaxError and ValueError beside OSError on damaged data.
    except (
        OSError, SyntaxError, ValueError, EOFError, MemoryError,
        PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning,
    ) as error:  # fmt: skip
        raise EnvironmentProblem(
            f"The picture {image.id} cannot be read ({_why(error)}): look at the file {image.path}."
        ) from error


def data_url(image: Image) -> str:
    """The picture inside a URL (RFC 2397): PNG and JPEG files as they are, others as PNG.

    Raises as :func:`open_picture`: a server is not sent what is no picture.
    """
    picture = open_picture(image)
    raw = image.path.read_bytes()
    mime = next((kind for magic, kind in _SENT_AS_THEY_ARE.items() if raw.startswith(magic)), None)
    if mime is None:
        mime, written = "image/png", io.BytesIO()
        picture.save(written, "PNG")
        raw = written.getvalue()
    return f"data:{mime};base64,{base64.b64encode(raw).decode()}"


def _why(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".:")[:200]
