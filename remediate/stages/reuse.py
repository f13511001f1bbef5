"""An audit that was made before, taken for a repair's own "before".

The held-out side's answers are copied from the run's journal into ``audit_before/``; the audit
that follows finds every question answered, asks for the further texts that a repair wants of each
(``audits.SAMPLES``), and computes labels, intervals and tests anew. So its results are those of an
own audit, and that is only honest where the run asked the same model the same questions by the
same engine: everything else is refused with what differs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit import shown
from audit.journal import FILE_NAME, Journal
from audit.manifest import read_json, write_json
from audit.pairing import RunFolder, read_run
from audit.requests import build_requests, prompt_text, request_key
from audit.runner import MANIFEST, RunOptions, collect_items
from audit.schema import Item
from core.errors import EnvironmentProblem, UsageProblem
from core.models.resolve import ResolvedModel, resolve

#: What of a run's manifest says how its answers were made.
_ORIGIN = ("started", "finished", "versions", "machine", "command")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an own audit would be: its journal's identity, its questions, and their keys.

    ``first``: of every question's first answer.
    """

    identity: dict[str, Any]
    items: list[Item]
    keys: set[str]
    first: set[str]
    model: ResolvedModel


def take(source: Path, out: Path, options: RunOptions) -> None:
    """Copy what ``options`` (of the own audit) would ask from the run ``source`` into ``out``.

    Raises :class:`UsageProblem` where the run is unfinished or no stand-in for an own audit.
    """
    run = read_run(source)
    wanted = _wanted(options)
    differences = _differences(run, wanted) or _uncovered(run, wanted)
    if differences:
        raise UsageProblem(
            f"The audit in {source} cannot stand for this repair's own: {'; '.join(differences)}. "
            "Leave --from out, or name an audit that agrees."
        )
    answers = _answers(source / FILE_NAME)
    missing = len(wanted.first - {key for key, _, _ in answers})
    if missing:
        raise UsageProblem(_missing(source, run, missing, len(wanted.first)))
    with Journal(out / FILE_NAME, wanted.identity) as journal:
        journal.commit([row for row in answers if row[0] in wanted.keys])
    # What the audit that follows reads of a run that it goes on with.
    manifest = {name: run.manifest.get(name) for name in ("backend", "device", "timings")}
    note = f"the answers are from an earlier audit ({source.name}), held-out side alone"
    write_json(out / MANIFEST, manifest | {"notes": [*(run.manifest.get("notes") or []), note]})


def sign(source: Path, out: Path) -> None:
    """Say in ``out``/run.json where the answers are from: folder, times, versions, machine."""
    manifest, origin = read_json(out / MANIFEST), read_json(source / MANIFEST)
    taken = {"folder": str(source.resolve()), "n_requests": manifest["n_requests"]}
    taken |= {name: origin.get(name) for name in _ORIGIN}
    write_json(out / MANIFEST, manifest | {"taken_from": taken})


def _wanted(options: RunOptions) -> _Wanted:
    from core.models.fingerprint import fingerprint_model, fingerprint_tokenizer
    from core.models.load import choose_backend

    suites, items = collect_items(options)
    pictures = shown.fingerprints(suites.values())
    model = resolve(options.model, hub="local")
    assert model.path is not None  # a repair's model lies on this machine
    requests = build_requests(items, options.seed)
    identity = {
        "model": fingerprint_model(model.path),
        "tokenizer": fingerprint_tokenizer(model.path),
        "adapter": None,
        "suites": {name: suite.version for name, suite in suites.items()},
        "seed": options.seed,
        "langs": list(options.langs),
        "limit": options.limit,
        "samples": options.samples,
        "backend": choose_backend(model, options.backend),
        "only": {suite: sorted(clusters) for suite, clusters in options.only.items()},
        "instruction": options.instruction,
        **({"pictures": pictures} if pictures else {}),
    }
    keys = {r.key for r in requests.score} | {r.key for r in requests.generate}
    return _Wanted(identity, items, keys, {request_key(item) for item in items}, model)


