"""Pictures of professions made of coloured squares, and a training on them without a pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from audit.pictures import PRESENTATIONS, Picture, PictureSet
from core.models.base import Image
from remediate.counterfactual_data.pairs import Pair

#: Three mostly held by women, six by men, two by neither: the least that splits with some to spare.
PROFESSIONS = (
    "teacher", "health_worker", "office_worker", "mechanic", "firefighter", "pilot", "farmer",
    "police_officer", "construction_worker", "judge", "cook",
)  # fmt: skip
TONES = ("none", "light", "medium_light", "medium", "medium_dark", "dark")
_COLOURS = {"woman": (200, 40, 40), "man": (40, 40, 200), "neutral": (90, 90, 90)}


def picture_set(
    folder: Path, *, professions: tuple[str, ...] = PROFESSIONS, trainable: bool = True
) -> PictureSet:
    """32 × 32 pixels: left the presentation's colour, right one of profession and skin tone."""
    import PIL.Image

    pictures = []
    for number, profession in enumerate(professions):
        for presentation in PRESENTATIONS:
            for place, skin in enumerate(TONES):
                picture = PIL.Image.new("RGB", (32, 32), (20 * number, 40 * place, 60))
                picture.paste(_COLOURS[presentation], (0, 0, 16, 32))
                path = folder / profession / presentation / f"{skin}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                picture.save(path)
                image = Image(f"squares/{profession}/{presentation}/{skin}", path)
                pictures.append(Picture(image, profession, presentation, skin))  # type: ignore[arg-type]
    return PictureSet(
        "Squares", "squares", "CC0-1.0", "this project", trainable, "sha256:0", tuple(pictures)
    )


def gallery(
    folder: Path, *, seed: int = 0, langs: tuple[str, ...] = ("en",), **options: Any
) -> Any:
    from audit.probes.base import read_yaml
    from audit.probes.vqa_jobs import jobs_of
    from remediate.counterfactual_data.picture_pairs import Gallery
    from remediate.counterfactual_data.picture_splits import split_pictures

    found = picture_set(folder, **options)
    jobs = jobs_of([p.profession for p in found.pictures], read_yaml("vqa-gender.yaml"))
    splits = split_pictures(seed, found.pictures, jobs)
    return Gallery(found, folder, jobs, splits, seed, langs)


def pairs(made: Any, n_train: int) -> list[Pair]:
    """With answers as a model would give them: some alike, some not, one with a gender."""
    from remediate.counterfactual_data.picture_pairs import requests
    from remediate.stages.picture_data import build_pairs

    said = ["Red and blue.", "A grey square.", "He wears blue.", "It is a drawing."]
    asked = requests(made)
    return build_pairs(
        made, {r.key: said[n % len(said)] for n, r in enumerate(asked)}, n_train=n_train
    )


def prepare(folder: Path, model: Path, **training: Any) -> Path:
    """Write everything ``python -m remediate.dpo.train`` wants; returns its settings file."""
    from trl.trainer.utils import add_fused_lm_head

    from core.models.causal_lm import load_model
    from core.parallel.modes import Mode, ParallelConfig
    from remediate.counterfactual_data.pairs import write_pairs
    from remediate.dpo.collate import PairCollator, SharedPrefixCollator
    from remediate.dpo.config import TrainingConfig
    from remediate.dpo.encode import encode
    from remediate.dpo.reference import agrees, reference_logps
    from remediate.workers import chat_renderer, pad_id, picture_reader

    folder.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {
        "steps": 4, "batch": 4, "micro_batch": 4, "evaluate_every": 2, "rank": 4, "alpha": 8,
        "max_length": 600, "learning_rate": 0.01, "loss": "sigmoid_sft",
    }  # fmt: skip
    config = TrainingConfig(**(given | training))
    made = gallery(folder / "set")
    rows = pairs(made, config.steps * config.batch)
    rows = [*rows[: config.steps * config.batch], *_few(rows)]
    write_pairs(folder / "pairs.jsonl", rows, pictures=made.folder)
    settings: dict[str, Any] = {
        "model": str(model), "pairs": str(folder / "pairs.jsonl"), "pictures": str(made.folder),
        "reference": str(folder / "reference.npz"), "out": str(folder),
        "training": config.to_json(), "chat_template": None, "chat_name": "",
        "parallel": str(ParallelConfig(mode=Mode.NONE, threads=1).write(folder / "parallel.json")),
    }  # fmt: skip
    renderer = chat_renderer(settings, model)
    reader = picture_reader(settings, model, renderer)
    encoded = encode(rows, renderer, config, reader)
    loaded = load_model(model, dtype="float32", device="cpu")
    add_fused_lm_head(loaded)
    pad = pad_id(renderer.tokenizer)
    settings["shared_prefix"] = agrees(loaded, encoded, pad, atol=1e-2, reader=reader)
    collator = SharedPrefixCollator if settings["shared_prefix"] else PairCollator
    np.savez(
        folder / "reference.npz", logps=reference_logps(loaded, encoded, collator(pad, reader))
    )
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    return path


def _few(rows: list[Pair]) -> list[Pair]:
    """Of every sort that validates a few are enough here."""
    from remediate.counterfactual_data.pairs import Part

    sorts: dict[tuple[str, str], list[Pair]] = {}
    for pair in rows:
        if pair.part is Part.VALIDATION:
            sorts.setdefault((pair.probe, pair.group), []).append(pair)
    return [pair for own in sorts.values() for pair in own[:3]]
