"""The whole loop, step after step; a finished step is not run again."""

from __future__ import annotations

from typing import Any

from core.errors import UsageProblem
from remediate.repair import Repair
from remediate.stages.audits import audit
from remediate.stages.data import data
from remediate.stages.merge import merge_step
from remediate.stages.reference import reference
from remediate.stages.train import train
from remediate.stages.verify import verify

STAGES = ("data", "train", "merge", "verify")


def run_stage(repair: Repair, name: str) -> dict[str, Any] | None:
    """One stage alone; the stages before it must be there. ``verify`` returns remediation.json."""
    before = {"data": None, "train": "data", "merge": "train", "verify": "merge"}[name]
    if before is not None and repair.facts(before) is None:
        raise UsageProblem(
            f"`remediate {name}` needs what `remediate {before}` makes: run that first with the "
            "same --out."
        )
    if name == "data":
        if repair.options.source is not None:
            audit(repair, "audit_before", repair.model_path)
        data(repair)
    elif name == "train":
        reference(repair)
        train(repair)
    elif name == "merge":
        merge_step(repair)
    else:
        return _verified(repair)
    return None


def run_all(repair: Repair) -> dict[str, Any] | None:
    """Audit, data, training, merge, verification, report. None where merging was declined."""
    audit(repair, "audit_before", repair.model_path)
    for name in STAGES[: None if repair.options.merge else 2]:
        found = run_stage(repair, name)
    return found


def _verified(repair: Repair) -> dict[str, Any]:
    from remediate.report.build import build_report

    content = verify(repair)
    build_report(repair.folder)
    return content
