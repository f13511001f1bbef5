"""What was done: the training data, the settings, the merge and how long each step took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.reports.numbers import count, finite
from audit.reports.text import same
from remediate.report.load import RepairRecord
from remediate.report.samples import visible
from remediate.report.words import Bilingual, has, name_of, say

Fact = tuple[Bilingual, Bilingual]


@dataclass(frozen=True, slots=True)
class PairSample:
    probe: Bilingual
    prompt: str
    chosen: str
    rejected: str
    twin: bool


@dataclass(frozen=True, slots=True)
class DataView:
    """``counts``: kind of pair, its name, pairs to train on and to validate with."""

    counts: list[tuple[Bilingual, Bilingual, str, str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    samples: list[PairSample] = field(default_factory=list)


#: Probes whose two texts differ in gender alone; the others' sides are not alike.
_TWINS = frozenset({"choice", "pronoun", "sentence", "text"})


def data(record: RepairRecord) -> DataView | None:
    """The data card; None where remediation.json has none."""
    card = record.part("data")
    if not card:
        return None
    counts = card.get("counts") or {}
    train, validation = (counts.get(part) or {} for part in ("train", "validation"))
    rows = [
        (
            _named("pairs", kind, "label"),
            _named("pairs", kind, "about"),
            count(int(train.get(kind, 0))),
            count(int(validation.get(kind, 0))),
        )
        for kind in dict.fromkeys([*train, *validation])
    ]
    samples = [
        PairSample(
            probe=_named("pairs", probe, "label"),
            prompt=visible(str(one.get("prompt", ""))),
            chosen=visible(str(one.get("chosen", ""))),
            rejected=visible(str(one.get("rejected", ""))),
            twin=probe in _TWINS,
        )
        for probe, own in (card.get("samples") or {}).items()
        for one in own[:2]
    ]
    return DataView(rows, _card_facts(card), samples)


def _named(kind: str, value: str, part: str) -> Bilingual:
    key = f"{kind}.{value}.{part}"
    if has(key):
        return say(key)
    return same(visible(value, 40).replace("_", " ") if part == "label" else "")


def _card_facts(card: Mapping[str, Any]) -> list[Fact]:
    out: list[Fact] = []
    for name in ("train", "validation", "held_out"):
        ids = (card.get("split") or {}).get(name)
        if ids is not None:
            out.append((say(f"data.jobs_{name}"), same(count(len(ids)))))
    for name, kind in (("balance", "group"), ("sources", "source"), ("languages", "lang")):
        shares = card.get(name)
        if shares:
            parts = [(name_of(kind, str(k)), count(int(n))) for k, n in shares.items()]
            text = Bilingual(
                ", ".join(f"{n.en} {c}" for n, c in parts),
                "、".join(f"{n.zh} {c}" for n, c in parts),
            )
            out.append((say(f"data.{name}"), text))
    spreads = {
        "per_job": card.get("pairs_per_occupation"),
        "words_chosen": (card.get("words") or {}).get("chosen"),
        "words_rejected": (card.get("words") or {}).get("rejected"),
        "length_difference": card.get("length_difference"),
        "fluency_chosen": (card.get("fluency") or {}).get("chosen"),
        "fluency_rejected": (card.get("fluency") or {}).get("rejected"),
    }
    out += [(say(f"data.{name}"), _spread(s)) for name, s in spreads.items() if s]
    if card.get("distinct_texts") is not None:
        out.append((say("data.distinct"), same(count(int(card["distinct_texts"])))))
    checked = card.get("leak_check")
    if checked:
        gaps = {k: count(int(checked.get(k, 0))) for k in ("pairs", "audited_items")}
        out.append((say("data.leaks"), say("data.leaks_text", **gaps)))
    return out


def _spread(found: Mapping[str, Any]) -> Bilingual:
    return say("data.spread", **{k: f"{found[k]:g}" for k in ("min", "median", "max")})


def training(record: RepairRecord) -> list[Fact]:
    """Settings worth reading first, in words."""
    found = record.part("training")
    out: list[Fact] = []
    for key in ("tuner", "loss", "target", "parallel"):
        if found.get(key) is not None:
            out.append((say(f"training.{key}"), name_of(key, str(found[key]))))
    numbers = (
        "rank", "alpha", "learning_rate", "batch", "micro_batch", "max_length", "nproc",
        "steps", "steps_done", "best_step", "evaluate_every", "patience", "seed",
    )  # fmt: skip
    for key in numbers:
        value = finite(found.get(key))
        if value is not None:
            out.append((say(f"training.{key}"), same(f"{value:g}")))
    return out


def other_settings(record: RepairRecord) -> list[tuple[str, str]]:
    """The settings that :func:`training` does not show, by their own names."""
    shown = {
        "tuner", "loss", "target", "parallel", "rank", "alpha", "learning_rate", "batch",
        "micro_batch", "max_length", "nproc", "steps", "steps_done", "best_step",
        "evaluate_every", "patience", "seed", "validation",
    }  # fmt: skip
    return [
        (str(key), f"{value:g}" if isinstance(value, float) else visible(str(value), 80))
        for key, value in record.part("training").items()
        if key not in shown
    ]


def merge(record: RepairRecord) -> Bilingual | None:
    """Is the merged model the trained one? None where nothing was merged."""
    check = record.part("merge")
    difference, tolerance = finite(check.get("max_difference")), finite(check.get("tolerance"))
    if difference is None or tolerance is None:
        return None
    key = "merge.same" if difference <= tolerance else "merge.other"
    return say(
        key, difference=f"{difference:.2g}", tolerance=f"{tolerance:g}",
        n=int(finite(check.get("n_prompts")) or 0), dtype=visible(str(check.get("dtype", "?")), 20),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timing:
    """``share`` of the longest step, 0–1."""

    name: Bilingual
    text: Bilingual
    share: float


def timings(record: RepairRecord) -> list[Timing]:
    found = {k: s for k, v in record.part("timings").items() if (s := finite(v)) is not None}
    longest = max(found.values(), default=0.0) or 1.0
    return [Timing(name_of("step", k), duration(s), s / longest) for k, s in found.items()]


def total_time(record: RepairRecord) -> Bilingual | None:
    found = [s for v in record.part("timings").values() if (s := finite(v)) is not None]
    return duration(sum(found)) if found else None


def duration(seconds: float) -> Bilingual:
    """“12 s”, “3 min 10 s”, “2 h 5 min”."""
    whole = round(seconds)
    if whole < 60:
        return say("duration.s", s=whole)
    if whole < 3600:
        return say("duration.min", m=whole // 60, s=whole % 60)
    minutes = round(seconds / 60)
    return say("duration.h", h=minutes // 60, m=minutes % 60)
