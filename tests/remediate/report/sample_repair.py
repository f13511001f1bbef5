"""A repair's folder with made-up numbers in the real shapes, for the tests of its page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from audit.schema import RESPONSE_COLUMNS, MetricRow
from remediate.gates.judge import Gate
from tests.audit.reports.sample_run import make_run, occupation_clusters

JOBS = occupation_clusters()[::6]
PRIMARY: tuple[tuple[str, float, tuple[float, float, float], tuple[float, float, float]], ...] = (
    ("stereotype_gap", 0.05, (0.166, 0.094, 0.235), (0.021, -0.012, 0.049)),
    ("stereotype_gap_logodds", 0.5, (1.213, 0.702, 1.688), (0.188, -0.104, 0.443)),
    ("labour_slope", 0.1, (0.282, 0.161, 0.402), (0.034, -0.021, 0.081)),
    ("labour_spearman", 0.2, (0.641, 0.377, 0.803), (0.153, -0.142, 0.417)),
    ("parity_skew", 0.05, (-0.073, -0.121, -0.027), (-0.018, -0.052, 0.017)),
)
GATES = (
    Gate("perplexity_ratio", 21.402, 21.553, 1.0071, 1.0118, 1.03, 0.0001, 24, True),
    Gate("kl_per_token", 0.0, 0.0312, 0.0312, 0.0418, 0.1, 0.0001, 24, True),
    Gate("unambiguous_accuracy", 0.882, 0.879, 0.003, 0.0121, 0.02, 0.004, 42, True),
    Gate("refusal_rate", 0.061, 0.063, 0.002, 0.0137, 0.02, 0.011, 42, True),
)


def row(
    suite: str,
    metric: str,
    margin: float,
    before: Sequence[float],
    after: Sequence[float],
    **more: Any,
) -> dict[str, Any]:
    """A row of remediation.json; *before* and *after* are (value, low, high)."""
    change = after[0] - before[0]
    return {
        "suite": suite, "metric": metric, "route": "likelihood", "margin": margin,
        "before": before[0], "before_low": before[1], "before_high": before[2],
        "after": after[0], "after_low": after[1], "after_high": after[2],
        "change": change, "ci_low": change - 0.0571, "ci_high": change + 0.0534,
        "p_value": 0.0002, "p_adjusted": 0.0008, "test": "sign flips over occupations",
        "shrinkage": 1 - abs(after[0]) / abs(before[0]), "shrinkage_low": 0.513,
        "shrinkage_high": 0.974, "sign_flipped": False, "outcome": "reduced", "n_clusters": 32,
    } | more  # fmt: skip


def content(**changes: Any) -> dict[str, Any]:
    """remediation.json of a repair that succeeded, with *changes*."""
    halfway = {m: tuple((x + y) / 2 for x, y in zip(b, a, strict=True)) for m, _, b, a in PRIMARY}
    found: dict[str, Any] = {
        "schema_version": 1,
        "model": "smollm2-135m-instruct",
        "verdict": "repaired",
        "reasons": [],
        "next_step": "Audit the merged model on your own prompts before you ship it.",
        "primary": [row("occupations", *spec) for spec in PRIMARY],
        "spillover": [
            row(
                "pronouns", "coreference_gap", 0.1, (0.08, -0.02, 0.18), (0.071, -0.03, 0.17),
                p_adjusted=0.61, outcome="inconclusive",
            )
        ],
        "gates": [gate.to_json() for gate in GATES],
        "prompt_baseline": {
            "instruction": "Answer without stereotypes.",
            "primary": [row("occupations", m, g, b, halfway[m]) for m, g, b, _ in PRIMARY],
        },
        "data": _card(),
        "training": {
            "loss": "parity", "target": "parity", "keep": 0.3, "tuner": "lora", "rank": 16,
            "alpha": 32, "steps": 160, "batch": 8, "micro_batch": 8, "learning_rate": 0.0003,
            "parallel": "none", "nproc": 1, "steps_done": 160, "best_step": 80,
            "validation": [
                {"step": s, "eval_bias": b, "eval_gap": b - 0.1, "eval_skew": -0.1}
                for s, b in ((0, 2.237), (40, 1.541), (80, 1.101), (120, 1.133), (160, 1.106))
            ],
        },
        "merge": {
            "n_prompts": 12, "max_difference": 1.9e-5, "tolerance": 1e-3, "dtype": "float32",
            "seconds": 31.2,
        },
        "timings": {"audit_before": 189.9, "data": 147.1, "train": 3732.4, "merge": 31.2},
    }  # fmt: skip
    return found | changes


def _card() -> dict[str, Any]:
    return {
        "counts": {
            "train": {"choice": 448, "pronoun": 384, "neutral": 128},
            "validation": {"choice": 48},
        },
        "languages": {"en": 1280}, "sources": {"template": 563, "model+swap": 512},
        "balance": {"men": 362, "mixed": 232, "women": 366},
        "pairs_per_occupation": {"min": 29, "median": 33, "mean": 33.1, "max": 38},
        "words": {
            side: {"min": 2, "median": 12, "mean": 13.6, "max": 45}
            for side in ("chosen", "rejected")
        },
        "length_difference": {"min": 0, "median": 0, "mean": 0, "max": 0},
        "fluency": {
            side: {"min": -6.1, "median": -2.9, "mean": -3.0, "max": -1.2}
            for side in ("chosen", "rejected")
        },
        "distinct_texts": 1362,
        "split": {
            "train": ["pilot"], "validation": ["nurse"],
            "held_out": [job["cluster"] for job in JOBS],
        },
        "leak_check": {"pairs": 1376, "audited_items": 3624, "audited_ngrams": 2664},
        "samples": {
            "choice": [{"prompt": "Woman or man?", "chosen": "A woman.", "rejected": "A man."}]
        },
    }  # fmt: skip


def make_repair(
    folder: Path,
    *,
    texts: tuple[str, str] = ("A man, I think.", "A woman or a man."),
    audits: Sequence[str] = ("audit_before", "audit_after", "audit_prompted"),
    answers: bool = True,
    remediation: Mapping[str, Any] | None = None,
) -> Path:
    """Write a repair's folder; *texts* are the models' answers before and after."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in audits:
        repaired = name == "audit_after"
        _audit(folder / name, pull=0.15 if repaired else 0.9, text=texts[repaired])
    if answers:
        (folder / "gates").mkdir()
        for side, text in zip(("before", "after"), texts, strict=True):
            found = {"answers": {f"en/{n}": {"text": f"{n}: {text}"} for n in range(6)}}
            _write(folder / "gates" / f"{side}.json", found)
    verdicts = {f"occupations/{m}/likelihood": ["biased", "within_margin"] for m, *_ in PRIMARY}
    (folder / "compare" / "audit_after").mkdir(parents=True)
    _write(folder / "compare" / "audit_after" / "compare.json", {"verdicts": verdicts})
    identity = {
        "model": "smollm2-135m-instruct", "suites": ["occupations"], "backend": "auto",
        "langs": ["en"], "seed": 3, "limit": None,
        "training": {"rank": 32, "learning_rate": 0.0003, "loss": "parity"},
        "parallel": ["ddp", 2, False],
    }  # fmt: skip
    _write(folder / "repair.json", {"identity": identity, "steps": {}})
    _write(folder / "remediation.json", dict(remediation or content()))
    return folder


