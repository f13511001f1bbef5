"""Public sets of pictures of people, read from a local folder in the layout they are given out in.

Nothing of them is part of this project and nothing is downloaded: a set is found in the folder
``$EQUIPOISE_DATA/NAME``, in the cache (``pictures/data/NAME``), in the cache of Hugging Face's
client, or where ``--images`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from audit.pictures.base import PictureSet
from audit.pictures.sets.places import set_folder
from core.errors import UsageProblem

#: Names that ``--image-set`` takes, and the module that reads the set.
_MODULES: Mapping[str, str] = {
    "pairs": "pairs",
    "visogender": "visogender",
    "fairface": "fairface",
    "socialcounterfactuals": "socialcounterfactuals",
    "genderbias-vl": "genderbias_vl",
}
SOURCES = tuple(_MODULES)


def public_set(name: str, folder: Path | None = None) -> PictureSet:
    """The public set ``name``, from ``folder`` or wherever this machine keeps it.

    Raises :class:`UsageProblem` for a name that is none, and
    :class:`core.errors.EnvironmentProblem` where the set or a part of it is not there.
    """
    if name not in _MODULES:
        raise UsageProblem(f"There is no picture set {name!r}; there are {', '.join(SOURCES)}.")
    module = import_module(f"audit.pictures.sets.{_MODULES[name]}")
    found = set_folder(name, folder, hint=module.ABOUT.get_it, hub=module.ABOUT.hub)
    pictures: PictureSet = module.read(found)
    return pictures
