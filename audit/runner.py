"""One audit, start to report: questions → journal → labels → metrics → results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from audit import shown
from audit.journal import FILE_NAME, Journal
from audit.manifest import command_line, new_manifest, now, write_json
from audit.probes.base import Suite, is_file, suites_by_name
from audit.probes.declared import keep_copies
from audit.requests import (
    Requests,
    answer_rows,
    build_requests,
    generation_payload,
    score_payload,
)
from audit.schema import RESPONSE_COLUMNS, RESULTS_SCHEMA_VERSION, Item, MetricRow
from core.errors import EnvironmentProblem, UsageProblem
from core.models.base import Message
from core.models.resolve import SERVER_PREFIX, ResolvedModel, check_name, resolve

if TYPE_CHECKING:
    import pandas as pd

    from audit.pictures import PictureOptions
    from core.models.base import Backend

RESULTS, RESPONSES, MANIFEST = "results.json", "responses.parquet", "run.json"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What ``audit run`` was asked for."""

    model: str
    suites: tuple[str, ...]
    out: Path | None = None
    backend: str = "auto"
    langs: tuple[str, ...] = ("en",)
    seed: int = 0
    limit: int | None = None
    samples: int | None = None
    adapter: Path | None = None
    resume: bool = True
    hub: str = "auto"
    trust_remote_code: bool = False
    margins: Mapping[str, float] = field(default_factory=dict)
    #: Suite → the clusters to ask about (a repair judges on held-out occupations); others whole.
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Put before every question: what telling a model to be fair achieves without training.
    instruction: str = ""
    #: For suites that show pictures: which ones; None is each suite's own set.
    pictures: PictureOptions | None = None
    debug: bool = False


