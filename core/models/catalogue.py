"""The catalogue: short model names and what is known of each without downloading anything.

The table is ``data/models.tsv`` (1,164 rows, 1,161 distinct short names); ``data/collisions.tsv``
says which row keeps a name that stands twice, and why. Reading it takes a few milliseconds and
imports nothing outside the standard library.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

#: The only task whose models answer questions in text.
CAUSAL_LM = "causal_lm"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One registered checkpoint.

    ``params_b`` and ``active_b`` are billions of parameters (nominal, from the name), ``None``
    where unknown; ``architectures`` are class names as ``config.json`` spells them (alternatives,
    any one may be the right one); ``requires`` is free text; ``note`` explains a decided collision.
    """

    short_name: str
    hf_id: str | None
    ms_id: str | None
    family: str
    chat_format: str
    modality: str
    architectures: tuple[str, ...]
    requires: str
    params_b: float | None
    active_b: float | None
    task: str
    tags: tuple[str, ...]
    note: str = ""

    @property
    def hub_ids(self) -> tuple[str, ...]:
        """The ids under which hubs know it, Hugging Face first."""
        return tuple(i for i in (self.hf_id, self.ms_id) if i)


def _table(name: str) -> list[dict[str, str]]:
    text = files("core.models").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _entry(row: dict[str, str]) -> CatalogueEntry:
    return CatalogueEntry(
        short_name=row["short_name"],
        hf_id=row["hf_id"] or None,
        ms_id=row["ms_id"] or None,
        family=row["model_type"],
        chat_format=row["template"],
        modality=row["modality"],
        architectures=_split(row["architecture"]),
        requires=row["requires"],
        params_b=_number(row["params_b"]),
        active_b=_number(row["active_b"]),
        task=row["task"],
        tags=_split(row["tags"]),
    )


@lru_cache(maxsize=1)
def _load() -> tuple[tuple[CatalogueEntry, ...], tuple[CatalogueEntry, ...]]:
    """(rows that keep their name, rows that lost it to another), both in table order."""
    decided = {
        (row["short_name"], row["ms_id"], row["model_type"]): row
        for row in _table("collisions.tsv")
    }
    kept: list[CatalogueEntry] = []
    shadowed: list[CatalogueEntry] = []
    for row in _table("models.tsv"):
        entry = _entry(row)
        decision = decided.get((entry.short_name, entry.ms_id or "", entry.family))
        if decision is None:
            kept.append(entry)
            continue
        entry = replace(entry, hf_id=decision["hf_id"] or entry.hf_id, note=decision["note"])
        (kept if decision["keeps_name"] == "yes" else shadowed).append(entry)
    return tuple(kept), tuple(shadowed)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, CatalogueEntry]:
    return {entry.short_name.lower(): entry for entry in _load()[0]}


@lru_cache(maxsize=1)
def _by_hub_id() -> dict[str, CatalogueEntry]:
    kept, shadowed = _load()
    index: dict[str, CatalogueEntry] = {}
    for entry in (*kept, *shadowed):
        for hub_id in entry.hub_ids:
            index.setdefault(hub_id.lower(), entry)
    return index


def entries() -> tuple[CatalogueEntry, ...]:
    """Every distinct short name, in table order."""
    return _load()[0]


def rows() -> tuple[CatalogueEntry, ...]:
    """Every row, those that lost a name collision last."""
    kept, shadowed = _load()
    return kept + shadowed


def get(name: str) -> CatalogueEntry | None:
    """The entry of a short name (case-insensitive), or ``None``."""
    return _by_name().get(name.lower())


def by_hub_id(hub_id: str) -> CatalogueEntry | None:
    """The entry of a Hugging Face or ModelScope id (case-insensitive), or ``None``.

    Several short names may share one id; the first in the table is given.
    """
    return _by_hub_id().get(hub_id.lower())


def find(name: str) -> CatalogueEntry | None:
    """The entry of a short name or a hub id, or ``None``."""
    return get(name) or by_hub_id(name)


def search(
    grep: str = "", modality: str | None = None, task: str | None = None
) -> list[CatalogueEntry]:
    """Entries whose name, ids, family or tags contain ``grep`` (case-insensitive), in table order.

    ``modality`` is ``text``, ``vision``, ``audio``, ``video`` or ``omni``; ``task`` e.g.
    ``causal_lm``, ``embedding``, ``reranker``.
    """
    needle = grep.lower()
    return [
        entry
        for entry in entries()
        if (modality is None or entry.modality == modality)
        and (task is None or entry.task == task)
        and needle
        in " ".join((entry.short_name, *entry.hub_ids, entry.family, *entry.tags)).lower()
    ]


def suggest(name: str, n: int = 3, extra: tuple[str, ...] = ()) -> list[str]:
    """The ``n`` nearest names; hub ids are compared with hub ids, short names with short names.

    ``extra`` are further names to compare with (the packaged model's).
    """
    wanted = name.lower()
    if "/" in wanted:
        known = {i.lower(): i for entry in entries() for i in entry.hub_ids[:1]}
    else:
        known = {k: entry.short_name for k, entry in _by_name().items()}
        known.update({x.lower(): x for x in extra})
    return [known[k] for k in difflib.get_close_matches(wanted, known, n=n, cutoff=0.3)]
