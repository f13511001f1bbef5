"""What each tool measures, from the same model on the same machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.environment import ask, environment

MODEL = "smollm2-135m-instruct"
#: (probe, items): those of GenderBench that have a character written, whole.
GENDERBENCH = (("JobsLumProbe", 339), ("InventoriesProbe", 149))
#: GenderBench leaves length and temperature to the engine.
ANSWER = {"max_tokens": 96, "temperature": 1.0}
AUDIT = Path(sys.executable).with_name("audit")


def audited(out: Path, suite: str, backend: str, limit: int | None = None) -> dict[str, Any]:
    """Run (or finish) an audit; its results and the seconds that its questions took."""
    command = [str(AUDIT), "run", MODEL, "--suite", suite, "--backend", backend, "--out", str(out)]
    if limit is not None:
        command += ["--limit", str(limit)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    results: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return results | {"seconds": manifest["timings"]["ask_s"]}


def lm_eval(work: Path, out: Path, run: Path, model: Path) -> dict[str, Any]:
    """The harness on the pairs that ``run`` asked; with the largest difference of a likelihood."""
    import pandas as pd

    from audit.probes.crows_pairs import sentence_pairs

    asked = pd.read_parquet(run / "responses.parquet")
    known = {pair.id: pair for pair in sentence_pairs()}
    chosen = [known[item.rpartition("/")[2]] for item in asked["item"]]
    pairs = [
        {"sent_more": pair.more, "sent_less": pair.less, "bias_type": pair.bias_type}
        for pair in chosen
    ]
    source, found = out / "pairs.json", out / "lm_eval.json"
    source.write_text(json.dumps(pairs), encoding="utf-8")
    ask(environment(work, "lm-eval"), "lm_eval_worker.py", model, source, found)
    theirs: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    ours = [json.loads(text) for text in asked["logprobs"]]
    theirs["largest_difference"] = max(
        abs(value - own[label])
        for own, pair in zip(ours, theirs["loglikelihoods"], strict=True)
        for label, value in zip(("stereotyped", "anti_stereotyped"), pair, strict=True)
    )
    theirs["sentences"] = 2 * len(pairs)
    return theirs


def genderbench(work: Path, out: Path) -> dict[str, Any]:
    """Its prompts, answered in one batch by this project's engine, under its own evaluators."""
    python = environment(work, "genderbench")
    asked, found = out / "genderbench_prompts.json", out / "genderbench.json"
    ask(python, "genderbench_worker.py", "prompts", asked, *(x for p in GENDERBENCH for x in p))
    rows = json.loads(asked.read_text(encoding="utf-8"))
    begun = time.perf_counter()
    answers = iter(_answers([prompt for row in rows for prompt in row["prompts"]]))
    seconds = time.perf_counter() - begun
    for row in rows:
        row["answers"] = [next(answers) for _ in row["prompts"]]
    answered = out / "genderbench_answers.json"
    answered.write_text(json.dumps(rows), encoding="utf-8")
    ask(python, "genderbench_worker.py", "marks", answered, found)
    marks: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return marks | {"seconds": seconds}


def _answers(prompts: list[str]) -> list[str]:
    from core.models.base import GenerateRequest, Message, Sampling
    from core.models.load import load_backend
    from core.models.resolve import resolve

    backend = load_backend(resolve(MODEL))
    requests = [
        GenerateRequest(str(i), (Message(role="user", content=text),), Sampling(**ANSWER), seed=i)
        for i, text in enumerate(prompts)
    ]
    try:
        found = {a.key: a.text for batch in backend.generate(requests) for a in batch}
    finally:
        backend.close()
    return [found[request.key] for request in requests]


def langfair(work: Path, out: Path, run: Path) -> dict[str, Any]:
    """Its metrics on the sampled English answers of an audit of the occupations."""
    import pandas as pd

    frame = pd.read_parquet(run / "responses.parquet")
    texts, found = out / "texts.json", out / "langfair.json"
    own = frame[(frame["route"] == "sampled") & (frame["lang"] == "en")]
    texts.write_text(json.dumps(own["response"].tolist()), encoding="utf-8")
    ask(environment(work, "langfair"), "langfair_worker.py", texts, found)
    result: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return result