def _differences(run: RunFolder, wanted: _Wanted) -> list[str]:
    """Sentences, one a difference. Limit, samples and clusters show in what is covered."""
    mine, model = wanted.identity, run.manifest.get("model") or {}
    backend: Mapping[str, Any] = run.manifest.get("backend") or {}
    out = []
    for name, field in (
        ("model", "fingerprint"), ("tokenizer", "tokenizer_fingerprint"),
        ("adapter", "adapter_fingerprint"),
    ):  # fmt: skip
        if model.get(field) != mine[name]:
            out.append(f"another {name} ({_short(model.get(field))}, here {_short(mine[name])})")
    versions = run.versions()
    for suite, version in mine["suites"].items():
        if suite not in versions:
            out.append(f"it did not run the suite {suite} (--suite)")
        elif versions[suite] != version:
            out.append(f"version {versions[suite]} of the suite {suite}, here {version}")
    if absent := [x for x in mine["langs"] if x not in (run.manifest.get("langs") or [])]:
        out.append(f"it did not ask in {', '.join(absent)} (--lang)")
    if run.manifest.get("seed") != mine["seed"]:
        out.append(f"seed {run.manifest.get('seed')}, here {mine['seed']} (--seed)")
    there = {own["suite"]: own["fingerprint"] for own in shown.read_pictures(run.folder)}
    if there != mine.get("pictures", {}):
        out.append("other pictures (--image-style, --images, --image-set)")
    if (run.manifest.get("instruction") or "") != mine["instruction"]:
        out.append("its model was told to be fair")
    if backend.get("name") != mine["backend"]:
        out.append(f"the engine {backend.get('name')}, here {mine['backend']} (--backend)")
    elif other := _other_machine(run):
        out.append(other)
    elif not _same_chat_format(str(backend.get("chat_format")), wanted.model):
        out.append(f"another chat format ({backend.get('chat_format')})")
    return out


def _other_machine(run: RunFolder) -> str:
    """A GPU computes in another precision than a CPU: the model alone must change."""
    from core.models.causal_lm import choose_device

    there, here = str(run.manifest.get("device") or ""), choose_device("auto")
    if there.startswith("cpu") == here.startswith("cpu"):
        return ""
    return f"it was made on {there}, this machine has {here}"


def _same_chat_format(there: str, model: ResolvedModel) -> bool:
    """Whether the audit of the folder would be asked in the format ``there``.

    A checkpoint's own template is part of its tokenizer's fingerprint; one that has none gets a
    format by name, which the bare folder may not tell.
    """
    from core.models.chat import OWN_TEMPLATE, PLAIN

    if there == OWN_TEMPLATE:
        return True
    if model.chat_format is None:
        return there == PLAIN
    return there.startswith(f"catalogue format {model.chat_format} ")


def _uncovered(run: RunFolder, wanted: _Wanted) -> list[str]:
    """Questions that the run asked in other words."""
    frame = run.answers
    asked = dict(zip(zip(frame["suite"], frame["item"], strict=True), frame["prompt"], strict=True))
    reworded = [
        item.item
        for item in wanted.items
        if (item.suite, item.item) in asked and asked[item.suite, item.item] != prompt_text(item)
    ]
    if not reworded:
        return []
    return [f"{len(reworded)} questions are worded differently, {reworded[0]} among them"]


def _missing(source: Path, run: RunFolder, missing: int, total: int) -> str:
    limit = run.manifest.get("limit")
    why = f" (it was made with --limit {limit})" if limit is not None else ""
    return (
        f"The audit in {source} lacks {missing} of the {total} answers on the held-out side that "
        f"this repair is judged on{why}: audit without --limit, or leave --from out."
    )


def _answers(path: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Every row of a finished run's journal, in the order of arrival; the run is only read."""
    import json

    # A closed journal has no write-ahead log: immutable then, so that a read-only disk will do.
    alone = not path.with_name(path.name + "-wal").exists()
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            rows = db.execute("SELECT key, kind, payload FROM answers ORDER BY rowid").fetchall()
    except sqlite3.DatabaseError as error:
        raise EnvironmentProblem(
            f"The journal {path} cannot be read ({error}): the answers are there, and --from needs "
            "them."
        ) from error
    return [(key, kind, json.loads(text)) for key, kind, text in rows]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else text[:19] + "…"
