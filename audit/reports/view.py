"""What the page says about a suite: its verdict, its sentence, its rows. No HTML, no chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.reports.load import Run
from audit.reports.numbers import Shown, count, finite, shown, with_unit
from audit.reports.slices import cluster_of, slice_name
from audit.reports.text import Bilingual, has, join, name_of, pair, same, say
from audit.schema import MetricRow, Verdict

#: The worst first: a suite is as good as its worst declared measure.
SEVERITY = (
    Verdict.BIASED.value,
    Verdict.INSUFFICIENT_EVIDENCE.value,
    Verdict.INCONCLUSIVE.value,
    Verdict.WITHIN_MARGIN.value,
)


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One unit (an occupation): shares are 0–1, None where not measured."""

    key: str
    name: Bilingual
    group: str
    reference: float | None
    row: Shown | None
    said: Shown | None  # the other route's row
    logodds: MetricRow | None

    @property
    def reference_text(self) -> Bilingual:
        return with_unit(self.reference, "share")


@dataclass(frozen=True, slots=True)
class MeasureView:
    row: Shown
    name: Bilingual
    about: Bilingual
    slice: Bilingual
    verdict: str
    other: Shown | None = None


@dataclass(frozen=True, slots=True)
class SuiteView:
    key: str
    title: Bilingual
    subtitle: Bilingual
    verdict: str
    headline: Bilingual
    tally: Bilingual | None
    margin_note: Bilingual | None
    primary: list[MeasureView]
    others: list[MeasureView]
    clusters: list[ClusterView]
    cluster_metric: Bilingual
    cluster_note: Bilingual | None
    sources: list[str]
    rows: list[MetricRow]
    has_reference: bool


def metric_text(metric: str, part: str, **params: object) -> Bilingual:
    """A metric's ``label``, ``about``, ``positive`` or ``negative`` text, or the generic one."""
    key = f"metric.{metric}.{part}"
    if has(key):
        return say(key, **params)
    return say(f"metric.generic.{part}", name=metric.replace("_", " "), **params)


def view_suite(run: Run, suite: Mapping[str, Any]) -> SuiteView:
    key = str(suite.get("name"))
    rows = [r for r in run.metrics if r.suite == key]
    info = {str(c.get("cluster")): c for c in suite.get("clusters") or []}
    names = {c: pair(d.get("label"), c) for c, d in info.items()}
    ids = frozenset(info)
    primary = _ordered([r for r in rows if r.role == "primary"], suite)
    measures = [_measure(r, names, _other_route(r, rows)) for r in primary]
    cluster_rows = [(c, r) for r in rows if (c := cluster_of(r, ids)) is not None]
    metric, clusters = _clusters(cluster_rows, info, names)
    verdict = _overall(primary)
    lead = next((r for r in primary if r.verdict == verdict), None)
    listed = {id(r) for r in primary} | {id(r) for _, r in cluster_rows}
    sources = [f"{d['source']} ({d['year']})" if d.get("year") else str(d["source"])
               for d in info.values() if d.get("source")]  # fmt: skip
    return SuiteView(
        key=key,
        title=pair(suite.get("title"), key),
        subtitle=_subtitle(suite),
        verdict=verdict,
        headline=_headline(key, verdict, lead, str(run.model.get("name") or "model")),
        tally=_tally(primary),
        margin_note=_margin_note(lead),
        primary=measures,
        others=[_measure(r, names, None) for r in rows if id(r) not in listed],
        clusters=clusters,
        cluster_metric=metric_text(metric, "label"),
        cluster_note=_cluster_note(clusters),
        sources=list(dict.fromkeys(sources)),
        rows=rows,
        has_reference=any(c.reference is not None for c in clusters),
    )


def _ordered(primary: list[MetricRow], suite: Mapping[str, Any]) -> list[MetricRow]:
    declared = [p.get("name") for p in suite.get("primary") or [] if isinstance(p, Mapping)]
    place = {name: i for i, name in enumerate(declared)}
    return sorted(primary, key=lambda r: place.get(r.metric, len(place)))


def _other_route(row: MetricRow, rows: list[MetricRow]) -> Shown | None:
    for other in rows:
        if (other.metric, other.slice) == (row.metric, row.slice) and other.route != row.route:
            return shown(other)
    return None


