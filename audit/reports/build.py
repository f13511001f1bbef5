"""Puts the page together and writes it beside the run's other files."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from audit.reports import methods as told
from audit.reports.exports import metrics_csv, report_markdown
from audit.reports.figures import Figure, suite_figures
from audit.reports.load import Run, load_run
from audit.reports.numbers import count
from audit.reports.sparkline import sparkline
from audit.reports.text import LANGUAGES, Bilingual, name_of, pair, same, say, strings
from audit.reports.transcripts import Transcripts, collect, inert_json
from audit.reports.view import SEVERITY, SuiteView, view_suite
from core.errors import EnvironmentProblem

_SCRIPTS: Final = ("language.js", "tables.js", "transcripts.js")
_STYLES: Final = ("report.css", "print.css")


@dataclass(frozen=True, slots=True)
class Section:
    """A suite on the page. ``anchor`` is made by us: a suite's name may hold any character."""

    anchor: str
    view: SuiteView
    figures: dict[str, list[Figure]]


def write_report(run_dir: Path) -> Path:
    """See :func:`audit.reports.build_report`."""
    run = load_run(run_dir)
    views = [view_suite(run, suite) for suite in run.suites]
    _write(run_dir / "metrics.csv", metrics_csv(run.metrics))
    _write(run_dir / "report.md", report_markdown(run, views))
    return _write(run_dir / "report.html", render_page(run, views))


def render_page(run: Run, views: list[SuiteView]) -> str:
    """The whole page as text; a pure function of the run."""
    sections = [_section(n, view, run) for n, view in enumerate(views)]
    names = {
        str(c.get("cluster")): pair(c.get("label"), c.get("cluster"))
        for suite in run.suites
        for c in suite.get("clusters") or []
    }
    script = _asset(_SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    transcripts = collect(run.responses, names, {v.key: v.title for v in views})
    page = _environment().get_template("report.html.j2")
    return page.render(
        run=run,
        model=str(run.model.get("name") or "model"),
        facts=_facts(run, views),
        notes=[str(n) for n in run.manifest.get("notes") or []],
        status=str(run.manifest.get("status") or "complete"),
        limit=run.manifest.get("limit"),
        sections=sections,
        transcripts=transcripts,
        words=_words(),
        methods=told.methods(run),
        limits=told.limits(run, views),
        provenance=told.provenance(run),
        severity=SEVERITY,
        style=Markup(_asset(_STYLES)),
        script=Markup(script),
        script_hash=digest,
    )


def _section(number: int, view: SuiteView, run: Run) -> Section:
    figures: dict[str, list[Figure]] = {"forest": [], "occupations": [], "rest": []}
    for figure in suite_figures(view, run.responses, f"s{number}"):
        kind = figure.key.rpartition("-")[2]
        figures[kind if kind in figures else "rest"].append(figure)
    return Section(f"suite-{number}", view, figures)


def _facts(run: Run, views: list[SuiteView]) -> list[tuple[Bilingual, Bilingual]]:
    finished = str(run.manifest.get("finished") or run.manifest.get("started") or "")
    titles = Bilingual(", ".join(v.title.en for v in views), "、".join(v.title.zh for v in views))
    facts = [
        (say("header.date"), same(finished[:16].replace("T", " ") or "—")),
        (say("header.suites"), titles if views else same("—")),
        (say("header.requests"), same(count(told.total_requests(run)))),
        (say("header.backend"), same(told.backend_name(run))),
        (say("header.languages"), told.languages(run)),
    ]
    return facts


def _words() -> Markup:
    """The sentences the scripts need, in both languages."""
    wanted = ("transcripts.", "page.title")
    chosen = {
        lang: {k: v for k, v in strings(lang).items() if k.startswith(wanted)} for lang in LANGUAGES
    }
    return inert_json(chosen)


def _asset(names: tuple[str, ...]) -> str:
    folder = files("audit.reports").joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)


def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("audit.reports", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    extras: dict[str, Any] = {"say": say, "name_of": name_of, "sparkline": sparkline}
    env.globals.update(extras)
    return env


def _write(path: Path, text: str) -> Path:
    """Replace *path* in one step, so that a reader never meets half a report."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="", errors="replace") as out:
            out.write(text)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except OSError as problem:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise EnvironmentProblem(
            f"{path} cannot be written ({problem.strerror}). Free space or fix the folder's "
            "permissions, then run `audit report` again."
        ) from problem
    return path


__all__ = ["Section", "Transcripts", "render_page", "write_report"]
