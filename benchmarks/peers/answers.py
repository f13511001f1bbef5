"""Answers of this project's engine to another tool's prompts."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from core.models.base import Backend, GenerateRequest, Message, Sampling
from core.models.load import choose_backend, load_backend
from core.models.resolve import ResolvedModel

#: GenderBench's own default.
TEMPERATURE = 1.0
#: Tokens: GenderBench's longest prompts, with eight CVs, have 2,900.
_CONTEXT = 4096


class Answers:
    """One model, loaded when the first prompts come; whoever has it closes it."""

    def __init__(self, model: ResolvedModel) -> None:
        self._model = model
        self._backend: Backend | None = None

    def close(self) -> None:
        if self._backend is not None:
            self._backend.close()

    def __call__(self, prompts: Sequence[str], tokens: int) -> list[str]:
        """An answer of at most ``tokens`` to each prompt, in one batch and in their order."""
        if self._backend is None:
            self._backend = _engine(self._model)
        requests = [
            GenerateRequest(
                str(i), (Message(role="user", content=text),), Sampling(tokens, TEMPERATURE), seed=i
            )
            for i, text in enumerate(prompts)
        ]
        found: dict[str, str] = {}
        for batch in self._backend.generate(requests):
            found |= {given.key: given.text for given in batch}
            print(f"{len(found)} of {len(requests)} answers", file=sys.stderr)
        return [found[request.key] for request in requests]


def _engine(model: ResolvedModel) -> Backend:
    """The engine of an audit, with room for long prompts."""
    assert model.path is not None
    if choose_backend(model, "auto") != "vllm":
        return load_backend(model)  # reads as far as the model does
    from core.models.vllm_backend import VllmBackend

    return VllmBackend(model.path, max_model_len=_CONTEXT)
