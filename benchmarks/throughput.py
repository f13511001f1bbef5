"""How fast an audit asks, beside the engines it stands on: ratios, timed in one run.

    python -m benchmarks.throughput [--model FOLDER] [--limit 64] [--rounds 3] [--out FILE.json]

The suite ``occupations`` gives the prompts. On one loaded vLLM engine two ways take turns, each
round on its own seed and with an emptied prefix cache:

- ``audit``: what ``audit run`` does, backend, journal on disk and all;
- ``vllm``: the same token ids and sampling settings handed to ``vllm.LLM.generate`` at once.

Then transformers samples a part of the same prompts, in batches and one prompt at a time. All four
are compared by tokens sampled a second; an answer ends where its model ends it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.journal import Journal
from audit.probes.base import get_suite
from audit.requests import build_requests, generation_payload
from core.models.base import GenerateRequest


def requests(limit: int, seed: int) -> list[GenerateRequest]:
    items = get_suite("occupations").items(langs=["en"], seed=0, limit=limit, samples=None)
    return build_requests(items, seed).generate


def by_audit(backend: Any, asked: list[GenerateRequest], folder: Path) -> int:
    """Tokens sampled, every answer committed to a journal."""
    tokens = 0
    with Journal(folder / "journal.sqlite", {"bench": str(folder)}, resume=False) as journal:
        for answers in backend.generate(asked):
            journal.commit([(a.key, "generate", generation_payload(a)) for a in answers])
            tokens += sum(a.completion_tokens for a in answers)
    return tokens


def by_bare_vllm(backend: Any, asked: list[GenerateRequest]) -> int:
    import vllm

    prompts = [{"prompt_token_ids": backend.renderer.prompt_ids(r.messages)} for r in asked]
    params = [
        vllm.SamplingParams(
            max_tokens=r.sampling.max_tokens,
            temperature=r.sampling.temperature,
            top_p=r.sampling.top_p,
            seed=r.seed,
        )
        for r in asked
    ]
    outputs = backend._llm.generate(prompts, params, use_tqdm=False)
    return sum(len(output.outputs[0].token_ids) for output in outputs)


def by_transformers(backend: Any, asked: list[GenerateRequest], *, batched: bool) -> int:
    parts = [asked] if batched else [[request] for request in asked]
    return sum(
        answer.completion_tokens
        for part in parts
        for answers in backend.generate(part)
        for answer in answers
    )


def rate(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    tokens = work()
    return tokens / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--limit", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", type=int, default=24, help="prompts for transformers")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()

    from core.models.load import load_backend
    from core.models.resolve import resolve

    model = resolve(options.model)
    found: dict[str, list[float]] = {"audit": [], "vllm": []}
    backend: Any = load_backend(model, backend="vllm")
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds + 1):
            asked = requests(options.limit, seed=number)
            ways = {
                "audit": lambda a=asked: by_audit(backend, a, Path(scratch)),
                "vllm": lambda a=asked: by_bare_vllm(backend, a),
            }
            for name in sorted(ways, reverse=bool(number % 2)):
                backend._llm.reset_prefix_cache()
                value = rate(ways[name])
                if number:  # round 0 warms up
                    found[name].append(value)
    backend.close()

    # The same share of short and long answers as above.
    asked = requests(options.limit, seed=1)
    asked = asked[:: max(1, len(asked) // options.slow)][: options.slow]
    hf: Any = load_backend(model, backend="transformers")
    for number in range(2):
        for name, batched in (("transformers, batched", True), ("transformers, one by one", False)):
            value = rate(lambda b=batched: by_transformers(hf, asked, batched=b))
            if number:
                found.setdefault(name, []).append(value)
    hf.close()

    medians = {name: statistics.median(values) for name, values in found.items()}
    print("| way | tokens sampled a second | audit is × as fast |")
    print("| --- | ---: | ---: |")
    for name, value in medians.items():
        print(f"| {name} | {value:.1f} | {medians['audit'] / value:.2f} |")
    if options.out:
        options.out.write_text(json.dumps({"rounds": found, "medians": medians}, indent=1))


if __name__ == "__main__":
    main()
