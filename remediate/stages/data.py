"""Texts of the model → pairs.jsonl and its data card.

``python -m remediate.stages.data SETTINGS.json`` is the worker that asks the model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from audit.journal import FILE_NAME, Journal
from audit.manifest import read_json, write_json
from core.errors import UsageProblem
from core.models.base import GenerateRequest, ScoreRequest
from remediate.counterfactual_data import build
from remediate.counterfactual_data.card import data_card
from remediate.counterfactual_data.leaks import check_leaks
from remediate.counterfactual_data.open_forms import choice_payload
from remediate.counterfactual_data.pairs import write_pairs
from remediate.counterfactual_data.splits import Splits
from remediate.repair import Repair
from remediate.workers import PlainWatcher

PAIRS, CARD = "pairs.jsonl", "data_card.json"


def data(repair: Repair) -> None:
    """Make the folder's pairs, if not done yet."""
    if repair.facts("data") is not None:
        return
    if repair.about_pictures:
        from remediate.stages.picture_data import picture_data

        picture_data(repair)
        return
    options = repair.options
    wanted = build.DataOptions(
        n_train=options.training.steps * options.training.batch,
        langs=options.langs,
        seed=options.seed,
    )
    with repair.step("data", "Asking the model for its own texts …") as facts:
        settings = {
            "model": str(repair.model_path),
            "out": str(repair.folder / "data"),
            "backend": options.backend,
            "splits": repair.splits.to_json(),
            "n_train": wanted.n_train,
            "langs": list(wanted.langs),
            "seed": wanted.seed,
        }
        repair.run_worker("remediate.stages.data", "data", settings)
        answers = read_texts(repair.folder / "data", _identity(settings))
        pairs = build.build_pairs(repair.splits, wanted, answers)
        checked = check_leaks(pairs, repair.splits, audited(repair))
        write_pairs(repair.folder / PAIRS, pairs)
        card = data_card(pairs, repair.splits, checked)
        write_json(repair.folder / CARD, card)
        facts["counts"] = card["counts"]


def audited(repair: Repair) -> list[Any]:
    """Every question of the audits that judge the repair."""
    from audit.probes.base import get_suite

    options = repair.options
    return [
        item
        for name in options.suites
        for item in get_suite(name).items(
            langs=options.langs, seed=options.seed, limit=None, samples=None
        )
    ]


def _identity(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in ("model", "splits", "n_train", "langs", "seed")}


def read_texts(folder: Path, identity: dict[str, Any]) -> dict[str, str]:
    """Key → text of everything the worker asked."""
    with Journal(folder / FILE_NAME, identity) as journal:
        return _texts(journal)


def _texts(journal: Journal) -> dict[str, str]:
    return {row.key: str(row.payload["text"]) for row in journal.rows()}


def main(settings_path: Path) -> None:
    from core.models.load import load_backend
    from core.models.resolve import resolve

    settings = read_json(settings_path)
    splits = Splits(**{name: tuple(ids) for name, ids in settings["splits"].items()})
    options = build.DataOptions(
        n_train=settings["n_train"], langs=tuple(settings["langs"]), seed=settings["seed"]
    )
    wanted = build.requests(splits, options)
    with Journal(Path(settings["out"]) / FILE_NAME, _identity(settings)) as journal:
        written = journal.answered().issuperset(request.key for request in wanted)
        if written and not _unweighed(splits, options, journal):
            return
        backend = load_backend(resolve(settings["model"]), backend=settings["backend"])
        if not backend.capabilities.generate:
            raise UsageProblem("This backend cannot generate texts; choose another --backend.")
        try:
            sample(backend, wanted, journal)
            # All at once, whatever a killed run has weighed: the same batches, the same numbers.
            for scores in backend.score(_unweighed(splits, options, journal)):
                journal.commit([(s.key, "score", choice_payload(s)) for s in scores])
        finally:
            backend.close()


def sample(backend: Any, wanted: list[GenerateRequest], journal: Journal) -> None:
    """Get every missing text into the journal."""
    from audit.requests import generation_payload

    done, watcher = journal.answered(), PlainWatcher()
    watcher.start("Sampling texts", len(wanted), len(done))
    for batch in batches(backend, wanted, done):
        for answers in backend.generate(batch):
            rows = [(a.key, "generate", generation_payload(a)) for a in answers]
            watcher.advance(journal.commit(rows))


def _unweighed(splits: Splits, options: build.DataOptions, journal: Journal) -> list[ScoreRequest]:
    """Every open form where one of them is not decided yet, else none."""
    texts = _texts(journal)
    forms = build.open_forms(splits, options, texts)
    return forms if any(form.key not in texts for form in forms) else []


def batches(
    backend: Any, wanted: list[GenerateRequest], done: set[str]
) -> list[list[GenerateRequest]]:
    """What is still to ask, in the batches the backend would have made of the whole."""
    plan = getattr(backend, "plan", None)
    if plan is None:
        return [[request for request in wanted if request.key not in done]]
    return [batch for batch in plan(wanted) if any(r.key not in done for r in batch)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
