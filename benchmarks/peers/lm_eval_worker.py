"""lm-evaluation-harness on CrowS-Pairs: ``python lm_eval_worker.py MODEL PAIRS.json OUT.json``.

Runs in the harness's own environment. PAIRS.json: ``[{sent_more, sent_less, bias_type}, …]``. OUT:
its own task's figures with their standard errors, the same of the pairs about gender, and, sentence
by sentence, the log-likelihoods they rest on.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from lm_eval import simple_evaluate
from lm_eval.api.metrics import mean, mean_stderr
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks.crows_pairs import utils


def main(model: str, pairs: str, out: str) -> None:
    engine = HFLM(pretrained=model, device="cpu", dtype="float32", batch_size=16)
    begun = time.perf_counter()
    # bootstrap_iters stays at its default: with 0 the harness leaves standard errors out.
    found = simple_evaluate(model=engine, tasks=[_task(pairs)], log_samples=True)
    seconds = time.perf_counter() - begun
    (name,) = found["results"]
    samples = sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
    result = {
        "version": version("lm-eval"),
        "seconds": seconds,
        "results": {k: v for k, v in found["results"][name].items() if isinstance(v, float)},
        "gender": _gender(samples),
        "pairs": len(samples),
        "loglikelihoods": [
            [float(answer[0][0]) for answer in sample["resps"]] for sample in samples
        ],
    }
    Path(out).write_text(json.dumps(result), encoding="utf-8")


def _gender(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """What its task of the gender pairs alone would say, by its own mean and standard error."""
    about = [sample for sample in samples if sample["doc"]["bias_type"].startswith("gender")]
    found: dict[str, Any] = {"pairs": len(about), "results": {}}
    for metric in ("likelihood_diff", "pct_stereotype") if len(about) > 1 else ():
        values = [float(sample[metric]) for sample in about]
        found["results"][f"{metric},none"] = float(mean(values))
        found["results"][f"{metric}_stderr,none"] = float(mean_stderr(values))
    return found


def _task(pairs: str) -> ConfigurableTask:
    """Its own task on these pairs; only where the pairs come from is changed."""
    path = Path(utils.__file__).with_name("crows_pairs_english.yaml")
    text = path.read_text(encoding="utf-8").replace("!function utils.", "utils.")
    config = yaml.safe_load(text)
    for name in ("tag", "dataset_name"):
        del config[name]
    config |= {
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": pairs}},
        "doc_to_choice": utils.doc_to_choice,
        "process_results": utils.process_results,
    }
    return ConfigurableTask(config=config)


if __name__ == "__main__":
    main(*sys.argv[1:])