class Watcher(Protocol):
    """Whoever shows a person what goes on. All times are the watcher's own business."""

    def say(self, message: str) -> None: ...

    def warn(self, message: str) -> None: ...

    def start(self, what: str, total: int, done: int) -> None: ...

    def advance(self, n: int) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RunOutcome:
    folder: Path
    results: dict[str, Any]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle; what was answered is in ``folder``."""

    def __init__(self, folder: Path, answered: int, total: int) -> None:
        super().__init__(f"{answered} of {total} answers are kept in {folder}")
        self.folder, self.answered, self.total = folder, answered, total


def default_folder(options: RunOptions) -> Path:
    """runs/MODEL-SUITES: the same command finds its run again."""
    model = options.model
    if model.startswith(SERVER_PREFIX):
        model = model.removeprefix(SERVER_PREFIX).rpartition("@")[0]
    name = Path(model).name if "/" in model else model
    suites = (Path(suite).stem if is_file(suite) else suite for suite in options.suites)
    text = "-".join((name, *suites))
    return Path("runs") / "".join(c if c.isalnum() or c in "-._" else "-" for c in text)


def collect_items(options: RunOptions) -> tuple[dict[str, Suite], list[Item]]:
    """Suites and their items; every wrong suite, language or number is told from here.

    So is a text-only model named for a suite that shows pictures, before any picture is made.
    """
    suites = suites_by_name(options.suites)
    shown.check_model(suites.values(), options.model)
    suites = shown.with_pictures(suites, options.pictures)
    items = [
        item
        for suite in suites.values()
        for item in suite.items(
            langs=options.langs,
            seed=options.seed,
            limit=options.limit,
            samples=options.samples,
            **({"only": options.only[suite.name]} if suite.name in options.only else {}),
        )
    ]
    if options.instruction:
        items = [instructed(item, options.instruction) for item in items]
    return suites, items


def instructed(item: Item, instruction: str) -> Item:
    """The item with the instruction before its first question.

    In the question and not in a system turn: some chat templates have none. A text that is scored
    by itself follows no question, so nothing is put before it.
    """
    if not item.messages:
        return item
    first, *rest = item.messages
    asked = Message(role=first["role"], content=f"{instruction}\n\n{first['content']}")
    return replace(item, messages=(asked, *rest))


def run_audit(options: RunOptions, watcher: Watcher) -> RunOutcome:
    """Run or resume an audit and write its folder.

    Raises :class:`core.errors.EquipoiseError` for what a user can mend and :class:`Interrupted`
    on Ctrl-C; in both cases every committed answer stays and the same command goes on from there.
    """
    suites, items = collect_items(options)
    unknown = set(options.margins) - {p.name for s in suites.values() for p in s.primary}
    if unknown:
        raise UsageProblem(f"--margin names no primary metric of these suites: {sorted(unknown)}.")
    check_name(options.model)
    folder = options.out or default_folder(options)
    model = resolve(options.model, hub=options.hub, trust_remote_code=options.trust_remote_code)
    for note in model.notes:
        watcher.say(note)
    shown.check_model(suites.values(), options.model, model)
    prints = _fingerprints(model, options.adapter)
    identity: dict[str, Any] = {
        "model": prints["fingerprint"],
        "tokenizer": prints["tokenizer_fingerprint"],
        "adapter": prints["adapter_fingerprint"],
        "suites": {name: suite.version for name, suite in suites.items()},
        "seed": options.seed,
        "langs": list(options.langs),
        "limit": options.limit,
        "samples": options.samples,
        "backend": _engine(model, options.backend),
    }
    if options.only or options.instruction:
        identity |= {
            "only": {suite: sorted(clusters) for suite, clusters in options.only.items()},
            "instruction": options.instruction,
        }
    if pictures := shown.fingerprints(suites.values()):
        identity["pictures"] = pictures
    with Journal(folder / FILE_NAME, identity, resume=options.resume) as journal:
        keep_copies(folder, suites.values())
        shown.keep_pictures(folder, suites.values(), items)
        manifest = new_manifest(
            model={
                "name": model.name,
                "source": model.source,
                "hub_id": model.hub_id,
                **prints,
            },
            suites=[{"name": s.name, "version": s.version} for s in suites.values()],
            langs=list(options.langs),
            seed=options.seed,
            limit=options.limit,
            samples=options.samples,
            margins=dict(options.margins),
            only={suite: list(clusters) for suite, clusters in options.only.items()},
            instruction=options.instruction,
            command=command_line(),
            notes=list(model.notes),
        )
        _ask(options, model, items, journal, manifest, folder, watcher)
        answers = {row.key: row.payload for row in journal.rows()}
        rows = answer_rows(items, answers, suites)
        results = _evaluate(folder, suites, rows, manifest, options.margins, options.seed, watcher)
        manifest |= {"status": "complete", "finished": now()}
        write_json(folder / MANIFEST, manifest)
    return RunOutcome(folder, results)


def _engine(model: ResolvedModel, backend: str) -> str:
    from core.models.load import choose_backend

    return choose_backend(model, backend)


def _fingerprints(model: ResolvedModel, adapter: Path | None) -> dict[str, str | None]:
    from core.models import fingerprint as fp

    if model.path is None:
        return {
            "fingerprint": fp.fingerprint_server(f"{model.name}"),
            "tokenizer_fingerprint": None,
            "adapter_fingerprint": None,
        }
    return {
        "fingerprint": fp.fingerprint_model(model.path),
        "tokenizer_fingerprint": fp.fingerprint_tokenizer(model.path),
        "adapter_fingerprint": fp.fingerprint_adapter(adapter) if adapter else None,
    }


def _ask(
    options: RunOptions,
    model: ResolvedModel,
    items: list[Item],
    journal: Journal,
    manifest: dict[str, Any],
    folder: Path,
    watcher: Watcher,
) -> None:
    """Get every missing answer into the journal; fills the manifest's backend and timings."""
    requests = build_requests(items, options.seed)
    manifest["n_requests"] = len(requests)
    done = journal.answered()
    previous = _previous_backend(folder, journal)
    keys = [r.key for r in requests.generate]
    if previous is None or previous.get("scores", True):
        keys += [r.key for r in requests.score]
    if previous is not None and done.issuperset(keys):
        before = _previous(folder)
        manifest |= {"backend": previous, "device": previous.get("device")}
        manifest["timings"] = before.get("timings", {})
        manifest["notes"] += [n for n in before.get("notes", []) if n not in manifest["notes"]]
        return
    if done:
        watcher.say(f"Resuming: {len(done)} of {len(requests)} answers are there already.")
    watcher.say(f"Loading {options.model} …")
    from core.models.load import load_backend

    begun = time.perf_counter()
    backend = load_backend(
        model,
        backend=options.backend,
        adapter=options.adapter,
        trust_remote_code=options.trust_remote_code,
        debug=options.debug,
    )
    try:
        manifest["timings"]["load_s"] = round(time.perf_counter() - begun, 2)
        facts = dict(backend.describe()) | {
            "name": _engine(model, options.backend),
            "scores": backend.capabilities.score,
        }
        manifest["backend"] = facts
        manifest["device"] = facts.get("device")
        shown.check_engine(facts["name"], backend.capabilities, items)
        for note in backend.capabilities.notes:
            watcher.warn(note)
            manifest["notes"].append(note)
        write_json(folder / MANIFEST, manifest)
        if not backend.capabilities.score:
            requests = Requests([], requests.generate)
        begun = time.perf_counter()
        with _keeping(folder, journal, manifest, len(requests)):
            for what, part in (("score", requests.score), ("generate", requests.generate)):
                _ask_one_kind(backend, what, part, journal, watcher)
        manifest["timings"]["ask_s"] = round(time.perf_counter() - begun, 2)
        write_json(folder / MANIFEST, manifest)
    finally:
        watcher.stop()
        backend.close()


