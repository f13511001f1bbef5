"""From labelled files to pictures: checked, converted where needed, and nothing lost unsaid.

Whatever cannot be used stands in ``skipped`` with its reason. Plain files are used where they
lie; the others as converted copies in the user's cache, in one folder for one set of sources.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.pictures.base import Picture, Presentation, Skin, Skipped, picture_id
from audit.pictures.checks import BadPicture, check, plain
from core.errors import EnvironmentProblem
from core.models.base import Image
from core.models.cache import build_once, cache_root

#: Raised when a picture would be converted to other pixels than before.
_RECIPE = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled file. ``name``: what the set calls it, ``path``: where it lies here."""

    name: str
    path: Path
    profession: str
    presentation: Presentation
    skin: Skin = "none"
    scene: str = ""


@dataclass(slots=True)
class Ingested:
    """``kept``: every picture with the SHA-256 of its file."""

    kept: list[tuple[Picture, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    converted: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Good:
    entry: Entry
    digest: str
    how: tuple[str, ...]


def ingest(source: str, entries: Iterable[Entry]) -> Ingested:
    """Check and, where needed, convert every file. ``source`` begins the pictures' ids."""
    result = Ingested()
    good: list[_Good] = []
    for entry in entries:
        try:
            how = check(entry.path).how
            good.append(_Good(entry, _digest(entry.path), how))
        except BadPicture as bad:
            result.skipped.append(Skipped(entry.name, str(bad)))
        except OSError as error:
            why = f"cannot be read ({error.strerror or error})"
            result.skipped.append(Skipped(entry.name, why))
    good = _without_twins(good, result.skipped)
    copies = _converted(source, [one for one in good if one.how])
    for one in good:
        entry = one.entry
        path = copies(one.digest) if one.how else entry.path
        if one.how:
            result.converted.append(Skipped(entry.name, ", ".join(one.how)))
        image = Image(picture_id(source, entry.name), path)
        result.kept.append(
            (
                Picture(image, entry.profession, entry.presentation, entry.skin, entry.scene),
                one.digest,
            )
        )
    return result


def _without_twins(good: Sequence[_Good], skipped: list[Skipped]) -> list[_Good]:
    """One picture, one label: contradicting copies go altogether, agreeing ones but for the first.

    A picture that is called a woman once and a man once proves that a label is wrong, and
    nothing says which.
    """
    same: dict[str, list[_Good]] = defaultdict(list)
    for one in good:
        same[one.digest].append(one)
    kept = []
    for one in good:
        first, *others = same[one.digest]
        shown = {twin.entry.presentation for twin in same[one.digest]}
        if len(shown) > 1:
            mine = one.entry.presentation
            other = next(t.entry for t in (first, *others) if t.entry.presentation != mine)
            why = f"is labelled {mine}, and the same picture {other.name} {other.presentation}"
            skipped.append(Skipped(one.entry.name, why))
        elif one is not first:
            skipped.append(Skipped(one.entry.name, f"is the same picture as {first.entry.name}"))
        else:
            kept.append(one)
    return kept


def _converted(source: str, changed: Sequence[_Good]) -> Callable[[str], Path]:
    """Where the converted copy of a digest lies. The copies are made at the first call."""
    digests = sorted({one.digest for one in changed})
    tail = hashlib.sha256("\n".join((str(_RECIPE), *digests)).encode()).hexdigest()[:16]
    folder = cache_root() / "pictures" / f"{source}-converted-{tail}"

    def build(scratch: Path) -> None:
        files = {}
        for one in changed:
            plain(one.entry.path).save(scratch / f"{one.digest}.png")
            files[f"{one.digest}.png"] = {"source": one.entry.name, "how": list(one.how)}
        text = json.dumps({"source": source, "files": files}, ensure_ascii=False, indent=1)
        (scratch / "index.json").write_text(text + "\n", encoding="utf-8")

    if changed:
        build_once(folder, build)

    def find(digest: str) -> Path:
        path = folder / f"{digest}.png"
        if not path.is_file():
            raise EnvironmentProblem(
                f"The converted pictures in {folder} are damaged ({path.name} is missing); remove "
                "that folder and they are converted again."
            )
        return path

    return find


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
