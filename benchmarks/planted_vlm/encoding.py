"""Lessons as numbers: token ids once, pixels once a picture, and batches of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.planted_vlm.lessons import Lesson
from core.models.base import Message

#: Token ids of one text.
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A lesson's prompt (its picture already written as image tokens) and answers, as token ids."""

    prompt: Ids
    answers: tuple[Ids, ...]
    shares: tuple[float, ...]
    picture: int | None
    weight: float


@dataclass(frozen=True, slots=True)
class Course:
    """All lessons. ``pixels``: float32 (pictures, 3, side, side), as the processor makes them.

    ``by_picture``: for every picture the numbers of the lessons about it; ``controls``: those of
    the lessons that show nobody.
    """

    lessons: tuple[Encoded, ...]
    pixels: Any
    by_picture: tuple[tuple[int, ...], ...]
    controls: tuple[int, ...]


def encode(lessons: Sequence[Lesson], processor: Any) -> Course:
    """Every lesson as token ids, every picture as pixels. Needs no model."""
    images = {lesson.image.id: lesson.image.path for lesson in lessons if lesson.image is not None}
    place = {name: i for i, name in enumerate(sorted(images))}
    texts = _Texts(processor)
    groups: dict[str, list[int]] = {}
    controls: list[int] = []
    encoded = []
    for number, lesson in enumerate(lessons):
        shown = lesson.image is not None
        encoded.append(
            Encoded(
                prompt=texts.prompt(lesson.messages, shown),
                answers=tuple(texts.answer(answer) for answer, _ in lesson.answers),
                shares=tuple(share for _, share in lesson.answers),
                picture=place[lesson.image.id] if lesson.image is not None else None,
                weight=lesson.weight,
            )
        )
        if lesson.control or lesson.image is None:
            controls.append(number)
        else:
            groups.setdefault(lesson.image.id, []).append(number)
    return Course(
        lessons=tuple(encoded),
        pixels=_pixels([images[name] for name in place], processor),
        by_picture=tuple(tuple(groups[name]) for name in sorted(groups)),
        controls=tuple(controls),
    )


def _pixels(paths: Sequence[Path], processor: Any) -> Any:
    import torch
    from PIL import Image

    shown = []
    for path in paths:
        with Image.open(path) as picture:
            made = processor.image_processor(picture.convert("RGB"), return_tensors="pt")
        shown.append(made["pixel_values"][0, 0])
    return torch.stack(shown)


class _Texts:
    """Token ids of prompts and answers; most are asked about hundreds of pictures."""

    def __init__(self, processor: Any) -> None:
        self._tokenizer = processor.tokenizer
        self._image = processor.image_token
        # What the processor writes for an uncut picture (Idefics3Processor.replace_image_token).
        self._written = (
            processor.fake_image_token + processor.global_image_tag
            + processor.image_token * processor.image_seq_len + processor.fake_image_token
        )  # fmt: skip
        self._known: dict[tuple[Any, ...], Ids] = {}

    def answer(self, text: str) -> Ids:
        if (key := ("answer", text)) not in self._known:
            self._known[key] = self._ids(text + self._tokenizer.eos_token)
        return self._known[key]

    def prompt(self, messages: Sequence[Message], shown: bool) -> Ids:
        """A picture stands in the first user turn, before its words."""
        key = (shown, *((message["role"], message["content"]) for message in messages))
        if key not in self._known:
            turns: list[dict[str, Any]] = [dict(message) for message in messages]
            if shown:
                first = next(turn for turn in turns if turn["role"] == "user")
                words = {"type": "text", "text": first["content"]}
                first["content"] = [{"type": "image"}, words]
            text = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
            self._known[key] = self._ids(text.replace(self._image, self._written))
        return self._known[key]

    def _ids(self, text: str) -> Ids:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of similar length, padded on the right: ids, mask, labels, all (rows, tokens).

    ``labels``: the answer's tokens, −100 elsewhere. ``shown``: for every row with a picture, in
    the order of the rows, its place in the batch's ``pictures``.
    """

    ids: Any
    mask: Any
    labels: Any
    shown: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """``pictures``: numbers of the distinct pictures, int64; ``parts``: the rows about them."""

    pictures: Any
    parts: tuple[Part, ...]


#: Rows are sorted by length and cut into this many parts, which saves a third of the padding.
_PARTS = 4


def collate(course: Course, rows: Sequence[tuple[int, int]], pad: int) -> Batch:
    """``rows``: pairs (lesson, which of its answers)."""
    import torch

    chosen = [(course.lessons[lesson], answer) for lesson, answer in rows]
    chosen.sort(key=lambda row: len(row[0].prompt) + len(row[0].answers[row[1]]))
    seen = {lesson.picture for lesson, _ in chosen if lesson.picture is not None}
    pictures = sorted(seen)
    place = {picture: i for i, picture in enumerate(pictures)}
    size = -(-len(chosen) // _PARTS)
    return Batch(
        torch.tensor(pictures, dtype=torch.int64),
        tuple(
            _part(chosen[start : start + size], place, pad) for start in range(0, len(chosen), size)
        ),
    )


def _part(rows: Sequence[tuple[Encoded, int]], place: Mapping[int, int], pad: int) -> Part:
    import torch

    texts = [(lesson.prompt, lesson.answers[answer]) for lesson, answer in rows]
    width = max(len(prompt) + len(answer) for prompt, answer in texts)
    ids = np.full((len(rows), width), pad)
    labels = np.full((len(rows), width), -100)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for i, (prompt, answer) in enumerate(texts):
        end = len(prompt) + len(answer)
        ids[i, :end] = prompt + answer
        labels[i, len(prompt) : end] = answer
        mask[i, :end] = 1
    shown = [place[lesson.picture] for lesson, _ in rows if lesson.picture is not None]
    arrays = (ids, mask, labels, np.array(shown, dtype=np.int64))
    return Part(*(torch.from_numpy(array) for array in arrays))
