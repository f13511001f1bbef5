"""The training loop: the same seed and lessons give the same weights on the same machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.planted_vlm.encoding import Batch, Course, Part, collate


@dataclass(frozen=True, slots=True)
class Recipe:
    """A step shows ``pictures`` pictures, asks ``questions`` about each, and ``controls`` besides.

    The questions about a picture share one pass of the encoder.
    """

    steps: int = 900
    pictures: int = 16
    questions: int = 4
    controls: int = 6
    learning_rate: float = 2e-3
    warmup: int = 50
    threads: int = 2


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Deterministic algorithms on a fixed number of threads: sums are taken in one order."""
    import torch

    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.set_num_threads(before[1])


def train(
    model: Any,
    course: Course,
    recipe: Recipe,
    *,
    pad: int,
    seed: int,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> float:
    """Train in place; returns the last steps' mean loss in nats an answer token.

    The learning rate rises over ``warmup`` steps and falls as half a cosine to a fiftieth: the
    planted shares are probabilities, and only small steps settle on them.
    """
    import torch

    if not course.by_picture:
        raise ValueError("There are no pictures to learn from.")
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )

    def schedule(step: int) -> float:
        rising = min(1.0, (step + 1) / recipe.warmup)
        return rising * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / recipe.steps)))

    pace = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    recent: list[float] = []
    model.train()
    for step, rows in enumerate(draws(course, recipe, seed=seed)):
        loss = answer_loss(model, course, collate(course, rows, pad))
        if not torch.isfinite(loss):
            raise FloatingPointError(f"The loss is {loss.item()} at step {step}.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        pace.step()
        recent = [*recent[-49:], loss.item()]
        progress(step + 1, sum(recent) / len(recent))
    model.eval()
    return sum(recent) / len(recent)


def draws(course: Course, recipe: Recipe, *, seed: int) -> Iterator[list[tuple[int, int]]]:
    """For every step the (lesson, answer) pairs to show; answers are drawn by their shares.

    Pictures come round in a new order every epoch, so all are seen equally often.
    """
    rng = np.random.default_rng(seed)
    weights = {
        group: np.cumsum([course.lessons[number].weight for number in group])
        for group in (*course.by_picture, course.controls)
    }
    queue: list[int] = []

    def pick(group: tuple[int, ...], count: int) -> list[tuple[int, int]]:
        sums = weights[group]
        chosen = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
        return [(group[i], _answer(course, group[i], rng)) for i in chosen]

    for _ in range(recipe.steps):
        if len(queue) < recipe.pictures:
            queue += rng.permutation(len(course.by_picture)).tolist()
        now, queue = queue[: recipe.pictures], queue[recipe.pictures :]
        rows = [row for i in now for row in pick(course.by_picture[i], recipe.questions)]
        yield rows + (pick(course.controls, recipe.controls) if course.controls else [])


def _answer(course: Course, lesson: int, rng: np.random.Generator) -> int:
    sums = np.cumsum(course.lessons[lesson].shares)
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))


def answer_loss(model: Any, course: Course, batch: Batch) -> Any:
    """Mean over rows of the answer's mean token loss: a long answer counts no more than a word."""
    features = None
    if len(batch.pictures):
        pixels = course.pixels[batch.pictures].unsqueeze(1)
        features = model.model.get_image_features(pixels, return_dict=True).pooler_output
    total = sum(_part_loss(model, part, features) for part in batch.parts)
    return total / sum(len(part.ids) for part in batch.parts)


def _part_loss(model: Any, part: Part, features: Any) -> Any:
    """Sum over the part's rows; ``features``: (pictures, image tokens, width)."""
    import torch
    from torch.nn.functional import cross_entropy

    text = model.model.text_model
    embeds = text.get_input_embeddings()(part.ids)
    if len(part.shown):
        embeds = model.model.inputs_merger(part.ids, embeds, features[part.shown])
    hidden = text(inputs_embeds=embeds, attention_mask=part.mask, use_cache=False).last_hidden_state
    # A token is foretold by the position before it; only answers need the head.
    targets = part.labels[:, 1:]
    row, column = torch.nonzero(targets != -100, as_tuple=True)
    losses = cross_entropy(
        model.lm_head(hidden[row, column]), targets[row, column], reduction="none"
    )
    lengths = (targets != -100).sum(dim=1)
    return (losses / lengths[row]).sum()
