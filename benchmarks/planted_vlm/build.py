"""From a plant and a seed to a folder that transformers and vLLM load; built once, then cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audit.pictures import PictureSet
from benchmarks.planted_vlm.architecture import Size, make_model, make_processor
from benchmarks.planted_vlm.card import write_card
from benchmarks.planted_vlm.encoding import encode
from benchmarks.planted_vlm.lessons import Lesson
from benchmarks.planted_vlm.plant import Plant
from benchmarks.planted_vlm.questions import lessons
from benchmarks.planted_vlm.training import Recipe, reproducible, train
from benchmarks.planted_vlm.vocabulary import make_tokenizer
from core.models.cache import build_once, cache_root

Progress = Callable[[int, float], None]
#: What the model has to know that no lesson says: roles of a conversation.
_ROLES = ("system", "user", "assistant")
_DECIDE = ("architecture.py", "vocabulary.py", "encoding.py", "training.py")


@dataclass(frozen=True, slots=True)
class Built:
    """Everything that decides the weights on one machine."""

    plant: Plant
    pictures: PictureSet
    seed: int = 0
    recipe: Recipe = field(default_factory=Recipe)
    size: Size = field(default_factory=Size)

    def folder(self, taught: Sequence[Lesson]) -> Path:
        """Its place in the cache: code, libraries, plant, wordings, pictures, seed and sizes."""
        import torch
        import transformers

        said = [(x.messages, x.answers, x.image and x.image.id, x.weight) for x in taught]
        parts = {
            "code": _code(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "plant": [self.plant.name, dict(self.plant.groups), dict(self.plant.pulls)],
            "pictures": self.pictures.fingerprint,
            "lessons": hashlib.sha256(repr(said).encode()).hexdigest(),
            "recipe": asdict(self.recipe),
            "size": asdict(self.size),
        }
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
        name = f"{self.plant.name}-seed{self.seed}-{key}"
        return cache_root() / "planted-vlm" / name


def build(wanted: Built, *, progress: Progress = lambda step, loss: None) -> Path:
    """The model's folder in the cache, trained if it is not there yet."""
    taught = lessons(wanted.pictures, wanted.plant)
    return build_once(
        wanted.folder(taught), lambda scratch: _make(wanted, taught, scratch, progress)
    )


def _make(wanted: Built, taught: Sequence[Lesson], folder: Path, progress: Progress) -> None:
    tokenizer = make_tokenizer([*_ROLES, *(text for lesson in taught for text in lesson.texts())])
    processor = make_processor(tokenizer, wanted.size)
    course = encode(taught, processor)
    with reproducible(wanted.recipe.threads):
        model = make_model(tokenizer, wanted.size, seed=wanted.seed)
        pad = tokenizer.pad_token_id
        loss = train(model, course, wanted.recipe, pad=pad, seed=wanted.seed, progress=progress)
    save(model, processor, folder)
    write_card(folder, wanted.plant, wanted.pictures, wanted.seed, parameters(model), loss)


def save(model: Any, processor: Any, folder: Path) -> None:
    """Weights, configuration, tokenizer with its chat template, processor."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    # Weights are written readable by their owner alone; a cache may be shared.
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)


def parameters(model: Any) -> int:
    return sum(int(weights.numel()) for weights in model.parameters())


def _code() -> str:
    """A digest of the files that decide the weights; what the others do is in the lessons."""
    digest = hashlib.sha256()
    for name in _DECIDE:
        digest.update((Path(__file__).parent / name).read_bytes() + b"\0")
    return digest.hexdigest()
