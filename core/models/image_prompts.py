"""Questions with pictures → the tensors that a vision-language model reads.

The model's own processor decides how many tokens a picture becomes and what is fed to the image
encoder. Tokens after the prompt (the answers to score) are added here, by id, so that what is
scored is exactly what was tokenised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import GenerateRequest, Image, Message, ScoreRequest
from core.models.chat import ChatRenderer
from core.models.pictures import open_picture

#: Prompts whose tokens are kept, so that planning twice does not prepare every picture twice.
_KEPT = 4096

Request = GenerateRequest | ScoreRequest


def picture_renderer(
    processor: Any, fallback_template: str | None = None, fallback_name: str = ""
) -> ChatRenderer:
    """The renderer of a model that takes pictures; a template of its processor comes first."""
    token = getattr(processor, "image_token", None)
    token = getattr(token, "content", token) or getattr(processor.tokenizer, "image_token", None)
    return ChatRenderer(
        processor.tokenizer,
        fallback_template,
        fallback_name,
        own_template=getattr(processor, "chat_template", None),
        picture_token=str(token or "<image>"),
    )


class PicturePrompts:
    """Prepares requests that show pictures, with one processor and one renderer."""

    def __init__(self, processor: Any, renderer: ChatRenderer) -> None:
        self.processor = processor
        self.renderer = renderer
        self._ids: dict[tuple[str, tuple[Image, ...]], tuple[int, ...]] = {}

    def prompt_ids(self, messages: Sequence[Message], images: Sequence[Image]) -> tuple[int, ...]:
        """Token ids of the prompt, every picture grown to as many as the model reads it in."""
        text = self.renderer.render(messages, len(images))
        key = (text, tuple(images))
        if key not in self._ids:
            if len(self._ids) >= _KEPT:
                del self._ids[next(iter(self._ids))]
            self._ids[key] = tuple(self._process([text], [images])["input_ids"][0].tolist())
        return self._ids[key]

    def inputs(
        self,
        prompts: Sequence[tuple[Sequence[Message], Sequence[Image]]],
        tails: Sequence[Sequence[int]],
        *,
        left: bool,
    ) -> dict[str, Any]:
        """What the model is called with: prompt i, its pictures and the token ids ``tails[i]``.

        Shapes: everything that has a value a token is (rows, longest), padded on the left or on the
        right; ``attention_mask`` is 0 at padding. The pictures' tensors are the processor's own.
        Raises :class:`EnvironmentProblem` for a picture or a question that cannot be prepared.
        """
        import torch

        texts = [self.renderer.render(messages, len(images)) for messages, images in prompts]
        made = self._process(texts, [images for _, images in prompts])
        shape, real = made["input_ids"].shape, made["attention_mask"].bool()
        for row, keep, prompt in zip(made["input_ids"], real, prompts, strict=True):
            # Answers are read at positions counted from the prompt's own tokens.
            if tuple(row[keep].tolist()) != self.prompt_ids(*prompt):
                raise EnvironmentProblem(
                    "The model's processor makes other tokens of a question in company than alone, "
                    "so its answers cannot be scored in batches."
                )
        inputs: dict[str, Any] = {}
        for name, values in made.items():
            if getattr(values, "shape", None) != shape:
                inputs[name] = values
                continue
            # A scored answer is text: of what a token is of, beside its id, it has 0.
            fill = {"attention_mask": 1}.get(name, 0)
            rows = [
                [*row[keep].tolist(), *(tail if name == "input_ids" else [fill] * len(tail))]
                for row, keep, tail in zip(values, real, tails, strict=True)
            ]
            width = max(map(len, rows))
            pad = self.processor.tokenizer.pad_token_id if name == "input_ids" else 0
            rows = [
                [pad] * (width - len(r)) + r if left else r + [pad] * (width - len(r)) for r in rows
            ]
            inputs[name] = torch.tensor(rows, dtype=values.dtype)
        return inputs

    def _process(self, texts: list[str], images: Sequence[Sequence[Image]]) -> Mapping[str, Any]:
        opened = [[open_picture(image) for image in row] for row in images]
        try:
            made: Mapping[str, Any] = self.processor(
                text=texts,
                images=opened,
                padding=True,
                return_tensors="pt",
                add_special_tokens=self.renderer.adds_special_tokens,
            )
        except (ValueError, TypeError, IndexError, RuntimeError) as error:
            names = ", ".join(dict.fromkeys(image.id for row in images for image in row))
            raise EnvironmentProblem(
                f"The model's processor cannot prepare the question with {names[:200]} "
                f"({_first_line(error)})."
            ) from error
        return made


def move(inputs: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """The inputs where the model is, pixels in its dtype; what it does not take is left out."""
    import inspect

    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    takes = inspect.signature(bare.forward).parameters
    out = {}
    for name, value in inputs.items():
        if name in takes:
            value = value.to(model.device)
            out[name] = value.to(model.dtype) if value.is_floating_point() else value
    return out


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".:")[:200]
