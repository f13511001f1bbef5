"""What a run that shows pictures has beside one that asks in words: its sets, checks and copies.

A suite shows pictures where its class says ``needs_images = True``; it then has ``with_pictures``
(options → the suite about another set) and ``pictures`` (its set).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast

from audit.manifest import read_json, write_json
from audit.probes.base import Suite
from audit.schema import Item
from core.errors import EnvironmentProblem, UsageProblem

if TYPE_CHECKING:
    from audit.pictures import PictureOptions, PictureSet
    from core.models.base import Capabilities, Image
    from core.models.resolve import ResolvedModel

#: In a run folder: what was shown, and small copies of it.
FILE, FOLDER = "pictures.json", "pictures"


class Picturing(Protocol):
    """What a suite that shows pictures has beside :class:`audit.probes.base.Suite`."""

    name: str

    @property
    def pictures(self) -> PictureSet: ...

    def with_pictures(self, options: PictureOptions) -> Suite: ...


def shows_pictures(suite: object) -> TypeGuard[Picturing]:
    return bool(getattr(suite, "needs_images", False))


def with_pictures(suites: Mapping[str, Suite], options: PictureOptions | None) -> dict[str, Suite]:
    """The suites, those with pictures about the set that ``options`` names.

    Raises :class:`UsageProblem` where pictures are named and no suite shows any.
    """
    if options is None:
        return dict(suites)
    if not any(shows_pictures(suite) for suite in suites.values()):
        raise UsageProblem(
            "--image-style, --images, --labels and --image-set are for suites that show pictures "
            f"(vqa-gender); {', '.join(suites)} asks in words alone."
        )
    return {
        name: suite.with_pictures(options) if shows_pictures(suite) else suite
        for name, suite in suites.items()
    }


def check_model(suites: Iterable[Suite], name: str, resolved: ResolvedModel | None = None) -> None:
    """Refuse a text-only model for a suite that shows pictures: by its name, then by its folder.

    Without a name nothing is asked. Raises :class:`UsageProblem`.
    """
    if not name or not any(shows_pictures(suite) for suite in suites):
        return
    from core.models.vision import check_takes_images

    check_takes_images(name, resolved)


def check_engine(engine: str, capabilities: Capabilities, items: Iterable[Item]) -> None:
    """Raises :class:`EnvironmentProblem` where pictures are to be shown to what takes none."""
    if not capabilities.images and any(item.images for item in items):
        raise EnvironmentProblem(
            f"{engine} takes no pictures for this model as it is loaded here; choose another "
            "--backend (transformers, vllm, openai) or a model that it can show them to."
        )


def fingerprints(suites: Iterable[Suite]) -> dict[str, str]:
    """Suite → the fingerprint of its pictures: part of what makes a run the same run."""
    return {suite.name: suite.pictures.fingerprint for suite in suites if shows_pictures(suite)}


def keep_pictures(folder: Path, suites: Iterable[Suite], items: Sequence[Item]) -> None:
    """Small copies of what the run shows, and ``pictures.json``, so that its report needs no set.

    Written once: a resumed run finds them. Raises :class:`EnvironmentProblem` where they cannot be.
    """
    picturing = [suite for suite in suites if shows_pictures(suite)]
    if not picturing:
        return
    images = {
        suite.name: {
            image.id: image for item in items if item.suite == suite.name for image in item.images
        }
        for suite in picturing
    }
    known = {(s["suite"], s["fingerprint"]): len(s["pictures"]) for s in read_pictures(folder)}
    wanted = {(s.name, s.pictures.fingerprint): len(images[s.name]) for s in picturing}
    if known == wanted:
        return
    sets = [_keep_set(folder, suite, images[suite.name]) for suite in picturing]
    write_json(folder / FILE, {"schema_version": 1, "sets": sets})


def read_pictures(folder: Path) -> list[dict[str, Any]]:
    """The sets of a run folder's ``pictures.json``; none where a run showed no pictures."""
    if not (folder / FILE).exists():
        return []
    return cast(list[dict[str, Any]], read_json(folder / FILE)["sets"])


def _keep_set(folder: Path, suite: Picturing, images: Mapping[str, Image]) -> dict[str, Any]:
    found = suite.pictures
    what = {picture.image.id: picture for picture in found.pictures}
    rows = []
    for number, (name, image) in enumerate(images.items()):
        picture = what.get(name)
        # Numbers instead of ids: an id may hold what a file name must not.
        file = f"{FOLDER}/{suite.name}-{number:05d}.png"
        _write(folder / file, image)
        rows.append(
            {
                "id": name,
                "file": file,
                "profession": picture.profession if picture else "",
                "presentation": picture.presentation if picture else "",
                "skin": picture.skin if picture else "",
                "scene": picture.scene if picture else "",
            }
        )
    return {
        "suite": suite.name,
        "name": found.name,
        "style": found.style,
        "licence": found.licence,
        "attribution": found.attribution,
        "trainable": found.trainable,
        "fingerprint": found.fingerprint,
        "skipped": _told(found.skipped),
        "excluded": _told(found.excluded),
        "converted": _told(found.converted),
        "pictures": rows,
    }


def _told(skipped: Collection[Any]) -> list[dict[str, str]]:
    return [asdict(one) for one in skipped]


def _write(path: Path, image: Image) -> None:
    from audit.pictures import thumbnail

    data = thumbnail(image)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written ({error.strerror or error}): free some space or mend its "
            "permissions and run the same command again."
        ) from error
