"""Starting a vLLM engine: the environment it reads, its options, and silence while it starts."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

#: Keys and values of prefixes are shared in blocks of this many tokens. vLLM's default on CPU, 128,
#: is longer than most audit prompts, so nothing would ever be shared.
_CPU_BLOCK = 32


def prepare_environment() -> None:
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
def quiet(debug: bool) -> Iterator[None]:
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


def engine_options(
    path: Path, *, dtype: str, max_model_len: int, on_cpu: bool, adapter: Path | None
) -> dict[str, Any]:
    """Arguments of ``vllm.LLM`` that this project chooses; see vLLM's EngineArgs for the rest."""
    options: dict[str, Any] = {
        "model": str(path),
        "dtype": ("float32" if on_cpu else "auto") if dtype == "auto" else dtype,
        "max_model_len": max_model_len,
        "enforce_eager": on_cpu,
        "enable_prefix_caching": True,
        "seed": 0,
    }
    if on_cpu:
        options["block_size"] = _CPU_BLOCK
        # A prompt split over two steps makes vLLM rewind its seeded generator, which a CPU
        # generator cannot do ("CPU Generator does not use offset").
        options["enable_chunked_prefill"] = False
        options["max_num_batched_tokens"] = max(4096, max_model_len)
    if adapter is not None:
        options |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": _lora_rank(adapter)}
    return options


def _lora_rank(adapter: Path) -> int:
    """The smallest rank vLLM allows that holds the adapter's."""
    try:
        rank = int(json.loads((adapter / "adapter_config.json").read_text())["r"])
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentProblem(
            f"{adapter} is no LoRA adapter: adapter_config.json with a rank `r` is missing there."
        ) from error
    allowed = (8, 16, 32, 64, 128, 256, 320, 512)
    return next((a for a in allowed if a >= rank), rank)
