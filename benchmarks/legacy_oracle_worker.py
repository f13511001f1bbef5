"""One model in one vLLM, whichever is installed: greedy tokens and log-probabilities as JSON.

Stands alone on purpose: it runs in the environment of :mod:`benchmarks.legacy_oracle`, which has
none of this package. Legacy configurations are read by a plain class made here, never by code
that came with a checkpoint.

    python legacy_oracle_worker.py MODEL_FOLDER PROMPTS.json OUT.json

PROMPTS.json is a list of token id lists.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

NEW_TOKENS = 16
LEGACY_TYPES = ("qwen", "internlm", "baichuan")


def register_legacy_types() -> None:
    """Let transformers read the legacy config.json files as plain bags of values."""
    from transformers import AutoConfig, PretrainedConfig

    for name in LEGACY_TYPES:
        kind: Any = type(f"{name.title()}Config", (PretrainedConfig,), {"model_type": name})
        # A class defined at run time can be pickled for vLLM's workers only where it is found.
        setattr(sys.modules[__name__], kind.__name__, kind)
        kind.__module__ = __name__
        AutoConfig.register(name, kind)


def main(model: str, prompts_file: str, out_file: str) -> None:
    # In one process, so that the registered classes are there when the engine looks for them.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    import vllm

    register_legacy_types()
    prompts = json.loads(Path(prompts_file).read_text(encoding="utf-8"))
    llm = vllm.LLM(
        model, dtype="float32", enforce_eager=True, max_model_len=256, skip_tokenizer_init=True
    )
    sampling = vllm.SamplingParams(
        temperature=0.0, max_tokens=NEW_TOKENS, logprobs=1, prompt_logprobs=0, ignore_eos=True,
        detokenize=False,
    )  # fmt: skip
    answers = []
    for ids, result in zip(
        prompts, llm.generate([{"prompt_token_ids": ids} for ids in prompts], sampling), strict=True
    ):
        answer = result.outputs[0]
        answers.append(
            {
                "tokens": list(answer.token_ids),
                "logprobs": [
                    step[token].logprob
                    for token, step in zip(answer.token_ids, answer.logprobs, strict=True)
                ],
                "prompt_logprobs": [
                    step[token].logprob
                    for token, step in zip(ids[1:], result.prompt_logprobs[1:], strict=True)
                ],
            }
        )
    report = {"vllm": vllm.__version__, "answers": answers}
    Path(out_file).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