def _measure(row: MetricRow, names: dict[str, Bilingual], other: Shown | None) -> MeasureView:
    return MeasureView(
        row=shown(row),
        name=metric_text(row.metric, "label"),
        about=metric_text(row.metric, "about"),
        slice=slice_name(row.slice, names),
        verdict=_known(row.verdict),
        other=other,
    )


def _known(verdict: str) -> str:
    return verdict if verdict in SEVERITY else "unknown"


def _overall(primary: list[MetricRow]) -> str:
    present = {r.verdict for r in primary}
    return next((v for v in SEVERITY if v in present), "unknown")


def _headline(suite: str, verdict: str, lead: MetricRow | None, model: str) -> Bilingual:
    family = suite if has(f"suite.{suite}.biased") else "default"
    key = f"suite.{family}.{verdict}"
    if lead is None or lead.estimate is None:
        if verdict in (Verdict.BIASED, Verdict.WITHIN_MARGIN, Verdict.INCONCLUSIVE):
            key = f"suite.{family}.insufficient_evidence"
        return say(key, model=model)
    cell = shown(lead)
    claim = metric_text(
        lead.metric, "positive" if lead.estimate >= 0 else "negative", size=cell.size
    )
    interval = cell.claimed if verdict == Verdict.BIASED else cell.interval
    label = metric_text(lead.metric, "label").map(lambda s: s[:1].lower() + s[1:])
    return say(key, model=model, claim=claim, label=label, value=cell.value, interval=interval)


def _tally(primary: list[MetricRow]) -> Bilingual | None:
    if not primary:
        return None
    seen = Counter(_known(r.verdict) for r in primary)
    order = [*SEVERITY, "unknown"]
    words = [
        say("suite.tally_part", n=seen[v], verdict=say(f"verdict.{v}").map(str.lower))
        for v in order
        if seen[v]
    ]
    return say("suite.tally", parts=join(words))


def _margin_note(lead: MetricRow | None) -> Bilingual | None:
    if lead is None or lead.margin is None or lead.estimate is None:
        return None
    cell = shown(lead)
    return say("suite.margin_note", margin=cell.margin)


def _subtitle(suite: Mapping[str, Any]) -> Bilingual:
    langs = [name_of("lang", str(code)) for code in suite.get("langs") or []]
    return say(
        "suite.subtitle",
        version=suite.get("version", "?"),
        requests=count(int(finite(suite.get("n_requests")) or 0)),
        langs=join(langs) if langs else same("—"),
    )


def _cluster_note(clusters: list[ClusterView]) -> Bilingual | None:
    """What the p of the cluster table tests, in the words of its rows."""
    tested = [c.row.row for c in clusters if c.row and c.row.row.p_adjusted is not None]
    if not tested or not tested[0].test:
        return None
    test = tested[0].test.partition("; ")[0]
    return say("suite.p_note", test=test, correction=tested[0].correction or "—")


def _clusters(
    rows: list[tuple[str, MetricRow]],
    info: dict[str, dict[str, Any]],
    names: dict[str, Bilingual],
) -> tuple[str, list[ClusterView]]:
    """The cluster table's metric and rows: woman_share where there is one, else the commonest."""
    metrics = Counter(r.metric for _, r in rows if r.metric != "woman_logodds")
    if not metrics:
        return "woman_share", []
    metric = "woman_share" if "woman_share" in metrics else metrics.most_common(1)[0][0]
    table = {(c, r.metric, r.route): r for c, r in rows}
    routes = [r for r in ("likelihood", "sampled", "") if any(k[1:] == (metric, r) for k in table)]
    views: list[ClusterView] = []
    for cluster in dict.fromkeys(c for c, _ in rows):
        found = [r for route in routes if (r := table.get((cluster, metric, route)))]
        if not found:
            continue
        detail = info.get(cluster, {})
        views.append(
            ClusterView(
                key=cluster,
                name=names.get(cluster) or same(cluster.replace("_", " ")),
                group=str(detail.get("group") or ""),
                reference=finite(detail.get("reference")),
                row=shown(found[0]),
                said=shown(found[1]) if len(found) > 1 else None,
                logodds=table.get((cluster, "woman_logodds", found[0].route)),
            )
        )
    views.sort(key=lambda v: (v.reference is None, -(v.reference or 0), v.key))
    return metric, views
