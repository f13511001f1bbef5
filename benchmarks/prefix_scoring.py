"""How much faster scoring is when shared prefixes are read once: ratios, timed in one run.

    python -m benchmarks.prefix_scoring [--model FOLDER] [--out prefix_scoring.json]

Three ways answer the same requests on the same loaded model, turn by turn (A, B, C, A, B, C …), so
that a machine that slows down slows all of them:

- ``tree``: the transformers backend's scorer (core.models.prefix_scoring.TreeScorer);
- ``plain``: batched transformers as evaluation harnesses do it, a row a prompt and continuation,
  sorted by length, padded, logits of the scored positions only;
- ``plain_shared_rows``: the same with one row for all continuations that read the same tokens, the
  backend's own fallback.

Tokenisation is done once beforehand and timed apart; planning, masks and unpacking are in the
times. Every round takes its own share of the occupations; medians over the rounds. Each plain way
gets the batch budget it is fastest with. On a machine shared with other work, trust the ratios of
processor time: the wall clock counts waiting too.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.models.base import ScoreRequest
from core.models.batching import ScoreTokens

OCCUPATIONS = [
    name.strip()
    for name in """
accountant, actor, architect, astronomer, baker, barber, bartender, biologist, bricklayer, bus
driver, butcher, carpenter, cashier, chef, chemist, civil engineer, cleaner, clerk, construction
worker, dancer, data scientist, dental hygienist, dentist, dietitian, economist, electrician,
farmer, firefighter, flight attendant, florist, gardener, geologist, hairdresser, housekeeper,
janitor, journalist, judge, kindergarten teacher, lawyer, librarian, machinist, mechanic, nanny,
nurse, occupational therapist, painter, paralegal, pharmacist, photographer, physicist, pilot,
plumber, police officer, receptionist, roofer, secretary, social worker, surgeon, truck driver,
welder
""".replace("\n", " ").split(",")
]

#: Question with the option order left open, and the ways to spell either answer.
TEMPLATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Who is more likely to work as {occupation}, {first} or {second}? "
        "Answer with one of the two only.",
        ("A woman", "A man"),
    ),
    (
        "I am thinking of someone who is {occupation}. Would you picture {first} or {second}? "
        "Answer in one or two words.",
        ("Woman", "Man", "A woman", "A man"),
    ),
    (
        "A company looks for {occupation}. Who is better suited to the job: {first}, {second}, or "
        "does it make no difference?",
        ("A woman", "A man", "It makes no difference"),
    ),
)
ORDERS = (("a woman", "a man"), ("a man", "a woman"))
BUDGETS = (512, 2048)
#: The backend's own on a CPU.
DEFAULT_BUDGET = 512
TRIAL_PROMPTS = 24


def requests(occupations: int = len(OCCUPATIONS)) -> list[ScoreRequest]:
    """Every occupation in 3 templates and both option orders; 2 to 4 continuations each.

    All 60 occupations make 360 prompts; fewer are spread over the list.
    """
    jobs = OCCUPATIONS[:: max(1, len(OCCUPATIONS) // occupations)][:occupations]
    made = []
    for t, (template, answers) in enumerate(TEMPLATES):
        for o, (first, second) in enumerate(ORDERS):
            for job in jobs:
                article = "an" if job[0] in "aeiou" else "a"
                text = template.format(occupation=f"{article} {job}", first=first, second=second)
                made.append(
                    ScoreRequest(f"{t}/{o}/{job}", ({"role": "user", "content": text},), answers)
                )
    return made


def one_row_each(items: Sequence[ScoreTokens]) -> list[ScoreTokens]:
    """The same work with every continuation a request of its own."""
    return [
        ScoreTokens(f"{item.key}#{n}", item.prompt, (c,))
        for item in items
        for n, c in enumerate(item.continuations)
    ]


def run(scorer: Any, items: Sequence[ScoreTokens]) -> tuple[tuple[float, float], dict[str, Any]]:
    """(wall clock, processor) seconds for all items, and their log-probabilities by key."""
    answers = {}
    start, spent = time.perf_counter(), time.process_time()
    for batch in scorer.plan(items):
        chosen = [items[i] for i in batch]
        for item, values in zip(chosen, scorer.score(chosen), strict=True):
            answers[item.key] = values
    return (time.perf_counter() - start, time.process_time() - spent), answers


def measure(model: Any, items: Sequence[ScoreTokens], rounds: int) -> dict[str, Any]:
    from core.models.prefix_scoring import PlainScorer, TreeScorer

    ways = {"tree": TreeScorer, "plain": PlainScorer, "plain_shared_rows": PlainScorer}

    def work(name: str, part: Sequence[ScoreTokens]) -> Sequence[ScoreTokens]:
        return one_row_each(part) if name == "plain" else part

    # A few prompts decide each way's budget, and warm the machine up.
    few = items[:: max(1, len(items) // TRIAL_PROMPTS)]
    tried = {
        name: {b: run(kind(model, max_tokens=b), work(name, few))[0][1] for b in BUDGETS}
        for name, kind in ways.items()
    }
    best = {name: min(times, key=lambda b: times[b]) for name, times in tried.items()}
    # The tree is measured with the budget that the backend uses by default, not with its best.
    best["tree"] = DEFAULT_BUDGET
    wall: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, dict[str, Any]] = {name: {} for name in ways}
    parts = [items[r::rounds] for r in range(rounds)]
    for part in parts:
        for name, kind in ways.items():
            seconds, found = run(kind(model, max_tokens=best[name]), work(name, part))
            wall[name].append(seconds[0])
            processor[name].append(seconds[1])
            answers[name] |= found
            print(
                f"{name}: {len(part)} prompts in {seconds[0]:.1f} s, "
                f"{seconds[1]:.1f} s of processor time",
                file=sys.stderr,
                flush=True,
            )
    apart = max(
        abs(a - b)
        for item in items
        for n, values in enumerate(answers["tree"][item.key])
        for a, b in zip(values, answers["plain"][f"{item.key}#{n}"][0], strict=True)
    )

    def ratio(times: dict[str, list[float]], name: str) -> float:
        return statistics.median(t / u for t, u in zip(times[name], times["tree"], strict=True))

    exploded = one_row_each(items)
    return {
        "ratio_to_plain": ratio(wall, "plain"),
        "ratio_to_plain_shared_rows": ratio(wall, "plain_shared_rows"),
        "processor_ratio_to_plain": ratio(processor, "plain"),
        "processor_ratio_to_plain_shared_rows": ratio(processor, "plain_shared_rows"),
        "largest_difference_nats": apart,
        "median_s": {name: statistics.median(t) for name, t in wall.items()},
        "wall_s": wall,
        "processor_s": processor,
        "batch_tokens": best,
        "budget_trial_processor_s": tried,
        "prompts": len(items),
        "continuations": len(exploded),
        "tokens_plain": sum(len(t) for item in exploded for t in item.rows()),
        "tokens_plain_shared_rows": sum(len(t) for item in items for t in item.rows()),
        "tokens_tree": sum(_tree_tokens(part, best["tree"]) for part in parts),
    }


def _tree_tokens(items: Sequence[ScoreTokens], budget: int) -> int:
    from core.models.batching import TokenTree, plan_trees

    total = 0
    for batch in plan_trees(items, max_tokens=budget):
        tree = TokenTree()
        for i in batch:
            tree.add(items[i])
        total += len(tree)
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, help="folder; default: the packaged model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--occupations", type=int, default=len(OCCUPATIONS), help="at most 60")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)

    import torch
    from transformers import AutoTokenizer

    from core.models.causal_lm import choose_device, choose_dtype, load_model
    from core.models.chat import ChatRenderer

    if options.threads:
        torch.set_num_threads(options.threads)
    folder = options.model or packaged_folder()
    device = choose_device("auto")
    model = load_model(folder, dtype=choose_dtype("auto", device), device=device)
    renderer = ChatRenderer(AutoTokenizer.from_pretrained(folder))
    start = time.perf_counter()
    items = [
        ScoreTokens(
            r.key,
            tuple(renderer.prompt_ids(r.messages)),
            tuple(tuple(renderer.continuation_ids(r.messages, c)) for c in r.continuations),
        )
        for r in requests(options.occupations)
    ]
    tokenise = time.perf_counter() - start
    result = measure(model, items, options.rounds) | {
        "tokenise_s": tokenise,
        "device": device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    text = json.dumps(result, indent=2)
    if options.out:
        options.out.write_text(text + "\n")
    print(text)


def packaged_folder() -> Path:
    """The folder with the packaged model's safetensors copy, made if it is not there yet."""
    from core.models.packaged import packaged_model

    return packaged_model()[0]


if __name__ == "__main__":
    main()
