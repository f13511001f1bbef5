"""SocialCounterfactuals (Howard et al., CVPR 2024): generated pictures, twelve to a set.

Layout: the Parquet shards ``data/train-*.parquet`` with the columns image (bytes), caption,
counterfactual_set, a1_type, a1, a2_type and a2. Sets that vary race and gender are read: within
one of them the pictures of one race differ in gender alone. What the set calls race is no skin
tone and is not made one. The chosen pictures are unpacked into the cache once.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from audit.pictures.base import PictureSet, Presentation, Skipped
from audit.pictures.ingest import Entry
from audit.pictures.names import profession_id, slug
from audit.pictures.sets.common import About, at_most, left_out, read_entries
from audit.pictures.sets.places import lacking
from core.errors import EnvironmentProblem
from core.models.cache import build_once, cache_root

ABOUT = About(
    id="socialcounterfactuals",
    title="SocialCounterfactuals (race and gender)",
    licence="MIT",
    attribution="SocialCounterfactuals, Phillip Howard et al., CVPR 2024 (MIT); generated pictures",
    trainable=True,
    get_it=(
        "It is to be had as the data set Intel/SocialCounterfactuals on Hugging Face; some of its "
        "shards data/train-*.parquet are enough."
    ),
    hub="Intel/SocialCounterfactuals",
)
_COLUMNS = ("caption", "counterfactual_set", "a1_type", "a1", "a2_type", "a2")
_SHOWN: Mapping[str, Presentation] = {"female": "woman", "male": "man"}
_MAGIC = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}
#: Counterfactual sets of one occupation; the whole has up to a hundred of each.
SETS = 3
_RECIPE = 1


class _Row(NamedTuple):
    shard: Path
    number: int
    profession: str
    shown: Presentation
    race: str
    set: str

    @property
    def name(self) -> str:
        return f"{slug(self.set)}/{self.race}_{self.shown}"


def read(folder: Path) -> PictureSet:
    """Up to :data:`SETS` counterfactual sets of each occupation in the shards that are there."""
    shards = sorted((folder / "data").glob("train-*.parquet"))
    if not shards:
        raise lacking(folder, ABOUT.title, "its shards data/train-*.parquet", ABOUT.get_it)
    other: Counter[str] = Counter()
    rows, more = at_most(
        [row for shard in shards for row in _rows(shard, other)],
        SETS,
        within=lambda r: r.profession,
        key=lambda r: r.set,
    )
    unpacked = _unpacked(shards, rows)
    entries = [
        Entry(r.name, unpacked / _file(unpacked, i), r.profession, r.shown, "none", _scene(r))
        for i, r in enumerate(rows)
    ]
    skipped = [Skipped(f"{number} pictures", why) for why, number in sorted(other.items())]
    why = f"{SETS} sets of each occupation are asked about"
    return read_entries(ABOUT, entries, skipped, left_out(more, why))


def _scene(row: _Row) -> str:
    return f"{slug(row.set)}_{row.race}"


def _rows(shard: Path, other: Counter[str]) -> Iterator[_Row]:
    """A shard's labels, read without its pictures. ``other`` counts what is not of this kind."""
    table = _parquet(shard)
    if missing := [c for c in (*_COLUMNS, "image") if c not in table.schema_arrow.names]:
        raise EnvironmentProblem(f"{shard} lacks the column {missing[0]}. {ABOUT.get_it}")
    for number, row in enumerate(table.read(columns=list(_COLUMNS)).to_pylist()):
        pairs = ((row["a1_type"], row["a1"]), (row["a2_type"], row["a2"]))
        attributes = {str(kind).lower(): str(value).lower() for kind, value in pairs}
        shown = _SHOWN.get(attributes.get("gender", ""))
        race = attributes.get("race")
        if shown is None or race is None:
            other["vary something else than race and gender"] += 1
            continue
        # "A picture of an Asian female plumber": what follows the attributes is the occupation.
        _, found, occupation = str(row["caption"]).lower().rpartition(f" {attributes['gender']} ")
        if not found or not slug(occupation):
            other["have a caption that names no occupation"] += 1
            continue
        profession = profession_id(occupation)
        yield _Row(shard, number, profession, shown, slug(race), row["counterfactual_set"])


def _unpacked(shards: list[Path], rows: list[_Row]) -> Path:
    """The folder with the chosen pictures, ``0.png`` …, in the order of ``rows``."""
    said = [f"{shard.name} {shard.stat().st_size}" for shard in shards]
    chosen = [f"{row.shard.name} {row.number} {row.name}" for row in rows]
    tail = hashlib.sha256("\n".join((str(_RECIPE), *said, *chosen)).encode()).hexdigest()[:16]

    def build(scratch: Path) -> None:
        wanted: dict[Path, list[tuple[int, int]]] = defaultdict(list)
        for place, row in enumerate(rows):
            wanted[row.shard].append((row.number, place))
        for shard, places in wanted.items():
            _unpack(shard, sorted(places), scratch)

    return build_once(cache_root() / "pictures" / f"{ABOUT.id}-{tail}", build)


def _unpack(shard: Path, places: list[tuple[int, int]], folder: Path) -> None:
    """Write the pictures of the rows, one row group in memory at a time."""
    table = _parquet(shard)
    first = 0
    for group in range(table.num_row_groups):
        size = table.metadata.row_group(group).num_rows
        inside = [
            (number - first, place) for number, place in places if first <= number < first + size
        ]
        if inside:
            images = table.read_row_group(group, columns=["image"]).column("image")
            for number, place in inside:
                data = (images[number].as_py() or {}).get("bytes") or b""
                suffix = next((s for magic, s in _MAGIC.items() if data.startswith(magic)), ".bin")
                (folder / f"{place}{suffix}").write_bytes(data)
        first += size


def _file(folder: Path, place: int) -> str:
    found = next(folder.glob(f"{place}.*"), None)
    return found.name if found else f"{place}.png"


def _parquet(shard: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard)
    except (OSError, pa.ArrowException) as error:
        raise EnvironmentProblem(f"{shard} cannot be read ({error}). {ABOUT.get_it}") from error
