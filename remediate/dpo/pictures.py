"""Pictures beside the texts of a pair: prompts that hold a picture's tokens, and its pixels.

Both are made by what an audit asks its questions with, so that what is trained on is what is
measured. Pixels are made when a batch is: a picture is small as a file and large as numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.models.base import Image, Message

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.image_prompts import PicturePrompts

#: A kind of token for every token: 0 for words, 1 for a picture's. Some processors make it.
KINDS_OF_TOKEN = "mm_token_type_ids"
#: Pixels do not depend on the words beside the pictures.
_ANY_QUESTION = (Message(role="user", content="?"),)


class PictureReader:
    """What a batch of pairs needs of its pictures, by the model's own processor."""

    def __init__(self, prompts: PicturePrompts) -> None:
        self._prompts = prompts

    def prompt(
        self, messages: Sequence[Message], images: Sequence[Image]
    ) -> tuple[list[int], list[int]]:
        """(token ids, kinds of token) of a prompt; the second is empty where there are none."""
        made = self.inputs(messages, images)
        kinds = made.get(KINDS_OF_TOKEN)
        return made["input_ids"][0].tolist(), [] if kinds is None else kinds[0].tolist()

    def inputs(
        self, messages: Sequence[Message], images: Sequence[Image], answer: Sequence[int] = ()
    ) -> dict[str, Any]:
        """What the model is called with for this prompt and an answer's tokens, a batch of one."""
        return self._prompts.inputs([(messages, images)], [answer], left=False)

    def columns(
        self, examples: Sequence[Mapping[str, Any]], length: int, *, sides: int
    ) -> dict[str, Tensor]:
        """Of rows that are ``length`` tokens long: all pairs once, or (two ``sides``) twice.

        The kinds of token, (rows, length), where the model reads them, and the processor's own
        tensors of the pictures. ``examples`` have the columns ``pictures`` and ``token_kinds``.
        """
        import torch

        shown = [[Image(path, Path(path)) for path in row["pictures"]] for row in examples] * sides
        asked = [(_ANY_QUESTION, images) for images in shown]
        made = self._prompts.inputs(asked, [()] * len(asked), left=False)
        tokens = made["input_ids"].shape
        found = {name: value for name, value in made.items() if value.shape != tokens}
        kinds = [row["token_kinds"] for row in examples] * sides
        if any(kinds):
            padded = torch.zeros((len(kinds), length), dtype=torch.long)
            for row, own in zip(padded, kinds, strict=True):
                row[: len(own)] = torch.tensor(own)
            found[KINDS_OF_TOKEN] = padded
        return found