@contextmanager
def _keeping(
    folder: Path, journal: Journal, manifest: dict[str, Any], total: int
) -> Iterator[None]:
    """The manifest says how a run ended that did not get through; the journal keeps its answers."""
    try:
        yield
    except KeyboardInterrupt:
        manifest |= {"status": "interrupted", "finished": now()}
        write_json(folder / MANIFEST, manifest)
        raise Interrupted(folder, len(journal.answered()), total) from None
    except Exception:
        manifest |= {"status": "failed", "finished": now()}
        # On a full disk this fails too: what failed first is what to tell.
        with suppress(EnvironmentProblem):
            write_json(folder / MANIFEST, manifest)
        raise


def _ask_one_kind(
    backend: Backend, what: str, requests: Sequence[Any], journal: Journal, watcher: Watcher
) -> None:
    if not requests:
        return
    done = journal.answered()
    missing = [r for r in requests if r.key not in done]
    if not missing:
        return
    label = "Scoring answers" if what == "score" else "Sampling answers"
    watcher.start(label, len(requests), len(requests) - len(missing))
    ask: Callable[[Sequence[Any]], Iterator[list[Any]]] = getattr(backend, what)
    payload = score_payload if what == "score" else generation_payload
    # A backend that plans its batches is asked by whole planned batches, so that what a resumed
    # run computes is what an uninterrupted one would have.
    plan: Callable[[Sequence[Any]], list[list[Any]]] | None = getattr(backend, "plan", None)
    if plan is None:
        batches = [missing]
    else:
        batches = [b for b in plan(requests) if any(r.key not in done for r in b)]
    for batch in batches:
        for answers in ask(batch):
            new = journal.commit([(a.key, what, payload(a)) for a in answers])
            watcher.advance(new)
    watcher.stop()


def _previous(folder: Path) -> dict[str, Any]:
    from audit.manifest import read_json

    return read_json(folder / MANIFEST) if (folder / MANIFEST).exists() else {}


def _previous_backend(folder: Path, journal: Journal) -> dict[str, Any] | None:
    """The manifest's engine facts of the run being resumed, if it got as far as loading."""
    if not journal.answered():
        return None
    found = _previous(folder).get("backend")
    return found if isinstance(found, dict) else None


def responses_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def _evaluate(
    folder: Path,
    suites: Mapping[str, Suite],
    rows: list[dict[str, Any]],
    manifest: Mapping[str, Any],
    margins: Mapping[str, float],
    seed: int,
    watcher: Watcher,
) -> dict[str, Any]:
    """Write responses.parquet and results.json; return the results."""
    from dataclasses import asdict

    watcher.say("Computing intervals and tests …")
    frame = responses_frame(rows)
    try:
        frame.to_parquet(folder / RESPONSES, index=False)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder / RESPONSES} cannot be written ({error}): free some space and run the same "
            "command again; the answers are kept."
        ) from error
    metrics: list[MetricRow] = []
    described = []
    for suite in suites.values():
        part = frame[frame["suite"] == suite.name]
        metrics += suite.metrics(part, seed=seed, margins=margins or None)
        described.append(
            {
                "name": suite.name,
                "version": suite.version,
                "title": dict(suite.title),
                "langs": sorted(part["lang"].unique()),
                "n_requests": len(part),
                "clusters": suite.clusters(),
                "primary": [
                    {"name": p.name, "margin": margins.get(p.name, p.margin)} for p in suite.primary
                ],
            }
        )
    model, backend = manifest["model"], manifest.get("backend", {})
    results = {
        "schema_version": RESULTS_SCHEMA_VERSION,
        "model": {
            "name": model["name"],
            "hub_id": model["hub_id"],
            "fingerprint": model["fingerprint"],
            "backend": backend.get("name"),
            "chat_format": backend.get("chat_format"),
        },
        "suites": described,
        "metrics": [asdict(row) for row in metrics],
    }
    write_json(folder / RESULTS, results)
    return results
