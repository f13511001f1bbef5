"""Made-up pictures, and public sets in their real layouts with made-up pictures in them."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

SIZE = (32, 24)


def colour(number: int) -> tuple[int, int, int]:
    """A colour that no other number gives, so that no two pictures are the same."""
    return number * 67 % 256, number * 131 % 256, number % 251


def save(path: Path, number: int = 1, *, size: tuple[int, int] = SIZE, **options: Any) -> Path:
    """A picture of one colour, in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour(number)).save(path, **options)
    return path


def png_bytes(number: int = 1) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", SIZE, colour(number)).save(out, format="PNG")
    return out.getvalue()


def claiming(path: Path, width: int, height: int) -> Path:
    """A PNG of a few hundred bytes that says it has ``width`` × ``height`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    return path


def write_labels(folder: Path, rows: Sequence[Sequence[str]], columns: str = "") -> Path:
    """``labels.csv`` with the three columns that must be there, or the given ones."""
    path = folder / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow((columns or "file profession presentation").split())
        out.writerows(rows)
    return path


def write_pairs(root: Path, scenes: Sequence[tuple[str, str]]) -> Path:
    number = 0
    for section, scene in scenes:
        for who in ("black_man", "black_woman", "white_man", "white_woman"):
            number += 1
            save(root / "data" / section / scene / f"{who}.png", number)
    return root


VISOGENDER_COLUMNS = (
    "IDX", "Sector", "Specialisation", "Occupation", "Object",
    "URL type (Type NA if can't find)", "LICENSE OK?", "Occupation_perceived_gender",
    "Error codes", "Annotator",
)  # fmt: skip


def visogender_row(number: int, occupation: str, gender: str) -> tuple[str, ...]:
    url = f"https://example.org/{number}.jpeg?auto=compress"
    return (
        f"OO_{number}", "office", "legal", occupation, "desk", url, "Yes", gender, "", "somebody",
    )  # fmt: skip


def write_visogender(
    root: Path, rows: Sequence[tuple[str, ...]], *, date: str = "02102023"
) -> Path:
    path = root / "OO" / f"OO_Visogender_{date}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(VISOGENDER_COLUMNS), *("\t".join(row) for row in rows), "\t" * 9]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def write_fairface(
    root: Path, rows: Sequence[tuple[str, str, str, str]], part: str = "val"
) -> Path:
    """Rows of (file, age, gender, race), and the files."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"fairface_label_{part}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("file", "age", "gender", "race", "service_test"))
        out.writerows((*row, "True") for row in rows)
    for number, row in enumerate(rows, start=1):
        if not row[0].startswith(".."):
            save(root / row[0], number)
    return root


def write_genderbias_vl(root: Path, occupations: Sequence[str], pairs: int) -> Path:
    listed = []
    number = 0
    for occupation in occupations:
        for gender in ("female", "male"):
            for n in range(pairs):
                inside = f"{occupation}/{gender}/{n}.png"
                for part in ("xl_generate_base", "xl_generate_cf_via_instructpix2pix"):
                    number += 1
                    save(root / part / inside, number)
                listed.append(
                    {"occ": occupation, "gender": gender, "image_type": "base",
                     "image": f"xl_generate_base/{inside}", "query": "…", "filename": str(n)}
                )  # fmt: skip
    path = root / "test_meta_file" / "VLbias" / "occ_test_base_ask_gender.json"
    path.parent.mkdir(parents=True)
    # Every picture is asked about with several other occupations, so it is listed several times.
    path.write_text(json.dumps(listed + listed), encoding="utf-8")
    return root


def write_socialcounterfactuals(
    root: Path, occupations: Sequence[str], sets: int, *, shard: int = 0, more: Sequence[dict] = ()
) -> Path:
    """A shard with ``sets`` sets of two races and both genders, and the rows ``more``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = []
    for occupation in occupations:
        for n in range(sets):
            for race, article in (("White", "a"), ("Asian", "an")):
                for gender in ("male", "female"):
                    number = len(rows) + 1000 * shard + 1
                    rows.append(
                        {
                            "image": {"bytes": png_bytes(number), "path": None},
                            "counterfactual_set": f"race_gender_{occupation}_{n}",
                            "caption": f"A picture of {article} {race} {gender} {occupation}",
                            "a1a2": f"{race}_{gender}",
                            "a1_type": "race",
                            "a1": race,
                            "a2_type": "gender",
                            "a2": gender,
                        }
                    )
    rows.extend(more)
    path = root / "data" / f"train-{shard:05d}-of-00061-0123456789abcdef.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=5)
    return root
