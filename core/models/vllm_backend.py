"""vLLM: the default engine. The whole suite is handed over at once; its scheduler batches.

How log-probabilities are asked for stands in :mod:`core.models.vllm_scoring`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Capabilities, GenerateRequest, Generation, Score, ScoreRequest
from core.models.chat import ChatRenderer
from core.models.vllm_scoring import Scoring, plan_scoring

#: Finished answers are handed over in lists of about this many: one commit each.
_FLUSH = 32
#: Keys and values of prefixes are shared in blocks of this many tokens. vLLM's default on CPU, 128,
#: is longer than most audit prompts, so nothing would ever be shared.
_CPU_BLOCK = 32


def _prepare_environment() -> None:
    """Settings vLLM reads at import. The user's own values win."""
    for name, value in {
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
        # Idle threads sleep instead of spinning: nothing lost on a quiet machine, a third gained
        # on a busy one.
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "1",
    }.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", module="torch")


@contextlib.contextmanager
def _quiet_start(debug: bool) -> Iterator[None]:
    """Send what the engine prints on file descriptors 1 and 2 while it starts to nowhere.

    Its C++ side writes there directly; a user's terminal and a caller's JSON are no place for it.
    """
    if debug:
        yield
        return
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with open(os.devnull, "w") as sink:
        try:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])


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
        _prepare_environment()
        with _quiet_start(debug):
            import torch
            from vllm.platforms import current_platform

            on_cpu = current_platform.is_cpu()
            if on_cpu:
                # No second process: it starts sooner, and Ctrl-C reaches one process, ours.
                os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
            import vllm

        if not debug:
            logging.getLogger("vllm").setLevel(logging.ERROR)
        options: dict[str, Any] = {
            "model": str(path),
            "dtype": ("float32" if on_cpu else "auto") if dtype == "auto" else dtype,
            "max_model_len": max_model_len,
            "enforce_eager": on_cpu,
            "enable_prefix_caching": True,
            "trust_remote_code": trust_remote_code,
            "seed": 0,
            # A bar cut off by an error would be drawn once more, after the quiet part.
            "use_tqdm_on_load": debug,
        }
        if on_cpu:
            options["block_size"] = _CPU_BLOCK
            # A prompt split over two steps makes vLLM rewind its seeded generator, which a CPU
            # generator cannot do ("CPU Generator does not use offset").
            options["enable_chunked_prefill"] = False
            options["max_num_batched_tokens"] = max(4096, max_model_len)
        if adapter is not None:
            options |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": _lora_rank(adapter)}
        options |= engine_options or {}
        try:
            with _quiet_start(debug):
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
        self.renderer = ChatRenderer(self._llm.get_tokenizer(), fallback_template, fallback_name)
        self.max_model_len = int(self._llm.llm_engine.model_config.max_model_len)
        self._facts = {
            "engine": f"vllm {vllm.__version__}",
            "dtype": str(options["dtype"]),
            "device": current_platform.device_name or "cpu",
            "threads": torch.get_num_threads() if on_cpu else None,
            "max_model_len": self.max_model_len,
            "chat_format": self.renderer.format_name,
            "adapter": str(adapter) if adapter else None,
        }
        notes = []
        if self.renderer.is_plain:
            notes.append(
                "This is a base model without a chat template: it was asked in a plain "
                "completion format."
            )
        self.capabilities = Capabilities(notes=tuple(notes))
        self._serial = 0

    def _check_length(self, key: str, ids: Sequence[int], extra: int) -> None:
        if len(ids) + extra > self.max_model_len:
            raise EnvironmentProblem(
                f"Item {key} needs {len(ids) + extra} tokens, more than the {self.max_model_len} "
                "this model is loaded with."
            )

    def _submit(self, token_ids: list[int], params: Any) -> str:
        # Ids of the engine are ours alone: a key may be asked for twice in one process.
        self._serial += 1
        engine_id = str(self._serial)
        self._llm.llm_engine.add_request(
            engine_id, {"prompt_token_ids": token_ids}, params, lora_request=self._lora
        )
        return engine_id

    def _finished(self) -> Iterator[Any]:
        """Run the engine until nothing is left; yield each finished request output."""
        engine = self._llm.llm_engine
        while engine.has_unfinished_requests():
            for output in engine.step():
                if output.finished:
                    yield output

    def _abort(self, engine_ids: Sequence[str]) -> None:
        if engine_ids:
            self._llm.llm_engine.abort_request(list(engine_ids))

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        """Sample one text a request; lists of finished answers as they come."""
        waiting: dict[str, GenerateRequest] = {}
        try:
            for request in requests:
                ids = self.renderer.prompt_ids(request.messages)
                self._check_length(request.key, ids, request.sampling.max_tokens)
                params = self._vllm.SamplingParams(
                    max_tokens=request.sampling.max_tokens,
                    temperature=request.sampling.temperature,
                    top_p=request.sampling.top_p,
                    seed=request.seed,
                    stop=list(self.renderer.stop) or None,
                )
                waiting[self._submit(ids, params)] = request
            batch: list[Generation] = []
            for output in self._finished():
                request = waiting.pop(output.request_id)
                best = output.outputs[0]
                batch.append(
                    Generation(
                        key=request.key,
                        text=best.text,
                        finish_reason=str(best.finish_reason or "stop"),
                        prompt_tokens=len(output.prompt_token_ids or ()),
                        completion_tokens=len(best.token_ids),
                    )
                )
                if len(batch) >= _FLUSH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            self._abort(list(waiting))

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        """Log-probabilities of every continuation; lists of finished answers as they come."""
        scorings = {r.key: plan_scoring(r, self.renderer) for r in requests}
        owner: dict[str, tuple[Scoring, Any]] = {}
        try:
            # Neighbours in token order share the longest prefixes, so their blocks stay cached.
            for scoring in sorted(scorings.values(), key=lambda s: s.prompt):
                for place, ids, wanted in scoring.questions():
                    self._check_length(scoring.key, ids, 1)
                    params = self._vllm.SamplingParams(
                        max_tokens=1, temperature=0.0, detokenize=False, **wanted
                    )
                    owner[self._submit(ids, params)] = (scoring, place)
            batch: list[Score] = []
            for output in self._finished():
                scoring, place = owner.pop(output.request_id)
                scoring.record(place, output)
                if scoring.complete:
                    batch.append(scoring.result())
                    del scorings[scoring.key]
                if len(batch) >= _FLUSH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            self._abort(list(owner))

    def describe(self) -> Mapping[str, Any]:
        return self._facts

    def close(self) -> None:
        """Shut the engine down and give its memory back."""
        core = getattr(self._llm.llm_engine, "engine_core", None)
        if core is not None:
            with _quiet_start(False):
                core.shutdown()
        del self._llm


def _lora_rank(adapter: Path) -> int:
    """The smallest rank vLLM allows that holds the adapter's."""
    import json

    try:
        rank = int(json.loads((adapter / "adapter_config.json").read_text())["r"])
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentProblem(
            f"{adapter} is no LoRA adapter: adapter_config.json with a rank `r` is missing there."
        ) from error
    allowed = (8, 16, 32, 64, 128, 256, 320, 512)
    return next((a for a in allowed if a >= rank), rank)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300].rstrip(".:")
