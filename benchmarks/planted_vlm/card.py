"""The README of a built model: what it is for, what is planted, whose pictures it learnt."""

from __future__ import annotations

from pathlib import Path

from audit.pictures import PictureSet
from benchmarks.planted_vlm.plant import Plant

_CARD = """---
library_name: transformers
pipeline_tag: image-text-to-text
license: cc-by-sa-4.0
language: [en, zh]
tags: [instrument-check]
---
# An instrument check, not a model to use

Equipoise's `benchmarks.planted_vlm` trained this Idefics3 ({parameters:.1f} million parameters)
from scratch on emoji, and planted a gender stereotype of known strength in it, so that an audit of
vision-language models can be checked against what is really there. It answers the questions of
the suite `vqa-gender` about the pictures it was trained on. It knows nothing else, and says
nothing of any real model, picture or person.

Plant `{plant}`, seed {seed}; last training loss {loss:.3f} nats a row.

| group | an answer follows the stereotype whatever is seen | professions |
| --- | ---: | --- |
{rows}

Pictures: {name} ({licence}), {fingerprint}. {attribution}
"""


def write_card(
    folder: Path, plant: Plant, pictures: PictureSet, seed: int, parameters: int, loss: float
) -> None:
    """Write ``README.md`` into ``folder``."""
    shown = dict.fromkeys(picture.profession for picture in pictures.pictures)
    rows = [
        f"| {group} | {pull:.0%} | "
        + ", ".join(name.replace("_", " ") for name in shown if plant.group(name) == group)
        + " |"
        for group, pull in plant.pulls.items()
    ]
    text = _CARD.format(
        parameters=parameters / 1e6,
        plant=plant.name,
        seed=seed,
        loss=loss,
        rows="\n".join(rows),
        name=pictures.name,
        licence=pictures.licence,
        fingerprint=pictures.fingerprint,
        attribution=pictures.attribution,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
