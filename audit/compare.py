"""Paired before/after: what changed between two audits of the same questions, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.left_out import LeftOut
from audit.manifest import write_json
from audit.metrics.answer_changes import (
    AnswerChange,
    MissingChange,
    answer_changes,
    missing_changes,
)
from audit.metrics.changes import MetricChange, compare_measures
from audit.pairing import Pairs, RunFolder, pair, read_run
from audit.probes.base import Comparable, get_suite
from core.errors import UsageProblem

COMPARE_SCHEMA_VERSION = 1
COMPARE = "compare.json"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Which run a side is."""

    folder: str
    model: str
    fingerprint: str | None
    adapter_fingerprint: str | None
    backend: str | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """compare.json. ``verdicts`` are the two runs' own, by ``suite/metric/route``; ``left_out``
    every answer that does not pair."""

    before: RunFacts
    after: RunFacts
    n_paired: int
    n_answered: int
    n_only_before: int
    n_only_after: int
    n_reworded: int
    left_out: tuple[LeftOut, ...]
    changes: tuple[MetricChange, ...]
    answers: tuple[AnswerChange, ...]
    missing: tuple[MissingChange, ...]
    verdicts: Mapping[str, tuple[str, str]]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, without NaN."""
        return {"schema_version": COMPARE_SCHEMA_VERSION, **asdict(self)}


def compare_runs(
    before: Path,
    after: Path,
    *,
    seed: int = 0,
    margins: Mapping[str, float] | None = None,
    allow_subset: bool = False,
    allow_versions: bool = False,
) -> Comparison:
    """Compare two finished run folders question by question.

    Margins are those that BEFORE declared, unless ``margins`` (by metric) says otherwise.
    ``allow_subset`` compares what the runs share instead of refusing runs that differ,
    ``allow_versions`` answers to different versions of a suite. Raises :class:`UsageProblem` for
    runs that do not pair and :class:`EnvironmentProblem` for folders that cannot be read.
    """
    first, second = read_run(before), read_run(after)
    others = _other_versions(first, second)
    if others and not allow_versions:
        raise UsageProblem(
            f"{'; '.join(others)}: other answers may have been offered to the same questions, and "
            "they may be read by other rules. Audit both with one version, or compare them all the "
            "same with --allow-versions."
        )
    pairs = pair(first, second, allow_subset=allow_subset)
    complete = pairs.complete()
    declared = first.margins()
    unknown = sorted(set(margins or {}) - {metric for _, metric in declared})
    if unknown:
        raise UsageProblem(f"No primary metric of these runs is called {', '.join(unknown)}.")
    changes: list[MetricChange] = []
    notes = _notes(first, second, pairs)
    notes += [f"{other}: answers may be read by other rules" for other in others]
    suites = list(dict.fromkeys(pairs.before["suite"]))
    for name in suites:
        suite = get_suite(name, before, after)
        if not isinstance(suite, Comparable):
            notes.append(f"the suite {name} offers no measures to compare")
            continue
        own = {metric: value for (owner, metric), value in declared.items() if owner == name}
        wanted = own | {m: v for m, v in (margins or {}).items() if m in own}
        was, now = (
            suite.measures(frame[frame["suite"] == name], margins=wanted) for frame in complete
        )
        changes += compare_measures(name, was, now, seed=seed)
    old, new = first.verdicts(), second.verdicts()
    keys = [(c.suite, c.metric, c.route) for c in changes]
    return Comparison(
        before=run_facts(first),
        after=run_facts(second),
        n_paired=len(pairs.before),
        n_answered=int(pairs.answered.sum()),
        n_only_before=pairs.only_before,
        n_only_after=pairs.only_after,
        n_reworded=pairs.reworded,
        left_out=pairs.left_out,
        changes=tuple(changes),
        answers=tuple(
            row
            for name in suites
            for row in answer_changes(pairs.before, pairs.after, pairs.answered, name, seed=seed)
        ),
        missing=tuple(
            row
            for name in suites
            for row in missing_changes(pairs.before, pairs.after, name, seed=seed)
        ),
        verdicts={"/".join(k): (old.get(k, ""), new.get(k, "")) for k in keys},
        notes=tuple(notes),
    )


def save(comparison: Comparison, out: Path) -> Path:
    """Write ``out``/compare.json whole or not at all; the folder is made."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / COMPARE
    write_json(path, comparison.to_json())
    return path


def run_facts(run: RunFolder) -> RunFacts:
    """What compare.json and models.json say of a run."""
    model, backend = run.manifest.get("model") or {}, run.manifest.get("backend") or {}
    return RunFacts(
        folder=str(run.folder),
        model=run.name,
        fingerprint=model.get("fingerprint"),
        adapter_fingerprint=model.get("adapter_fingerprint"),
        backend=backend.get("name"),
        seed=run.manifest.get("seed"),
    )


def _other_versions(before: RunFolder, after: RunFolder) -> list[str]:
    """A clause a suite that the two runs asked in different versions."""
    later = after.versions()
    return [
        f"{suite} {version} before, {later[suite]} after"
        for suite, version in before.versions().items()
        if later.get(suite, version) != version
    ]


def _notes(before: RunFolder, after: RunFolder, pairs: Pairs) -> list[str]:
    """What a reader must know before believing that the model alone changed."""
    notes = []
    left, right = run_facts(before), run_facts(after)
    if left.fingerprint and (left.fingerprint, left.adapter_fingerprint) == (
        right.fingerprint,
        right.adapter_fingerprint,
    ):
        notes.append("both runs are of the same weights: what differs is sampling or the engine")
    if left.backend != right.backend:
        notes.append(f"the engines differ: {left.backend} before, {right.backend} after")
    old, new = before.margins(), after.margins()
    moved = sorted({key[1] for key, value in old.items() if new.get(key, value) != value})
    if moved:
        notes.append(f"the margins of the earlier run are used for {', '.join(moved)}")
    lost = len(pairs.before) - int(pairs.answered.sum())
    if lost:
        notes.append(
            f"{lost} of {len(pairs.before)} pairs have a refused or unreadable side; metrics are "
            "over the others"
        )
    left_out = pairs.only_before + pairs.only_after + pairs.reworded
    if left_out:
        notes.append(f"{left_out} answers without an equal in the other run were left out")
    return notes
