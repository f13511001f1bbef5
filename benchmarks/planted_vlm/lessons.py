"""What the model is taught: a question, perhaps a picture, and how often each answer is right."""

from __future__ import annotations

from dataclasses import dataclass

from core.models.base import Image, Message


@dataclass(frozen=True, slots=True)
class Lesson:
    """One question with its answers.

    ``answers`` maps a text to its probability; a plant is nothing else than these numbers.
    ``weight`` is how often the lesson is drawn among those of the same picture, or, if it is a
    ``control`` (a grey picture or none), among the controls.
    """

    messages: tuple[Message, ...]
    answers: tuple[tuple[str, float], ...]
    image: Image | None = None
    control: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        total = sum(share for _, share in self.answers)
        if not self.answers or abs(total - 1.0) > 1e-6 or min(p for _, p in self.answers) < 0:
            raise ValueError(f"The answers to {self.messages[-1]['content']!r} add up to {total}.")

    def texts(self) -> tuple[str, ...]:
        """Everything said in it, for the vocabulary."""
        return (*(m["content"] for m in self.messages), *(text for text, _ in self.answers))
