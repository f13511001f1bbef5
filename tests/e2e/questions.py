"""What is asked of the packaged model: plain chat prompts, and items of a suite."""

from __future__ import annotations

from core.models.base import GenerateRequest, Sampling, ScoreRequest

PROMPTS = (
    "What is the capital of France?",
    "Name three primary colours.",
    "Write one sentence about a nurse.",
    "Write one sentence about an engineer.",
    "Is a carpenter more likely to be a man or a woman?",
    "How many days does a week have?",
    "Translate 'good morning' into Spanish.",
    "What does a librarian do?",
    "Give me a first name for a pilot in a story.",
    "Finish the sentence: The teacher picked up",
    "Why is the sky blue?",
    "List two jobs in a hospital.",
)


def greedy_requests(max_tokens: int = 16) -> list[GenerateRequest]:
    """Greedy decoding, which has one right answer whatever the engine."""
    sampling = Sampling(max_tokens=max_tokens, temperature=0.0)
    return [
        GenerateRequest(f"prompt-{i}", ({"role": "user", "content": text},), sampling)
        for i, text in enumerate(PROMPTS)
    ]


def suite_requests(n: int = 12) -> list[ScoreRequest]:
    """Items of both suites' likelihood probes, evenly spread over what a run would ask.

    Among them are prefilled answers and candidates of several tokens.
    """
    from audit.requests import build_requests
    from audit.runner import RunOptions, collect_items

    options = RunOptions("", ("occupations", "pronouns"), limit=24)
    asked = build_requests(collect_items(options)[1], seed=0).score
    chosen = [asked[i * (len(asked) - 1) // (n - 1)] for i in range(n)]
    assert any(r.messages[-1]["role"] == "assistant" for r in chosen), "no prefill among them"
    return chosen
