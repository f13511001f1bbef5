"""Hugging Face transformers as a backend: runs anywhere torch does, and repeats itself exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from core.errors import EnvironmentProblem
from core.models.base import Capabilities, GenerateRequest, Generation, Score, ScoreRequest
from core.models.batching import (
    PromptTokens,
    ScoreTokens,
    plan_by_kind,
    plan_generation,
    plan_rows,
)
from core.models.causal_lm import (
    attach_adapter,
    choose_device,
    choose_dtype,
    context_length,
    end_tokens,
    load_model,
)
from core.models.chat import ChatRenderer
from core.models.image_prompts import PicturePrompts, move

#: Rows of up to this many tokens (prompt and answer) fill a whole batch.
_CACHED_TOKENS_A_ROW = 1024


class TransformersBackend:
    """Generates and scores with one loaded causal language model or vision-language model.

    **Batches are planned ahead.** :meth:`plan` splits requests of one kind into batches, as a
    function of their tokens and keys alone, and :meth:`generate` and :meth:`score` yield one list
    of answers a planned batch, in the plan's order. Planning a planned batch gives that batch, so
    calling ``generate(batch)`` or ``score(batch)`` with exactly one of them repeats, bit for bit on
    the same machine and thread count, what it gave inside the whole. A caller that wants a resumed
    run equal to an uninterrupted one plans over *all* requests, commits answers a batch at a time,
    and on resuming asks for the batches that lack any answer. Requests that show different numbers
    of pictures never share a batch.

    Scoring reads tokens shared by prompts once (:mod:`core.models.prefix_scoring`) where the
    model allows it; sampling is seeded row by row (:mod:`core.models.seeded_sampling`).
    """

    name = "transformers"

    def __init__(
        self,
        path: Path,
        *,
        renderer: ChatRenderer,
        pictures: PicturePrompts | None = None,
        why_no_pictures: str = "",
        dtype: str = "auto",
        device: str = "auto",
        adapter: Path | None = None,
        batch_size: int | None = None,
        batch_tokens: int | None = None,
        threads: int | None = None,
        max_context: int | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        """Load ``path`` (a folder with config.json and safetensors) and, over it, ``adapter``.

        ``pictures`` prepares the pictures of a model that takes them (with the same ``renderer``);
        ``why_no_pictures`` says why a model that takes them is loaded without.
        ``max_context`` (tokens) caps what is read below what the model's config declares.
        ``batch_size`` bounds the texts generated together (default 16 on a CPU, else 64);
        ``batch_tokens`` the tokens of one scoring pass (default 512 on a CPU, else 4096).
        Raises :class:`EnvironmentProblem` where the folder, the adapter or the device cannot be
        used, :class:`UsageProblem` for an unknown dtype or device.
        """
        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        where = choose_device(device)
        model = load_model(
            path,
            dtype=choose_dtype(dtype, where),
            device=where,
            trust_remote_code=trust_remote_code,
        )
        if adapter is not None:
            model = attach_adapter(model, adapter)
        self._why_no_pictures = why_no_pictures
        self._adopt(model, renderer, pictures, batch_size, batch_tokens, max_context)

    @classmethod
    def from_model(
        cls,
        model: Any,
        *,
        renderer: ChatRenderer,
        pictures: PicturePrompts | None = None,
        batch_size: int | None = None,
        batch_tokens: int | None = None,
    ) -> TransformersBackend:
        """A backend over a model that is already in memory (a trainer's, for example).

        The model is used as it is and where it is; its generation defaults are not touched.
        """
        backend = cls.__new__(cls)
        backend._why_no_pictures = ""
        backend._adopt(model, renderer, pictures, batch_size, batch_tokens)
        return backend

    def _adopt(
        self,
        model: Any,
        renderer: ChatRenderer,
        pictures: PicturePrompts | None,
        batch_size: int | None,
        batch_tokens: int | None,
        max_context: int | None = None,
    ) -> None:
        from core.models.picture_scoring import NOTE
        from core.models.prefix_scoring import choose_scorer

        on_cpu = model.device.type == "cpu"
        self._model = model.eval()
        self._renderer = renderer
        self._pictures = pictures
        self._batch_size = batch_size or (16 if on_cpu else 64)
        self._batch_tokens = batch_tokens or (512 if on_cpu else 4096)
        self._end_tokens = end_tokens(model, renderer.tokenizer)
        self._context = min(context_length(model), max_context or math.inf)
        self._scorer, fallback = choose_scorer(model, max_tokens=self._batch_tokens)
        notes = [f"scored without prefix sharing: {fallback}"] if fallback else []
        if pictures is not None and not fallback:
            notes.append(NOTE)
        if self._why_no_pictures:
            notes.append(f"pictures cannot be asked about: {self._why_no_pictures}")
        self.capabilities = Capabilities(
            images=pictures is not None, deterministic=on_cpu, notes=tuple(notes)
        )

    @overload
    def plan(self, requests: Sequence[GenerateRequest]) -> list[list[GenerateRequest]]: ...
    @overload
    def plan(self, requests: Sequence[ScoreRequest]) -> list[list[ScoreRequest]]: ...
    @overload
    def plan(
        self, requests: Sequence[GenerateRequest | ScoreRequest]
    ) -> list[list[GenerateRequest] | list[ScoreRequest]]: ...
    def plan(self, requests: Sequence[Any]) -> Any:
        """The batches these requests are answered in, generation first; see the class."""
        generate = [r for r in requests if isinstance(r, GenerateRequest)]
        score = [r for r in requests if isinstance(r, ScoreRequest)]
        return [
            *([generate[i] for i in batch] for batch in self._plan_generation(generate)[1]),
            *([score[i] for i in batch] for batch in self._plan_score(score)[1]),
        ]

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        """Sampled texts, one list a planned batch; special tokens and stop strings are cut off."""
        items, plan = self._plan_generation(requests)
        for batch in plan:
            yield self._generate([requests[i] for i in batch], [items[i] for i in batch])

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        """Token log-probabilities (nats), one list a planned batch; nan where not finite."""
        items, plan = self._plan_score(requests)
        for batch in plan:
            chosen = [items[i] for i in batch]
            values = self._score([requests[i] for i in batch], chosen)
            yield [
                Score(item.key, logprobs, len(item.prompt))
                for item, logprobs in zip(chosen, values, strict=True)
            ]

    def _score(
        self, requests: Sequence[ScoreRequest], items: Sequence[ScoreTokens]
    ) -> list[tuple[tuple[float, ...], ...]]:
        if not requests[0].images:
            return self._scorer.score(items)
        from core.models.picture_scoring import score_with_pictures

        assert self._pictures is not None
        return score_with_pictures(self._model, self._pictures, requests, items)

    def describe(self) -> Mapping[str, Any]:
        import torch
        import transformers

        return {
            "engine": "transformers",
            "engine_version": transformers.__version__,
            "torch_version": torch.__version__,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "device": str(self._model.device),
            "threads": torch.get_num_threads(),
            "attention": self._model.config._attn_implementation,
            "chat_format": self._renderer.format_name,
            "adapter": hasattr(self._model, "peft_config"),
            "scoring": self._scorer.name,
            "images": self._pictures is not None,
            "batch_size": self._batch_size,
            "batch_tokens": self._batch_tokens,
        }

    def close(self) -> None:
        """Let go of the model; the backend cannot be used after."""
        import gc

        import torch

        del self._model, self._scorer
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _plan_generation(
        self, requests: Sequence[GenerateRequest]
    ) -> tuple[list[PromptTokens], list[list[int]]]:
        items = []
        for request in requests:
            prompt = self._prompt(request)
            room = self._context - len(prompt)
            if room < 1:
                raise self._too_long(request.key, len(prompt) + 1)
            max_new = min(request.sampling.max_tokens, int(room))
            items.append(PromptTokens(request.key, prompt, max_new))
        # Long prompts make batches smaller, so that the cache of all rows stays bounded.
        budget = self._batch_size * _CACHED_TOKENS_A_ROW
        return items, plan_by_kind(
            [len(r.images) for r in requests],
            lambda of: plan_generation(
                [items[i] for i in of], max_rows=self._batch_size, max_tokens=budget
            ),
        )

    def _plan_score(
        self, requests: Sequence[ScoreRequest]
    ) -> tuple[list[ScoreTokens], list[list[int]]]:
        items = []
        for request in requests:
            prompt = self._prompt(request)
            continuations = tuple(
                tuple(self._renderer.continuation_ids(request.messages, c, len(request.images)))
                for c in request.continuations
            )
            item = ScoreTokens(request.key, prompt, continuations)
            length = len(item.prompt) + max(map(len, continuations), default=0)
            if length > self._context:
                raise self._too_long(request.key, length)
            items.append(item)

        def plan(of: list[int]) -> list[list[int]]:
            chosen = [items[i] for i in of]
            if requests[of[0]].images:
                return plan_rows(chosen, max_tokens=self._batch_tokens)
            return self._scorer.plan(chosen)

        return items, plan_by_kind([len(r.images) for r in requests], plan)

    def _prompt(self, request: GenerateRequest | ScoreRequest) -> tuple[int, ...]:
        if request.images:
            if self._pictures is None:
                raise EnvironmentProblem(
                    f"Request {request.key} shows a picture, and this model takes none. "
                    f"{self._why_no_pictures or 'Choose a vision-language model.'}"
                )
            return self._pictures.prompt_ids(request.messages, request.images)
        prompt = tuple(self._renderer.prompt_ids(request.messages))
        if not prompt:
            raise EnvironmentProblem(
                f"Request {request.key} renders to an empty prompt, so the model has nothing to "
                "continue; give it a message or a tokenizer with a beginning-of-text token."
            )
        return prompt

    def _too_long(self, key: str, length: int) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"Request {key} needs {length} tokens but the model reads {self._context:.0f} at most; "
            "shorten the prompt or audit a model with a longer context."
        )

    def _generate(
        self, requests: Sequence[GenerateRequest], items: Sequence[PromptTokens]
    ) -> list[Generation]:
        from core.models.prefix_scoring import left_padded
        from core.models.row_generation import generate_rows

        model, end = self._model, self._end_tokens
        if not end:
            raise EnvironmentProblem(
                "Neither the model nor its tokenizer names an end token, so no answer would ever "
                "end; add eos_token_id to the model's generation_config.json."
            )
        if requests[0].images:
            assert self._pictures is not None
            shown = [(r.messages, r.images) for r in requests]
            inputs = move(self._pictures.inputs(shown, [()] * len(shown), left=True), model)
        else:
            ids, mask, _ = left_padded([item.prompt for item in items], model.device, pad=end[0])
            inputs = {"input_ids": ids, "attention_mask": mask}
        return generate_rows(model, self._renderer, end, inputs, requests, items)
