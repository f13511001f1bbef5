"""Pictures and the model's words about them → pairs.jsonl and its data card.

``python -m remediate.stages.picture_data SETTINGS.json`` is the worker that asks the model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from audit.journal import FILE_NAME, Journal
from audit.manifest import read_json, write_json
from core.errors import EnvironmentProblem
from remediate.counterfactual_data import picture_pairs
from remediate.counterfactual_data.build import numbered
from remediate.counterfactual_data.card import picture_card
from remediate.counterfactual_data.pairs import Pair, Part, check_pairs, write_pairs
from remediate.counterfactual_data.picture_leaks import check_picture_leaks, names_judge
from remediate.counterfactual_data.picture_pairs import Gallery, open_gallery
from remediate.counterfactual_data.selection import select
from remediate.repair import Repair, picture_names, read_picture_options
from remediate.stages.data import CARD, PAIRS, read_texts, sample
from remediate.suites import PICTURE_SUITE

#: Share of each sort among the training pairs: mostly what a picture shows, then what holds the
#: rest in place; "can't tell" of a figure without a gender is learned from few.
SHARES = {"shown": 0.42, "open": 0.08, "neutral": 0.14, "job": 0.28, "seen": 0.08}
N_VALIDATION = 96
_VALIDATING = ("shown", "neutral")


def picture_data(repair: Repair) -> None:
    """Make the folder's pairs."""
    options = repair.options
    assert options.pictures is not None
    with repair.step("data", "Asking the model about pictures …") as facts:
        settings = {
            "model": str(repair.model_path),
            "out": str(repair.folder / "data"),
            "backend": options.backend,
            "pictures": picture_names(options.pictures),
            "fingerprint": repair.gallery.set.fingerprint,
            "langs": list(options.langs),
            "seed": options.seed,
        }
        repair.run_worker("remediate.stages.picture_data", "data", settings)
        answers = read_texts(repair.folder / "data", _identity(settings))
        n_train = options.training.steps * options.training.batch
        pairs = build_pairs(repair.gallery, answers, n_train=n_train)
        checked = check_picture_leaks(pairs, repair.gallery, _judging(repair))
        write_pairs(repair.folder / PAIRS, pairs, pictures=repair.gallery.folder)
        card = picture_card(pairs, repair.gallery, checked)
        write_json(repair.folder / CARD, card)
        facts["counts"] = card["counts"]


def build_pairs(gallery: Gallery, answers: dict[str, str], *, n_train: int) -> list[Pair]:
    """Chosen pairs, training ones first in the order they are trained on.

    Raises :class:`EnvironmentProblem` where the set gives no pair that validation rests on.
    """
    every = [
        pair
        for pair in picture_pairs.build(gallery, answers)
        if names_judge(pair, gallery) is None and not _tells_nothing(pair)
    ]
    check_pairs(every)
    chosen = select(
        every, n_train=n_train, n_validation=N_VALIDATION, seed=gallery.seed, shares=SHARES,
        validating=_VALIDATING,
    )  # fmt: skip
    # A short training has few of each sort, so what it rests on is looked for among all pairs.
    able = [pair for pair in every if pair.part is Part.TRAIN]
    for part, pairs in ((Part.TRAIN, able), (Part.VALIDATION, chosen.validation)):
        groups = {pair.group for pair in pairs if pair.probe == "shown"}
        probes = {pair.probe for pair in pairs}
        if not {"pro", "anti"} <= groups or "neutral" not in probes:
            raise EnvironmentProblem(
                f"The picture set gives no {part.value} pairs of women, men and figures without a "
                "gender in professions that one gender is expected in: name another one with "
                "--images or --image-set."
            )
    return numbered(chosen.train) + chosen.validation


def _tells_nothing(pair: Pair) -> bool:
    """Whether a pair would validate without a stereotype to measure by."""
    return pair.part is Part.VALIDATION and pair.probe == "shown" and not pair.group


def _judging(repair: Repair) -> list[Any]:
    """Every question of the held-out side."""
    from audit.probes.vqa_gender import VqaGenderSuite

    options = repair.options
    return VqaGenderSuite(repair.gallery.set).items(
        langs=options.langs,
        seed=options.seed,
        limit=None,
        samples=None,
        only=repair.held_out()[PICTURE_SUITE],
    )


def _identity(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in ("model", "fingerprint", "langs", "seed")}


def main(settings_path: Path) -> None:
    from core.models.load import load_backend
    from core.models.resolve import resolve

    settings = read_json(settings_path)
    pictures = read_picture_options(settings["pictures"])
    gallery = open_gallery(pictures, settings["seed"], tuple(settings["langs"]))
    wanted = picture_pairs.requests(gallery)
    with Journal(Path(settings["out"]) / FILE_NAME, _identity(settings)) as journal:
        if journal.answered().issuperset(request.key for request in wanted):
            return
        backend = load_backend(resolve(settings["model"]), backend=settings["backend"])
        try:
            if not backend.capabilities.images:
                raise EnvironmentProblem(
                    "This backend shows the model no pictures; choose another --backend."
                )
            sample(backend, wanted, journal)
        finally:
            backend.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
