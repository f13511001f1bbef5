"""What the workers of a repair share: how settings become a renderer, and how they are seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from core.models.chat import ChatRenderer
    from remediate.dpo.pictures import PictureReader

#: A worker's lines that a person should see begin with this.
PROGRESS = "· "


def chat_renderer(settings: Mapping[str, Any], model: Path) -> ChatRenderer:
    """The renderer of ``model``'s prompts, with the fallback that ``Repair.chat`` gave.

    A model that takes pictures is asked as the audit asks it: by its processor's template.
    """
    from transformers import AutoTokenizer

    from core.models.chat import ChatRenderer
    from core.models.vision import folder_takes_images

    fallback = settings["chat_template"], settings["chat_name"]
    if folder_takes_images(model):
        from core.models.image_prompts import picture_renderer
        from core.models.processors import load_processor

        try:
            return picture_renderer(load_processor(model), *fallback)
        except EnvironmentProblem:
            if settings.get("pictures"):
                raise
            # Its words can be repaired all the same.
    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    return ChatRenderer(tokenizer, *fallback)


def picture_reader(
    settings: Mapping[str, Any], model: Path, renderer: ChatRenderer
) -> PictureReader | None:
    """What prepares the pictures of pairs; None where the pairs show none."""
    if pictures_folder(settings) is None:
        return None
    from core.models.image_prompts import PicturePrompts
    from core.models.processors import load_processor
    from remediate.dpo.pictures import PictureReader

    return PictureReader(PicturePrompts(load_processor(model), renderer))


def pictures_folder(settings: Mapping[str, Any]) -> Path | None:
    """The folder that the pairs' pictures lie below; None where they show none."""
    folder = settings.get("pictures")
    return Path(folder) if folder else None


def pad_id(tokenizer: Any) -> int:
    """What batches are padded with; never looked at, so the end token serves where none is set."""
    pad = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if pad is None else pad)


class PlainWatcher:
    """Tells the parent process a line at a time."""

    def __init__(self) -> None:
        self._what, self._total, self._done, self._told = "", 0, 0, 0

    def say(self, message: str) -> None:
        print(message, flush=True)

    def warn(self, message: str) -> None:
        print(f"Note: {message}", flush=True)

    def start(self, what: str, total: int, done: int) -> None:
        self._what, self._total, self._done, self._told = what, total, done, done

    def advance(self, n: int) -> None:
        self._done += n
        if self._done == self._total or self._done - self._told >= max(1, self._total // 4):
            self._told = self._done
            print(f"{PROGRESS}  {self._what}: {self._done} of {self._total}", flush=True)

    def stop(self) -> None:
        """Nothing is drawn that would have to be taken away."""
