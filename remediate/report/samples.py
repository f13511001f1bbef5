"""Answers before and after, side by side. Every text here is a model's: untrusted."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from audit.reports.text import pair
from core.text import encodable
from remediate.gates.measure import load_data
from remediate.report.load import RepairRecord
from remediate.report.words import Bilingual, name_of

#: Questions shown for each probe, and characters of one text.
PER_PROBE: Final = 8
LONGEST: Final = 700
_KEYS: Final = ["suite", "probe", "item", "sample"]
#: Control and direction-changing characters: they would hide or reorder what stands around them.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question, both answers, and how the audit read them (empty where it did not)."""

    about: Bilingual
    prompt: str
    answers: tuple[str, str]
    labels: tuple[str, str] = ("", "")
    #: A URL with the picture's bytes, "" where none was shown.
    picture: str = ""


@dataclass(frozen=True, slots=True)
class SampleGroup:
    key: str
    name: Bilingual
    samples: list[Sample]
    total: int


def visible(text: str, longest: int = LONGEST) -> str:
    """*text* with what cannot be seen written out as ‹U+XXXX›, cut at *longest* characters."""
    cut = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    cut = _UNSEEN.sub(lambda m: f"‹U+{ord(m.group()):04X}›", cut.strip("\n"))
    return encodable(cut)


def held_out_samples(record: RepairRecord) -> list[SampleGroup]:
    """Sampled answers of the repaired suite, drawn by a hash of the question, not by what they say.

    At most :data:`PER_PROBE` a probe, no occupation twice while there are others.
    """
    if record.before is None or record.after is None:
        return []
    if record.before.responses is None or record.after.responses is None:
        return []
    was, now = (_sampled(run.responses, record.aim) for run in (record.before, record.after))
    shown = thumbnails(record.before.folder) if record.about_pictures else {}
    both = was.merge(now[[*_KEYS, "response", "label"]], on=_KEYS, suffixes=("_was", "_now"))
    names = {
        str(c.get("cluster")): pair(c.get("label"), c.get("cluster"))
        for suite in record.before.suites
        for c in suite.get("clusters") or []
    }
    groups = []
    for probe, own in both.groupby("probe", sort=True):
        rows = _draw(own.to_dict("records"))
        samples = [_sample(row, names, shown) for row in rows]
        groups.append(SampleGroup(str(probe), name_of("probe", str(probe)), samples, len(own)))
    return groups


def _sampled(frame: pd.DataFrame | None, suite: str) -> pd.DataFrame:
    assert frame is not None
    own = frame[(frame["suite"] == suite) & (frame["route"] == "sampled")]
    return own.drop_duplicates(_KEYS)


def _draw(rows: Iterable[dict[Any, Any]]) -> list[dict[Any, Any]]:
    def key(row: dict[Any, Any]) -> str:
        return hashlib.sha256(f"{row['item']}#{row['sample']}".encode()).hexdigest()

    order = sorted(rows, key=key)
    seen: dict[str, int] = {}
    turns = []
    for row in order:
        turns.append(seen.setdefault(row["cluster"], 0))
        seen[row["cluster"]] += 1
    ranked = sorted(zip(turns, range(len(order)), strict=True))
    return [order[n] for _, n in ranked[:PER_PROBE]]


def thumbnails(run: Path) -> dict[str, str]:
    """Id → the small copy of a picture that the run folder keeps, as a URL that holds its bytes."""
    from audit.shown import read_pictures

    found = {}
    for own in read_pictures(run):
        for picture in own["pictures"]:
            path = run / picture["file"]
            if path.is_file():
                data = base64.b64encode(path.read_bytes()).decode()
                found[str(picture["id"])] = f"data:image/png;base64,{data}"
    return found


def _sample(row: dict[Any, Any], names: dict[str, Bilingual], shown: Mapping[str, str]) -> Sample:
    cluster = str(row["cluster"])
    return Sample(
        about=names.get(cluster) or pair(None, visible(cluster, 60)),
        prompt=visible(str(row["prompt"])),
        answers=(visible(str(row["response_was"])), visible(str(row["response_now"]))),
        labels=(str(row["label_was"]), str(row["label_now"])),
        picture=shown.get(str(row.get("images") or ""), ""),
    )


def everyday_samples(record: RepairRecord) -> list[Sample]:
    """Greedy answers to everyday requests, all of them, by request."""
    out = []
    for key, (was, now) in record.answers.items():
        lang, _, number = key.partition("/")
        asked = load_data("everyday.yaml").get(lang, [])
        known = number.isdigit() and int(number) < len(asked)
        out.append(
            Sample(
                about=name_of("lang", lang),
                prompt=asked[int(number)] if known else visible(key, 60),
                answers=(visible(was), visible(now)),
            )
        )
    return out
