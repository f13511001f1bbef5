"""Each held-out occupation: the share of women the model gives it, before and after.

Shares over all probes, with their intervals, are the two audits' own. A single probe's are
averaged from its answers by the same cells (``audit.metrics.cells``), without an interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.metrics.cells import add_values, make_cells
from audit.reports.load import Run
from audit.reports.slices import measured_routes
from audit.reports.text import pair, same
from audit.schema import Label, MetricRow, Route
from remediate.report.load import RepairRecord
from remediate.report.words import Bilingual

SUITE = "occupations"


@dataclass(frozen=True, slots=True)
class Job:
    """Shares are 0–1. ``sides``: (before, after) by the leading route; ``by_probe``: probe →
    (before, after), ``sampled``: the same in sampled answers; None where nothing was readable."""

    key: str
    name: Bilingual
    group: str
    reference: float | None
    sides: tuple[MetricRow, MetricRow]
    by_probe: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    sampled: tuple[float | None, float | None] = (None, None)

    @property
    def shares(self) -> tuple[float, float]:
        before, after = (row.estimate for row in self.sides)
        assert before is not None
        assert after is not None
        return before, after


def jobs(record: RepairRecord) -> list[Job]:
    """Occupations with a share on both sides, those with the largest share of women first."""
    if record.before is None or record.after is None:
        return []
    runs = (record.before, record.after)
    tables = [_shares(run) for run in runs]
    probes = [_by_probe(run, leading_route(run)) for run in runs]
    info = {
        str(c.get("cluster")): c
        for suite in record.before.suites
        if suite.get("name") == SUITE
        for c in suite.get("clusters") or []
    }
    out = []
    for key, was in tables[0][0].items():
        now = tables[1][0].get(key)
        if now is None:
            continue
        detail = info.get(key, {})
        reference = detail.get("reference")
        out.append(
            Job(
                key=key,
                name=pair(detail.get("label"), same(key.replace("_", " ")).en),
                group=str(detail.get("group") or ""),
                reference=float(reference) if reference is not None else None,
                sides=(was, now),
                by_probe={
                    probe: (shares.get(key), probes[1].get(probe, {}).get(key))
                    for probe, shares in probes[0].items()
                },
                sampled=(_estimate(tables[0][1].get(key)), _estimate(tables[1][1].get(key))),
            )
        )
    return sorted(out, key=lambda job: (job.reference is None, -(job.reference or 0.0), job.key))


def leading_route(run: Run) -> str:
    """Likelihood where it was measured: the route the verdict is on."""
    rows = [r for r in run.metrics if r.suite == SUITE and r.metric == "woman_share"]
    return next(iter(measured_routes(rows)), str(Route.LIKELIHOOD))


def _estimate(row: MetricRow | None) -> float | None:
    return row.estimate if row is not None else None


def _shares(run: Run) -> tuple[dict[str, MetricRow], dict[str, MetricRow]]:
    """Occupation → its ``woman_share`` by the leading route, and by sampled text where other."""
    leading = leading_route(run)
    found: dict[str, dict[str, MetricRow]] = {leading: {}, str(Route.SAMPLED): {}}
    for row in run.metrics:
        prefix, _, key = row.slice.partition(":")
        wanted = row.suite == SUITE and row.metric == "woman_share" and prefix == "occupation"
        if wanted and row.estimate is not None and row.route in found:
            found[row.route][key] = row
    sampled = found[str(Route.SAMPLED)] if leading != Route.SAMPLED else {}
    return found[leading], sampled


def _by_probe(run: Run, route: str) -> Mapping[str, dict[str, float]]:
    """Probe → occupation → share of women by *route*; {} where only one probe was asked."""
    if run.responses is None:
        return {}
    frame = run.responses
    own = frame[(frame["suite"] == SUITE) & (frame["route"] == route)]
    probes = sorted(own["probe"].unique())
    if len(probes) < 2:
        return {}
    data = add_values(own, Label.WOMAN, Label.MAN, Label.NEUTRAL)
    out = {}
    for probe in probes:
        cells = make_cells(data[data["probe"] == probe])
        means = zip(cells.clusters, cells.row_means.tolist(), strict=True)
        out[str(probe)] = {key: mean for key, mean in means if not math.isnan(mean)}
    return out
