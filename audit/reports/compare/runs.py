"""What a page says of each run it rests on: model, engine, date, seed, suites, command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.compare import RunFacts
from audit.reports.compare.words import Bilingual, say
from audit.reports.load import Run, load_run
from audit.reports.methods import backend_name, languages, provenance, total_requests
from audit.reports.numbers import count
from audit.reports.svg import clean
from audit.reports.text import pair, same


@dataclass(frozen=True, slots=True)
class RunView:
    """``facts`` are name and value; ``command`` is empty where the run does not record it."""

    name: str
    model: str
    facts: list[tuple[Bilingual, Bilingual]]
    command: str
    titles: dict[str, Bilingual]


def run_views(runs: Mapping[str, RunFacts]) -> list[RunView]:
    """Read the folders again, without their answers."""
    return [_view(name, load_run(Path(f.folder), answers=False)) for name, f in runs.items()]


def suite_titles(views: list[RunView]) -> dict[str, Bilingual]:
    """Suite → its title, the first run's that has one."""
    titles: dict[str, Bilingual] = {}
    for view in views:
        for suite, title in view.titles.items():
            if titles.get(suite, same(suite)) == same(suite):
                titles[suite] = title
    return titles


def _view(name: str, run: Run) -> RunView:
    found = provenance(run)
    return RunView(
        name=clean(name, 120),
        model=clean(str(run.model.get("name") or run.folder.name), 120),
        facts=_facts(run, found.fingerprints),
        command=found.command,
        titles={
            str(s.get("name")): pair(s.get("title"), str(s.get("name"))) for s in run.suites
        },
    )  # fmt: skip


def _facts(
    run: Run, fingerprints: list[tuple[Bilingual, str]]
) -> list[tuple[Bilingual, Bilingual]]:
    manifest = run.manifest
    versions = [f"{s.get('name')} {s.get('version')}" for s in manifest.get("suites") or []]
    facts = [
        (say("run.folder"), same(str(run.folder))),
        (say("run.backend"), same(backend_name(run))),
        (say("header.date"), same(_minute(manifest.get("finished") or manifest.get("started")))),
        (say("run.seed"), same(manifest.get("seed", "—"))),
        (say("header.suites"), same(", ".join(versions) or "—")),
        (say("header.languages"), languages(run)),
        (say("header.requests"), same(count(total_requests(run)) if _counted(run) else "—")),
    ]
    if manifest.get("limit") is not None:
        facts.append((say("run.limit"), same(manifest["limit"])))
    if manifest.get("instruction"):
        facts.append((say("run.instruction"), same(manifest["instruction"])))
    facts += [(label, same(value)) for label, value in fingerprints]
    adapter = run.model.get("adapter_fingerprint")
    if adapter:
        facts.append((say("run.adapter"), same(adapter)))
    return facts


def _counted(run: Run) -> bool:
    return run.manifest.get("n_requests") is not None


def _minute(stamp: object) -> str:
    return str(stamp)[:16].replace("T", " ") if stamp else "—"
