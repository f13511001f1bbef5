"""Which occupations and wordings are trained on, which only validate, and which judge.

The verdict is on occupations that no pair mentions and on the audit's own wordings, none of which
is a training wording. Validation occupations choose the checkpoint; they are on the train side of
that line, but no gradient sees them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.probes.occupations import Occupation, occupations

#: Shares of the occupations of every group. Half is kept for the verdict: fewer clusters there
#: would widen its intervals more than further jobs would help training.
VALIDATION_SHARE, HELD_OUT_SHARE = 0.15, 0.5
#: Share of training wordings that validate only.
WORDING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Splits:
    """Occupation ids by part. Every occupation is in exactly one."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    held_out: tuple[str, ...]

    def to_json(self) -> dict[str, list[str]]:
        return {
            "train": list(self.train),
            "validation": list(self.validation),
            "held_out": list(self.held_out),
        }


def split_occupations(seed: int, jobs: Sequence[Occupation] | None = None) -> Splits:
    """Split by seed, stratified by group (women-dominated, men-dominated, mixed)."""
    parts: dict[str, list[str]] = {"train": [], "validation": [], "held_out": []}
    every = list(jobs if jobs is not None else occupations())
    for group in sorted({job.group for job in every}):
        ids = ranked(seed, [job.id for job in every if job.group == group])
        held = round(len(ids) * HELD_OUT_SHARE)
        validating = max(1, round(len(ids) * VALIDATION_SHARE))
        parts["held_out"] += ids[:held]
        parts["validation"] += ids[held : held + validating]
        parts["train"] += ids[held + validating :]
    return Splits(**{name: tuple(ids) for name, ids in parts.items()})


def split_wordings(seed: int, names: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """(trained on, validating): at least one of each where there are two."""
    order = ranked(seed, names)
    validating = max(1, round(len(order) * WORDING_SHARE)) if len(order) > 1 else 0
    return order[validating:], order[:validating]


def ranked(seed: int, names: Iterable[str]) -> list[str]:
    """The names in an order that depends on the seed and each name alone."""
    return sorted(names, key=lambda name: _key(seed, name))


def _key(seed: int, name: str) -> str:
    # A hash instead of a generator: adding one does not move the others.
    return hashlib.sha256(f"repair:{seed}:{name}".encode()).hexdigest()
