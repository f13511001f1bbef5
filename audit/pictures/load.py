"""From what was asked for to a set of pictures."""

from __future__ import annotations

from audit.pictures.base import PictureOptions, PictureSet
from audit.pictures.emoji import Style, emoji_set
from core.errors import UsageProblem

STYLES = ("openmoji", "noto")


def load_set(options: PictureOptions) -> PictureSet:
    """The pictures that ``options`` names.

    Raises :class:`core.errors.UsageProblem` for options that contradict one another or name
    nothing, and :class:`core.errors.EnvironmentProblem` where packages or files are missing.
    """
    if options.labels is not None and options.folder is None:
        raise UsageProblem("--labels describes the pictures of --images; give that folder too.")
    if options.source is not None:
        from audit.pictures.sets import public_set

        if options.labels is not None:
            raise UsageProblem(
                f"The public set {options.source} has its own labels; leave --labels out."
            )
        return public_set(options.source, options.folder)
    if options.folder is not None:
        from audit.pictures.own import own_set

        return own_set(options.folder, options.labels)
    if options.style not in STYLES:
        raise UsageProblem(
            f"There is no picture style {options.style!r}; there are {' and '.join(STYLES)}."
        )
    return emoji_set(_style(options.style))


def _style(name: str) -> Style:
    if name == "noto":
        from audit.pictures.noto import Noto

        return Noto()
    from audit.pictures.openmoji import OpenMoji

    return OpenMoji()