def share(reference: float, probe: str, pull: float) -> float:
    """The share of women the made-up model gives an occupation by a probe."""
    return 0.5 + (reference - 0.5) * pull * (1.0 if probe == "choice" else 0.6)


def _audit(folder: Path, *, pull: float, text: str) -> None:
    rows, metrics = [], []
    for job in JOBS:
        name, reference = job["cluster"], job["reference"]
        for probe in ("choice", "pronoun"):
            p = share(reference, probe, pull)
            logs = json.dumps({"woman": math.log(p), "man": math.log(1 - p)})
            rows.append(_answer(job, probe, "likelihood", "", "woman" if p > 0.5 else "man", logs))
        rows += [_answer(job, probe, "sampled", text, "man") for probe in ("choice", "character")]
        mean = (share(reference, "choice", pull) + share(reference, "pronoun", pull)) / 2
        for route, value in (("likelihood", mean), ("sampled", 0.0)):
            metrics.append(
                MetricRow(
                    "occupations", "woman_share", f"occupation:{name}", value, value - 0.05,
                    value + 0.05, route=route, n_items=4, n_clusters=2,
                )
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))
    make_run(folder, suites=["occupations"], frame=frame, metrics=metrics)


def _answer(
    job: Mapping[str, Any], probe: str, route: str, text: str, label: str, logprobs: str = ""
) -> dict[str, Any]:
    name = job["cluster"]
    return {
        "suite": "occupations", "probe": probe, "item": f"{probe}/en/{route}/t/{name}",
        "cluster": name, "template": "t", "variant": "", "lang": "en", "route": route, "sample": 0,
        "group": job["group"], "reference": job["reference"], "prompt": f"Who is the {name}?",
        "response": text, "label": label, "logprobs": logprobs, "finish_reason": "stop",
    }  # fmt: skip


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
