"""The proof: held-out audits compared, gates judged, a prompt beside, one verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.manifest import read_json, write_json
from remediate.gates.judge import Gate
from remediate.repair import Repair
from remediate.stages import audits, capability, public
from remediate.stages.data import CARD
from remediate.stages.merge import MERGED
from remediate.stages.train import TRAINING
from remediate.stages.unseen import unseen
from remediate.verdict import AIMS, Decision, changes_of, decide, spillover_of

REMEDIATION, SCHEMA_VERSION = "remediation.json", 1


def verify(repair: Repair) -> dict[str, Any]:
    """Audit what is left to audit, judge, and write remediation.json; returns its content."""
    merged = repair.folder / MERGED
    audits.audit(repair, "audit_before", repair.model_path)
    audits.audit(repair, "audit_prompted", repair.model_path, instructed=True)
    capability.measure(repair, "before", repair.model_path)
    audits.audit(repair, "audit_after", merged)
    capability.measure(repair, "after", merged)
    public.ask(repair, public.BEFORE, repair.model_path)
    public.ask(repair, public.AFTER, merged)
    repair.watcher.say("Comparing before and after …")
    found = audits.compare(repair, "audit_before", "audit_after") + public.compared(repair)
    prompted = audits.compare(repair, "audit_before", "audit_prompted", shared=True)
    gates = capability.gates(repair)
    suite, alone = repair.aim, unseen(repair, found)
    decision = decide(
        changes_of(found, suite), gates, spillover_of(found, suite), AIMS[suite], alone
    )
    content = _content(repair, found, prompted, gates, decision)
    if alone:
        content["never_trained_on"] = alone
    write_json(repair.folder / REMEDIATION, content)
    return content


def _content(
    repair: Repair,
    found: list[dict[str, Any]],
    prompted: list[dict[str, Any]],
    gates: list[Gate],
    decision: Decision,
) -> dict[str, Any]:
    steps: Mapping[str, Any] = read_json(repair.folder / "repair.json")["steps"]
    training = read_json(repair.folder / TRAINING)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": repair.model.name,
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "next_step": decision.next_step,
        "primary": [_row(row) for row in changes_of(found, repair.aim)],
        "spillover": [_row(row) for row in spillover_of(found, repair.aim)],
        "gates": [gate.to_json() for gate in gates],
        "prompt_baseline": {
            "instruction": audits.instruction(repair),
            "primary": [_row(row) for row in changes_of(prompted, repair.aim)],
        },
        "data": read_json(repair.folder / CARD),
        "training": repair.options.training.to_json()
        | {
            "parallel": repair.options.parallel.mode.value,
            "nproc": repair.options.parallel.nproc,
            "steps_done": training["steps"],
            "best_step": training["best_step"],
            "validation": [row for row in training["history"] if "eval_bias" in row],
            **({"sweep_cell": cell} if (cell := steps["train"].get("cell")) else {}),
        },
        "merge": steps.get("merge"),
        "timings": {name: facts.get("seconds") for name, facts in steps.items()},
    }


_KEPT = (
    "suite", "metric", "route", "margin", "before", "before_low", "before_high", "after",
    "after_low", "after_high", "change", "ci_low", "ci_high", "p_value", "p_adjusted", "test",
    "shrinkage", "shrinkage_low", "shrinkage_high", "sign_flipped", "outcome", "n_clusters",
)  # fmt: skip


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _KEPT}
