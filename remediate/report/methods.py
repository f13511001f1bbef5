"""How it was measured, what that leaves open, and how to do it again. Written from the folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from audit.reports.load import Run
from audit.reports.methods import total_requests
from audit.reports.numbers import count, finite
from audit.reports.text import same
from remediate.dpo.config import TrainingConfig
from remediate.report.load import RepairRecord
from remediate.report.measures import Change
from remediate.report.words import Bilingual, join, name_of, say, told


@dataclass(frozen=True, slots=True)
class Provenance:
    command: str
    versions: list[tuple[str, str]]
    fingerprints: list[tuple[Bilingual, str]]
    reports: list[tuple[Bilingual, str]]


def methods(record: RepairRecord, changes: list[Change]) -> list[Bilingual]:
    shown = record.about_pictures
    out = [told(shown, "methods.split"), told(shown, "methods.paired")]
    tests = _tests(changes)
    if tests is not None:
        out.append(say("methods.tests", tests=tests))
    out += [told(shown, f"methods.{key}") for key in ("rule", "gates", "stopping")]
    instruction = record.part("prompt_baseline").get("instruction")
    if instruction:
        out.append(say("methods.prompted", instruction=str(instruction)))
    runs = [run for run in (record.before, record.after, record.prompted) if run is not None]
    if runs:
        asked = count(total_requests(runs[0]))
        out.append(say("methods.asked", requests=asked, langs=_langs(record)))
    return out


def _tests(changes: list[Change]) -> Bilingual | None:
    """“permutation for a, b; sign flips for c”; how an interval was made is in remediation.json."""
    found: dict[str, list[Bilingual]] = {}
    for change in changes:
        test = change.change.row.test.partition("; ")[0]
        if test:
            found.setdefault(test, []).append(change.name.map(str.lower))
    parts = [say("methods.test_of", test=t, metrics=join(names)) for t, names in found.items()]
    if not parts:
        return None
    return Bilingual("; ".join(p.en for p in parts), "；".join(p.zh for p in parts))


def _langs(record: RepairRecord) -> Bilingual:
    codes = record.identity.get("langs") or (
        record.before.manifest.get("langs") if record.before else None
    )
    return join([name_of("lang", str(code)) for code in codes or []]) if codes else same("—")


def limits(record: RepairRecord, jobs: int) -> list[Bilingual]:
    shown = record.about_pictures
    first = told(shown, "limits.held_out", n=jobs) if jobs else say("limits.held_out_unknown")
    keys = ["axes", "wordings", "binary", "parity", "gates", "validation", "scale"]
    if shown:
        keys.remove("parity")
    out = [first, *(told(shown, f"limits.{key}") for key in keys)]
    if record.prompted is None and not record.part("prompt_baseline").get("primary"):
        out.append(say("limits.no_prompt"))
    limit = record.before.manifest.get("limit") if record.before else None
    if limit is not None:
        out.append(say("limits.limited", limit=limit))
    return out


def provenance(record: RepairRecord) -> Provenance:
    run = record.after or record.before
    versions = sorted((run.manifest.get("versions") or {}).items()) if run else []
    prints = [
        (say(f"side.{side}"), str(found))
        for side, own in (("before", record.before), ("after", record.after))
        if own is not None and (found := own.model.get("fingerprint"))
    ]
    reports = [
        (say(f"reproduce.{name}"), f"{name}/report.html")
        for name in ("audit_before", "audit_after", "audit_prompted")
        if (record.folder / name / "report.html").is_file()
    ]
    return Provenance(
        command=command(record),
        versions=[(str(k), str(v)) for k, v in versions],
        fingerprints=prints,
        reports=reports,
    )


#: Settings with an option of their own; the others live in the configuration.
_OPTIONS = (
    "loss", "target", "tuner", "rank", "beta", "steps", "batch", "micro_batch", "learning_rate",
    "max_length",
)  # fmt: skip


_PICTURE_OPTIONS = {
    "style": "--image-style", "folder": "--images", "labels": "--labels", "source": "--image-set",
}  # fmt: skip


def command(record: RepairRecord) -> str:
    """The command that makes this repair again: what differs from the defaults, spelt out."""
    asked = record.identity
    words = ["remediate", str(asked.get("model") or record.model)]
    suites, langs = asked.get("suites"), asked.get("langs")
    if suites and list(suites) != ["occupations", "pronouns"]:
        words += ["--suite", ",".join(map(str, suites))]
    if langs and list(langs) != ["en"]:
        words += ["--lang", ",".join(map(str, langs))]
    for name, default in (("backend", "auto"), ("seed", 0), ("limit", None)):
        if asked.get(name, default) != default:
            words += [f"--{name}", str(asked[name])]
    for name, value in (asked.get("pictures") or {}).items():
        if value is not None and (name, value) != ("style", "openmoji"):
            words += [_PICTURE_OPTIONS[name], str(value)]
    words += _training_options(asked.get("training") or {})
    if sweep := asked.get("sweep"):
        words += ["--sweep", str(sweep.get("grid"))]
    mode, nproc, offload = (*(asked.get("parallel") or ()), "none", 1, False)[:3]
    if mode != "none":
        words += ["--parallel", str(mode), "--nproc", str(nproc)]
    if offload:
        words.append("--offload")
    return shlex.join([*words, "--out", record.folder.name])


def _training_options(found: Mapping[str, Any]) -> list[str]:
    defaults = {f.name: f.default for f in fields(TrainingConfig)}
    words = []
    for name in _OPTIONS:
        if name in found and found[name] != defaults[name]:
            value = finite(found[name])
            text = str(found[name]) if value is None else f"{value:g}"
            words += [f"--{name.replace('_', '-')}", text]
    return words


def finished(run: Run | None) -> str:
    """When the last audit ended, to the minute; “—” where it is not known."""
    stamp = str(run.manifest.get("finished") or "") if run is not None else ""
    return stamp[:16].replace("T", " ") or "—"
