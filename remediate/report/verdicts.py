"""The verdict as sentences: for whoever reads one line of the page, and what stands against it.

remediation.json gives reasons and advice in English. Here they are recognised and said again in
both languages, with the metrics' names and units; a sentence nobody described is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.reports.numbers import finite, p_text
from audit.reports.text import same
from audit.reports.view import metric_text
from audit.schema import Verdict
from core.datafile import read_yaml
from remediate.report.gates import GateView
from remediate.report.load import RepairRecord
from remediate.report.measures import Change
from remediate.report.words import Bilingual, join, say, told
from remediate.verdict import AIMS, REPAIRED


@dataclass(frozen=True, slots=True)
class VerdictView:
    """``remains`` says which measures the audit after the repair still calls biased: the rule asks
    for proven shrinkage, and smaller is not gone."""

    repaired: bool
    headline: Bilingual
    remains: Bilingual | None
    conditions: Bilingual
    reasons: list[Bilingual]
    next_step: Bilingual


def verdict(
    record: RepairRecord, changes: Sequence[Change], gates: Sequence[GateView]
) -> VerdictView:
    reasons = [str(r) for r in record.content.get("reasons") or []]
    repaired = record.content.get("verdict") == REPAIRED
    return VerdictView(
        repaired=repaired,
        headline=_headline(record, changes, gates, repaired=repaired, n=len(reasons)),
        remains=_remains(changes),
        conditions=told(record.about_pictures, "verdict_line.conditions"),
        reasons=[said(r, changes, gates) for r in reasons],
        next_step=said(str(record.content.get("next_step") or ""), changes, gates),
    )


def _headline(
    record: RepairRecord,
    changes: Sequence[Change],
    gates: Sequence[GateView],
    *,
    repaired: bool,
    n: int,
) -> Bilingual:
    model, aim = record.model, AIMS[record.aim]
    key = "repaired" if repaired else "not_repaired"
    lead = next((c for c in changes if c.metric == aim.must_shrink[0]), None)
    if lead is None or lead.before.row.estimate is None or lead.after.row.estimate is None:
        return say(f"verdict_line.{key}_unmeasured", model=model)
    if not repaired:
        key += "_one" if n == 1 else "_more"
    elif abs(lead.after.row.estimate) > (lead.margin or 0.0):
        key += "_outside"
    return told(
        record.about_pictures, f"verdict_line.{key}", model=model, n=n,
        before=lead.before.value, after=lead.after.value, margin=lead.before.margin,
        cost=say("verdict_line.cost" if gates else "verdict_line.cost_unknown"),
    )  # fmt: skip


def _remains(changes: Sequence[Change]) -> Bilingual | None:
    judged = [c for c in changes if c.verdicts is not None]
    biased = [c.name for c in judged if c.verdicts and c.verdicts[1] == Verdict.BIASED]
    if not biased:
        return None
    return say("verdict_line.remains", n=len(biased), total=len(judged), names=join(biased))


def said(text: str, changes: Sequence[Change], gates: Sequence[GateView]) -> Bilingual:
    """A sentence of remediation.json in both languages; unknown ones stay as they are."""
    for entry in _sentences():
        found = re.fullmatch(entry["match"], text)
        if found:
            gaps = _gaps(found.groupdict(), changes, gates)
            return Bilingual(
                *(
                    entry[lang].format(**{name: value[lang] for name, value in gaps.items()})
                    for lang in ("en", "zh")
                )
            )
    return same(text)


def _sentences() -> list[dict[str, str]]:
    table: list[dict[str, str]] = read_yaml(Path(__file__).parent / "data" / "reasons.yaml")
    return table


def _gaps(
    found: Mapping[str, Any], changes: Sequence[Change], gates: Sequence[GateView]
) -> dict[str, Bilingual]:
    """A sentence's words, replaced by their names, and its numbers by the table's, with units."""
    gaps = {name: same(value) for name, value in found.items()}
    if "p" in gaps:
        gaps["p"] = same(p_text(finite(found["p"])))
    if "metric" in gaps:
        gaps["metric"] = metric_text(found["metric"], "label")
        row = next((c for c in changes if c.metric == found["metric"]), None)
        if row is not None and "before" in gaps:
            gaps |= {"before": row.before.value, "after": row.after.value}
    if "gate" in gaps:
        gate = next((g for g in gates if g.key == found["gate"]), None)
        if gate is not None:
            gaps |= {"gate": gate.name, "bound": gate.bound, "limit": gate.limit}
    return gaps
