"""Methods, limits and provenance, written from what the run recorded and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.reports.figures import order_row
from audit.reports.load import Run
from audit.reports.numbers import count, finite, plain, shown, unit_of, with_unit
from audit.reports.slices import first, measured_routes
from audit.reports.text import Bilingual, has, join, name_of, pair, same, say
from audit.reports.view import SuiteView, metric_text
from audit.schema import MetricRow


@dataclass(frozen=True, slots=True)
class Provenance:
    command: str
    versions: list[tuple[str, str]]
    fingerprints: list[tuple[Bilingual, str]]
    settings: list[tuple[str, str]]


def backend_name(run: Run) -> str:
    backend = run.manifest.get("backend")
    if isinstance(backend, Mapping):
        backend = backend.get("engine") or backend.get("name")
    return str(backend or run.model.get("backend") or "—")


def languages(run: Run) -> Bilingual:
    codes = run.manifest.get("langs") or sorted(
        {c for s in run.suites for c in s.get("langs") or []}
    )
    return join([name_of("lang", str(c)) for c in codes]) if codes else same("—")


def total_requests(run: Run) -> int:
    recorded = finite(run.manifest.get("n_requests"))
    if recorded is not None:
        return int(recorded)
    return 0 if run.responses is None else len(run.responses)


def methods(run: Run) -> list[Bilingual]:
    """Paragraphs."""
    out = [
        say(
            "methods.asked",
            requests=count(total_requests(run)),
            model=run.model.get("name") or "model",
            backend=backend_name(run),
            seed=run.manifest.get("seed", "—"),
            langs=languages(run),
        )
    ]
    out += [_suite(run, s) for s in run.suites]
    routes = {r.route for r in run.metrics}
    out += [say(f"methods.{r}") for r in ("likelihood", "sampled") if r in routes]
    # A variant names its option order first, then what else is matched ("woman_first/skin:dark").
    orders = (v.partition("/")[0] for v in _values(run.responses, "variant"))
    variants = sorted({order for order in orders if ":" not in order})
    if variants:
        out.append(
            say("methods.balance", variants=_list([name_of("variant", v) for v in variants]))
        )
    with_interval = [r for r in run.metrics if r.ci_low is not None]
    if with_interval:
        levels = sorted({r.ci_level for r in with_interval})
        out.append(say("methods.intervals", levels=", ".join(f"{v * 100:g}" for v in levels)))
    out += _tests(run.metrics)
    declared = [r for r in run.metrics if r.role == "primary" and r.margin]
    if declared:
        named = [
            Bilingual(f"{label.en} {value.en}", f"{label.zh} {value.zh}")
            for row in declared
            for label in [metric_text(row.metric, "label").map(str.lower)]
            for value in [shown(row).margin]
        ]
        out += [say("methods.margins", margins=_list(named)), say("methods.fairness")]
    return out


def _suite(run: Run, suite: Mapping[str, Any]) -> Bilingual:
    name = str(suite.get("name"))
    frame = None if run.responses is None else run.responses[run.responses["suite"] == name]
    rows = [r for r in run.metrics if r.suite == name]
    found = measured_routes(rows)
    clusters = len(suite.get("clusters") or _values(frame, "cluster"))
    return say(
        "methods.suite",
        title=pair(suite.get("title"), name),
        version=suite.get("version", "?"),
        requests=count(int(finite(suite.get("n_requests")) or 0)),
        clusters=clusters,
        templates=len(_values(frame, "template")),
        routes=_list([name_of("route", r).map(str.lower) for r in found]),
        probes=_list([name_of("probe", p).map(str.lower) for p in _values(frame, "probe")]),
    )


def _tests(rows: list[MetricRow]) -> list[Bilingual]:
    tests: dict[str, list[str]] = {}
    intervals: dict[str, list[str]] = {}
    for row in rows:
        if row.role == "primary":
            for part in filter(None, row.test.split("; ")):
                method = part.removeprefix("CI: ")
                (tests if method == part else intervals).setdefault(method, []).append(row.metric)
    out = [
        say(f"methods.{key}", named=_by_metric(found))
        for key, found in (("interval_methods", intervals), ("tests", tests))
        if found
    ]
    for role in ("primary", "exploratory"):
        used = sorted({r.correction for r in rows if r.role == role and r.correction})
        if used:
            out.append(say(f"methods.correction_{role}", correction=", ".join(used)))
    return out


def _by_metric(found: Mapping[str, list[str]]) -> Bilingual:
    """“sign flips for a, b; permutation for c”."""
    parts = [
        say(
            "methods.test_of",
            test=test,
            metrics=_list([metric_text(m, "label").map(str.lower) for m in dict.fromkeys(metrics)]),
        )
        for test, metrics in found.items()
    ]
    return Bilingual("; ".join(p.en for p in parts), "；".join(p.zh for p in parts))


def limits(run: Run, views: Iterable[SuiteView]) -> list[Bilingual]:
    views = list(views)
    labour = any(v.has_reference for v in views)
    fixed = ["scope", "binary", *(["labour", "parity"] if labour else []), "reading", "pass"]
    out = [say(f"limits.items.{k}") for k in fixed]
    if str(run.manifest.get("status", "complete")) != "complete":
        out.append(say("limits.items.interrupted"))
    if run.manifest.get("limit") is not None:
        out.append(say("limits.items.limited", limit=run.manifest["limit"]))
    for view in views:
        if has(f"limits.suites.{view.key}"):
            out.append(say(f"limits.suites.{view.key}"))
        if len(measured_routes(view.rows)) == 1:
            out.append(say("limits.items.one_route", suite=view.title))
        order = order_row(view)
        if order is not None and order.estimate is not None:
            size = with_unit(abs(order.estimate), unit_of(order), long=True)
            out.append(say("limits.items.order", suite=view.title, effect=size))
        for metric, key in (("unparsed_rate", "unreadable"), ("refusal_rate", "refused")):
            row = first(view.rows, metric, route="sampled") or first(view.rows, metric)
            if row is not None and (row.estimate or 0) >= 0.05:
                out.append(
                    say(
                        f"limits.items.{key}",
                        suite=view.title,
                        rate=f"{plain(row.estimate, 'share')} %",
                    )
                )
    return out


def provenance(run: Run) -> Provenance:
    command = run.manifest.get("command") or ""
    if isinstance(command, list):
        command = shlex.join(map(str, command))
    model = run.model
    prints = [
        (say("reproduce.weights"), model.get("fingerprint")),
        (say("reproduce.tokenizer"), model.get("tokenizer_fingerprint")),
    ]
    settings = _flat(run.manifest.get("backend"), "backend")
    for key in ("device", "limit", "samples", "started", "finished", "timings"):
        settings += _flat(run.manifest.get(key), key)
    for key in ("hub_id", "source", "chat_format"):
        settings += _flat(model.get(key), f"model.{key}")
    versions = sorted((run.manifest.get("versions") or {}).items())
    return Provenance(
        command=str(command),
        versions=[(str(k), str(v)) for k, v in versions],
        fingerprints=[(k, str(v)) for k, v in prints if v],
        settings=settings,
    )


def _flat(value: Any, name: str) -> list[tuple[str, str]]:
    if value is None or value == "" or value == []:
        return []
    if isinstance(value, Mapping):
        return [pair_ for k, v in value.items() for pair_ in _flat(v, f"{name}.{k}")]
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return [(name, f"{value:g}" if isinstance(value, float) else str(value))]


def _values(frame: pd.DataFrame | None, column: str) -> list[str]:
    if frame is None:
        return []
    return sorted({str(v) for v in frame[column].dropna().unique() if str(v)})


def _list(parts: list[Bilingual]) -> Bilingual:
    return join(parts) if parts else same("—")
