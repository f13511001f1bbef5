"""Puts the page together; a pure function of the folder's content."""

from __future__ import annotations

from functools import partial
from typing import Final

from markupsafe import Markup

from audit.reports.build import SCRIPTS, STYLES, assets, environment, script_hash, words_for_scripts
from audit.reports.numbers import plain, with_unit
from audit.reports.text import same
from remediate.report import figures, made, measures, methods, occupations, samples
from remediate.report.gates import gates
from remediate.report.load import RepairRecord
from remediate.report.verdicts import verdict
from remediate.report.words import PHRASES, Bilingual, join, name_of, say, told

#: The transcript browser's script stays in the audits' own reports.
_SCRIPTS: Final = tuple(name for name in SCRIPTS if name != "transcripts.js")


def render_page(record: RepairRecord) -> str:
    """The whole page as text."""
    changes, beside = measures.primary(record), measures.spillover(record)
    jobs = occupations.jobs(record)
    gate_rows = gates(record)
    target = str(record.part("training").get("target") or "parity")
    script = assets(_SCRIPTS) + "\npage.start();\n"
    held_out = len((record.part("data").get("split") or {}).get("held_out") or jobs)
    template = environment(PHRASES, "remediate.report", "audit.reports").get_template(
        "repair.html.j2"
    )
    pictures = record.about_pictures
    return template.render(
        told=partial(told, pictures),
        attribution=(record.part("data").get("pictures") or {}).get("attribution"),
        record=record,
        model=record.model,
        verdict=verdict(record, changes, gate_rows),
        facts=_facts(record, held_out),
        changes=changes,
        panels=figures.panels(changes, "change"),
        prompted=any(c.prompted is not None for c in changes),
        instruction=record.part("prompt_baseline").get("instruction"),
        jobs=jobs,
        probes=sorted({probe for job in jobs for probe in job.by_probe}),
        sampled=any(share is not None for job in jobs for share in job.sampled),
        dumbbells=figures.dumbbells(jobs, "jobs-chart", target=target),
        gates=gate_rows,
        beside=beside,
        beside_panels=figures.panels(beside, "beside"),
        data=made.data(record),
        training=made.training(record),
        settings=made.other_settings(record),
        curve=figures.curve(record, "training-curve"),
        merge=made.merge(record),
        timings=made.timings(record),
        total=made.total_time(record),
        answers=samples.held_out_samples(record),
        everyday=samples.everyday_samples(record),
        methods=methods.methods(record, changes),
        limits=methods.limits(record, held_out),
        provenance=methods.provenance(record),
        percent=_percent,
        points=_points,
        style=Markup(assets(STYLES) + assets(("repair.css",), "remediate.report")),
        words=words_for_scripts(PHRASES, ("page.title",)),
        script=Markup(script),
        script_hash=script_hash(script),
    )


def _percent(share: float | None) -> Bilingual:
    return with_unit(share, "share")


def _points(change: float | None) -> str:
    return plain(change, "points", sign=True)


def _facts(record: RepairRecord, held_out: int) -> list[tuple[Bilingual, Bilingual]]:
    training = record.part("training")
    total = made.total_time(record)
    facts = [(say("header.date"), same(methods.finished(record.after or record.before)))]
    if held_out:
        judged = told(record.about_pictures, "header.judged_text", n=held_out)
        facts.append((say("header.judged"), judged))
    if training.get("tuner"):
        how = [name_of("tuner", str(training["tuner"])), name_of("loss", str(training["loss"]))]
        facts.append((say("header.training"), join(how)))
    if total is not None:
        facts.append((say("header.time"), total))
    return facts
