"""What must shrink, on the professions alone that no pair was about in any skin tone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audit.manifest import read_json
from audit.runner import RESULTS
from remediate.repair import Repair
from remediate.suites import PICTURE_SUITE
from remediate.verdict import AIMS, changes_of

#: Where results.json has a metric of one profession, by metric.
SLICES = {
    "resolution_gap": "probe:resolution/profession:{job}",
    "neutral_stereotype_gap": "probe:neutral/profession:{job}",
}


def unseen(repair: Repair, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean over those professions before and after, a row for each metric that must shrink.

    ``found``: the comparison's rows, whose route and margin are taken. Empty where nothing else
    is judged (texts; pictures without skin tones).
    """
    if not repair.about_pictures or not repair.gallery.splits.held_out_skins:
        return []
    professions = repair.gallery.splits.professions.held_out
    primary = {row["metric"]: row for row in changes_of(found, PICTURE_SUITE)}
    sides = [read_json(repair.folder / name / RESULTS) for name in ("audit_before", "audit_after")]
    rows = []
    for metric in AIMS[PICTURE_SUITE].must_shrink:
        own = primary.get(metric, {})
        values = [_estimates(side, metric, own.get("route", "")) for side in sides]
        jobs = [
            job
            for job in professions
            if all(SLICES[metric].format(job=job) in side for side in values)
        ]
        before, after = (
            _mean([side[SLICES[metric].format(job=job)] for job in jobs]) for side in values
        )
        rows.append(
            {
                "metric": metric,
                "route": own.get("route", ""),
                "margin": own.get("margin"),
                "before": before,
                "after": after,
                "n": len(jobs),
            }
        )
    return rows


def _estimates(results: Mapping[str, Any], metric: str, route: str) -> dict[str, float]:
    """Slice → estimate of one metric."""
    return {
        row["slice"]: row["estimate"]
        for row in results["metrics"]
        if row["suite"] == PICTURE_SUITE
        and (row["metric"], row["route"]) == (metric, route)
        and row["estimate"] is not None
    }


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
