"""Pictures that differ only in the depicted gender presentation, and where they come from.

``load_set(PictureOptions())`` is the embedded default: emoji people at work, rendered from an
installed package. What such pictures measure is the reading of a *depicted* presentation, never
anyone's identity.
"""

from audit.pictures import controls
from audit.pictures.base import (
    PRESENTATIONS,
    SKINS,
    Picture,
    PictureOptions,
    PictureSet,
    Presentation,
    Skin,
    Skipped,
)  # fmt: skip
from audit.pictures.load import STYLES, load_set
from audit.pictures.professions import Look, Profession, Stereotype, drawn_professions, professions
from audit.pictures.thumbnails import thumbnail

__all__ = [
    "PRESENTATIONS", "SKINS", "STYLES", "Look", "Picture", "PictureOptions", "PictureSet",
    "Presentation", "Profession", "Skin", "Skipped", "Stereotype", "controls",
    "drawn_professions", "load_set", "professions", "thumbnail",
]  # fmt: skip
