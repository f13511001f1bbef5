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

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from audit.reports import methods as told
from audit.reports.exports import metrics_csv, report_markdown
from audit.reports.figures import Figure, suite_figures
from audit.reports.load import Run, load_run
from audit.reports.numbers import count
from audit.reports.pictures import PictureView, answer_name, percent, view_pictures
from audit.reports.sparkline import sparkline
from audit.reports.text import LANGUAGES, PHRASES, Bilingual, Phrases, pair, same, say
from audit.reports.transcripts import Transcripts, collect, inert_json
from audit.reports.view import SEVERITY, SuiteView, view_suite
from core.errors import EnvironmentProblem

SCRIPTS: Final = ("language.js", "tables.js", "pictures.js", "transcripts.js")
STYLES: Final = ("report.css", "pictures.css", "print.css")


@dataclass(frozen=True, slots=True)
class Section:
    """A suite on the page. ``anchor`` is made by us: a suite's name may hold any character."""

    anchor: str
    view: SuiteView
    figures: dict[str, list[Figure]]
    pictures: PictureView | None = None


def write_report(run_dir: Path) -> Path:
    """See :func:`audit.reports.build_report`."""
    run = load_run(run_dir)
    views = [view_suite(run, suite) for suite in run.suites]
    write_page(run_dir / "metrics.csv", metrics_csv(run.metrics))
    write_page(run_dir / "report.md", report_markdown(run, views))
    return write_page(run_dir / "report.html", render_page(run, views))


def render_page(run: Run, views: list[SuiteView]) -> str:
    """The whole page as text; a pure function of the run."""
    sections = [_section(n, view, run) for n, view in enumerate(views)]
    names = {
        str(c.get("cluster")): pair(c.get("label"), c.get("cluster"))
        for suite in run.suites
        for c in suite.get("clusters") or []
    }
    script = assets(SCRIPTS)
    transcripts = collect(run.responses, names, {v.key: v.title for v in views})
    page = environment(PHRASES, "audit.reports").get_template("report.html.j2")
    return page.render(
        run=run,
        made_from=run.folder.name,
        model=str(run.model.get("name") or "model"),
        facts=_facts(run, views),
        notes=[str(n) for n in run.manifest.get("notes") or []],
        status=str(run.manifest.get("status") or "complete"),
        limit=run.manifest.get("limit"),
        sections=sections,
        transcripts=transcripts,
        images=inert_json(
            {k: v for s in sections if s.pictures for k, v in s.pictures.images.items()}
        ),
        words=_words(),
        methods=told.methods(run),
        limits=told.limits(run, views),
        provenance=told.provenance(run),
        severity=SEVERITY,
        style=Markup(assets(STYLES)),
        script=Markup(script),
        script_hash=script_hash(script),
    )


def _images(sections: list[Section]) -> Markup:
    """Id → data URI of every small picture, once a page."""
    found: dict[str, str] = {}
    for section in sections:
        found |= section.pictures.images if section.pictures else {}
    return inert_json(found)


def _section(number: int, view: SuiteView, run: Run) -> Section:
    figures: dict[str, list[Figure]] = {"forest": [], "occupations": [], "rest": []}
    for figure in suite_figures(view, run.responses, f"s{number}"):
        kind = figure.key.rpartition("-")[2]
        figures[kind if kind in figures else "rest"].append(figure)
    told = next((s for s in run.suites if str(s.get("name")) == view.key), {"name": view.key})
    return Section(f"suite-{number}", view, figures, view_pictures(run, told))


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
    return words_for_scripts(PHRASES, ("transcripts.", "page.title"))


def words_for_scripts(phrases: Phrases, prefixes: tuple[str, ...]) -> Markup:
    """Sentences whose keys begin with *prefixes*, as the JSON that language.js reads."""
    chosen = {
        lang: {k: v for k, v in phrases.strings(lang).items() if k.startswith(prefixes)}
        for lang in LANGUAGES
    }
    return inert_json(chosen)


def assets(names: tuple[str, ...], package: str = "audit.reports") -> str:
    """Files of a package's ``assets/``, joined."""
    folder = files(package).joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)


def script_hash(script: str) -> str:
    """The script's SHA-256 in base64, for the page's content security policy."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def environment(phrases: Phrases, *packages: str) -> Environment:
    """Templates of *packages* (the first that has one gives it), which speak by *phrases*."""
    env = Environment(
        loader=ChoiceLoader([PackageLoader(package, "template") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    extras: dict[str, Any] = {
        "say": phrases.say, "name_of": phrases.name_of, "sparkline": sparkline,
        "answer_name": answer_name, "percent": percent,
    }  # fmt: skip
    env.globals.update(extras)
    return env


def write_page(path: Path, text: str) -> Path:
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
            "permissions, then run the same command again."
        ) from problem
    return path


__all__ = ["Section", "Transcripts", "render_page", "write_report"]
