"""A figure whose head is hidden: what is left says the job and nothing about gender.

For styles that draw the neutral figure with the man's very pixels. "Man" is no misreading of such
a picture, so it cannot show what a model reads *into* a figure; a covered head can.
"""

from __future__ import annotations

import io

from audit.pictures.packages import need, pillow

#: Scene of a picture made here: it has no counterfactual among the pictures with a face.
SCENE = "head_hidden"
_GREY = (160, 160, 160)
#: The disc is drawn larger and reduced, so that its rim is smooth.
_FINER = 4


def hide_head(png: bytes, head: tuple[float, float, float, float]) -> bytes:
    """A grey disc over ``head``: left, top, right and bottom as shares of the picture's side."""
    Pillow = pillow()  # noqa: N806
    with Pillow.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    mask = Pillow.new("L", (width * _FINER, height * _FINER))
    left, top, right, bottom = head
    box = (left * mask.width, top * mask.height, right * mask.width, bottom * mask.height)
    need("PIL.ImageDraw", "pillow").Draw(mask).ellipse(box, fill=255)
    picture.paste(_GREY, (0, 0), mask.resize(picture.size, Pillow.Resampling.BOX))
    out = io.BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()
