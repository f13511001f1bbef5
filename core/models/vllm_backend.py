"""vLLM: the default engine. The whole suite is handed over at once; its scheduler batches.

How log-probabilities are asked for stands in :mod:`core.models.vllm_scoring`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from core.errors import EnvironmentProblem
from core.models.base import (
    Capabilities,
    GenerateRequest,
    Generation,
    Image,
    Score,
    ScoreRequest,
)
from core.models.chat import ChatRenderer
from core.models.image_prompts import picture_renderer
from core.models.pictures import open_picture
from core.models.processors import load_processor
from core.models.vision import folder_takes_images
from core.models.vllm_scoring import Scoring, plan_scoring
from core.models.vllm_start import engine_options as chosen_options
from core.models.vllm_start import prepare_environment, quiet

#: Finished answers are handed over in lists of about this many: one commit each.
_FLUSH = 32
#: Questions with pictures under way at once: each holds its prepared pixels until it is answered.
_WITH_PICTURES = 128


_A = TypeVar("_A")


class _Job(NamedTuple):
    """One question for the engine; ``belongs`` is handed back with its answer."""

    key: str
    ids: list[int]
    images: tuple[Image, ...]
    params: Any
    belongs: Any


class VllmBackend:
    """One vLLM engine with one model and at most one LoRA adapter.

    ``max_model_len`` is in tokens. On CPU the engine runs in this process, in float32 (bfloat16 is
    several times slower without AVX-512), and eagerly.
    """

    name = "vllm"

    def __init__(
        self,
        path: Path,
        *,
        fallback_template: str | None = None,
        fallback_name: str = "",
        adapter: Path | None = None,
        dtype: str = "auto",
        max_model_len: int = 2048,
        trust_remote_code: bool = False,
        engine_options: Mapping[str, Any] | None = None,
        debug: bool = False,
    ) -> None:
        prepare_environment()
        with quiet(debug):
            import torch
            from vllm.platforms import current_platform

            on_cpu = current_platform.is_cpu()
            if on_cpu:
                # No second process: it starts sooner, and Ctrl-C reaches one process, ours.
                os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
            import vllm

        if not debug:
            logging.getLogger("vllm").setLevel(logging.ERROR)
        options = chosen_options(
            path, dtype=dtype, max_model_len=max_model_len, on_cpu=on_cpu, adapter=adapter
        )
        # A bar cut off by an error would be drawn once more, after the quiet part.
        options |= {"trust_remote_code": trust_remote_code, "use_tqdm_on_load": debug}
        options |= engine_options or {}
        try:
            with quiet(debug):
                self._llm = vllm.LLM(**options)
        except Exception as error:
            raise EnvironmentProblem(
                f"vLLM could not load {path} ({_first_line(error)}). "
                "Try --backend transformers, or --debug for the whole story."
            ) from error
        self._vllm = vllm
        self._lora: Any = None
        if adapter is not None:
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest("adapter", 1, str(adapter))
        self.renderer, why_none = self._open_renderer(
            path, fallback_template, fallback_name, trust_remote_code
        )
        self._sees = self.renderer.picture_token is not None
        self.max_model_len = int(self._llm.llm_engine.model_config.max_model_len)
        self._facts = {
            "engine": f"vllm {vllm.__version__}",
            "dtype": str(options["dtype"]),
            "device": current_platform.device_name or "cpu",
            "threads": torch.get_num_threads() if on_cpu else None,
            "max_model_len": self.max_model_len,
            "chat_format": self.renderer.format_name,
            "adapter": str(adapter) if adapter else None,
            "images": self._sees,
        }
        notes = []
        if self.renderer.is_plain:
            notes.append(
                "This is a base model without a chat template: it was asked in a plain "
                "completion format."
            )
        if why_none:
            notes.append(f"pictures cannot be asked about: {why_none}")
        self.capabilities = Capabilities(images=self._sees, notes=tuple(notes))
        self._serial = 0

    def _open_renderer(
        self, path: Path, template: str | None, name: str, trust_remote_code: bool
    ) -> tuple[ChatRenderer, str]:
        """The renderer, and why a model that takes pictures is not shown any ("" otherwise)."""
        tokenizer, why_none = self._llm.get_tokenizer(), ""
        if folder_takes_images(path) and self._llm.llm_engine.model_config.is_multimodal_model:
            try:
                processor = load_processor(path, trust_remote_code=trust_remote_code)
            except EnvironmentProblem as problem:
                # Its words can be audited all the same.
                why_none = str(problem)
            else:
                return picture_renderer(processor, template, name), ""
        return ChatRenderer(tokenizer, template, name), why_none

    def _check_length(self, key: str, ids: Sequence[int], extra: int) -> None:
        if len(ids) + extra > self.max_model_len:
            raise EnvironmentProblem(
                f"Item {key} needs {len(ids) + extra} tokens, more than the {self.max_model_len} "
                "this model is loaded with."
            )

    def _submit(self, job: _Job) -> str:
        # Ids of the engine are ours alone: a key may be asked for twice in one process.
        self._serial += 1
        engine_id = str(self._serial)
        prompt: dict[str, Any] = {"prompt_token_ids": job.ids}
        if job.images:
            prompt["multi_modal_data"] = {"image": [open_picture(i) for i in job.images]}
        try:
            self._llm.llm_engine.add_request(engine_id, prompt, job.params, lora_request=self._lora)
        except Exception as error:
            # Only vLLM knows how many tokens a picture becomes, and whether they fit; its errors
            # share no base with Python's.
            if not job.images:
                raise
            raise EnvironmentProblem(
                f"vLLM does not take item {job.key} ({_first_line(error)})."
            ) from error
        return engine_id

    def _answers(self, jobs: Iterable[_Job]) -> Generator[tuple[Any, Any]]:
        """Run the engine over all jobs: (the job's ``belongs``, finished request output).

        Jobs without pictures are handed over at once.
        """
        engine = self._llm.llm_engine
        waiting: dict[str, Any] = {}
        feed = iter(jobs)
        try:
            pending = next(feed, None)
            while pending is not None or engine.has_unfinished_requests():
                while pending and not (pending.images and len(waiting) >= _WITH_PICTURES):
                    waiting[self._submit(pending)] = pending.belongs
                    pending = next(feed, None)
                for output in engine.step():
                    if output.finished:
                        yield waiting.pop(output.request_id), output
        finally:
            if waiting:
                engine.abort_request(list(waiting))

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        """Sample one text a request; lists of finished answers as they come."""
        jobs = [self._generation(r) for r in requests]
        with closing(self._answers(jobs)) as answers:
            yield from _flushed(_read(request, output) for request, output in answers)

    def _generation(self, request: GenerateRequest) -> _Job:
        ids = self.renderer.prompt_ids(request.messages, len(request.images))
        self._check_length(request.key, ids, request.sampling.max_tokens)
        params = self._vllm.SamplingParams(
            max_tokens=request.sampling.max_tokens,
            temperature=request.sampling.temperature,
            top_p=request.sampling.top_p,
            seed=request.seed,
            stop=list(self.renderer.stop) or None,
        )
        return _Job(request.key, ids, request.images, params, request)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        """Log-probabilities of every continuation; lists of finished answers as they come."""
        scorings = [plan_scoring(r, self.renderer) for r in requests]
        # Neighbours in token order share the longest prefixes, so their blocks stay cached; a
        # picture stands before the words, so it comes first.
        scorings.sort(key=lambda s: ([i.id for i in s.images], s.prompt))
        jobs = [job for scoring in scorings for job in self._questions(scoring)]
        with closing(self._answers(jobs)) as answers:
            yield from _flushed(_complete(answers))

    def _questions(self, scoring: Scoring) -> Iterator[_Job]:
        for place, ids, wanted in scoring.questions():
            self._check_length(scoring.key, ids, 1)
            params = self._vllm.SamplingParams(
                max_tokens=1, temperature=0.0, detokenize=False, **wanted
            )
            yield _Job(scoring.key, ids, scoring.images, params, (scoring, place))

    def describe(self) -> Mapping[str, Any]:
        return self._facts

    def close(self) -> None:
        """Shut the engine down and give its memory back."""
        core = getattr(self._llm.llm_engine, "engine_core", None)
        if core is not None:
            with quiet(False):
                core.shutdown()
        del self._llm


def _read(request: GenerateRequest, output: Any) -> Generation:
    best = output.outputs[0]
    return Generation(
        key=request.key,
        text=best.text,
        finish_reason=str(best.finish_reason or "stop"),
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=len(best.token_ids),
    )


def _complete(answers: Iterable[tuple[tuple[Scoring, Any], Any]]) -> Iterator[Score]:
    """The scores whose last question the engine has just answered."""
    for (scoring, place), output in answers:
        scoring.record(place, output)
        if scoring.complete:
            yield scoring.result()


def _flushed(answers: Iterable[_A]) -> Iterator[list[_A]]:
    """Lists of ``_FLUSH`` answers, the last one shorter."""
    batch: list[_A] = []
    for answer in answers:
        batch.append(answer)
        if len(batch) >= _FLUSH:
            yield batch
            batch = []
    if batch:
        yield batch


def _first_line(error: BaseException) -> str:
    """What went wrong, in one line; pydantic tells the cause in its second one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and "validation error" in lines[0]:
        lines = [lines[1].split(" [type=")[0].removeprefix("Value error, ")]
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".:")
