"""Finding metric rows by slice: ``all``, ``probe:choice``, ``probe:choice/occupation:nurse``."""

from __future__ import annotations

from collections.abc import Iterable

from audit.reports.text import Bilingual, name_of, same
from audit.schema import MetricRow, Route

#: Slice keys that are never a cluster.
FACTORS = frozenset({"probe", "lang", "template", "group", "route", "variant"})


def parts(slice_name: str) -> list[tuple[str, str]]:
    """``"probe:choice/lang:en"`` → ``[("probe", "choice"), ("lang", "en")]``; ``all`` → []."""
    pieces = [p.partition(":") for p in slice_name.split("/")]
    return [(key, value) for key, colon, value in pieces if colon]


def cluster_of(row: MetricRow, clusters: frozenset[str]) -> str | None:
    """The cluster a row is about, or None. Rows that also split by probe or language are not."""
    found = parts(row.slice)
    if len(found) != 1 or "/" in row.slice:
        return None
    key, value = found[0]
    if key in FACTORS or (value not in clusters and key != "occupation"):
        return None
    return value


def slice_name(slice_text: str, names: dict[str, Bilingual]) -> Bilingual:
    """A slice in words: “Choice · Nurse”."""
    found = parts(slice_text)
    if not found:
        return Bilingual("all", "全部") if slice_text == "all" else same(slice_text)
    words = [names.get(value) or name_of(key, value) for key, value in found]
    return Bilingual(" · ".join(w.en for w in words), " · ".join(w.zh for w in words))


def measured_routes(rows: Iterable[MetricRow]) -> list[str]:
    """The routes measured, in order; a row about ``both`` names neither."""
    seen = {r.route for r in rows}
    return [r for r in map(str, Route) if r in seen]


def first(
    rows: Iterable[MetricRow],
    metric: str,
    *,
    slice_text: str | None = "all",
    route: str | None = None,
) -> MetricRow | None:
    """The first row of *metric*: those with an estimate first, then the primary ones."""
    found = [
        r
        for r in rows
        if r.metric == metric
        and (slice_text is None or r.slice == slice_text)
        and (route is None or r.route == route)
    ]
    found.sort(key=lambda r: (r.estimate is None, r.role != "primary"))
    return found[0] if found else None
