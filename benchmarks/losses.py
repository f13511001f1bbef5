"""Parity against the preference losses, on the same pairs, steps and rate. Table of docs/losses.md.

    remediate smollm2-135m-instruct --out runs/repair
    python -m benchmarks.losses runs/repair [--losses parity,sigmoid] [--steps 60] [--seeds 3]

Every cell trains a fresh LoRA for the same steps on the same pairs (a seed gives another start and
another order) and is measured on the held-out occupations by the audit's own questions, likelihood
route, before training and at ``--every`` steps: no checkpoint is picked, so a loss that runs past
its aim shows it. Results go to ``losses.json`` in the folder after every cell; finished cells are
not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from audit.manifest import read_json, write_json
from audit.requests import answer_rows, build_requests, score_payload
from audit.schema import Item, Route
from remediate.dpo.config import TrainingConfig

SUITE = "occupations"
METRICS = ("stereotype_gap", "stereotype_gap_logodds", "parity_skew", "labour_spearman")
PROMPT_ONLY = "prompt only"


class Bench:
    """The folder's pairs and reference, the held-out questions, and a fresh model a cell."""

    def __init__(self, folder: Path) -> None:
        from audit.probes.occupations import OccupationsSuite
        from remediate.counterfactual_data.pairs import Part, read_pairs
        from remediate.dpo.encode import encode
        from remediate.workers import chat_renderer, pad_id

        settings = read_json(folder / "settings" / "reference.json")
        self.path = Path(settings["model"])
        self.renderer = chat_renderer(settings, self.path)
        self.pad = pad_id(self.renderer.tokenizer)
        self.pairs = [p for p in read_pairs(folder / "pairs.jsonl") if p.part is Part.TRAIN]
        self.reference = np.load(folder / "reference.npz")["logps"]
        self.encode = lambda config: encode(self.pairs, self.renderer, config)
        self.suite = OccupationsSuite()
        splits = read_json(folder / "data_card.json")["split"]
        self.items = [
            item
            for item in self.suite.items(
                langs=("en",), seed=0, limit=None, samples=None, only=set(splits["held_out"])
            )
            if item.route is Route.LIKELIHOOD
        ]

    def fresh_model(self) -> Any:
        from trl.trainer.utils import add_fused_lm_head

        from core.models.causal_lm import choose_device, choose_dtype, load_model

        device = choose_device("auto")
        model = load_model(self.path, dtype=choose_dtype("auto", device), device=device)
        add_fused_lm_head(model)
        return model

    def measure(self, model: Any, items: list[Item] | None = None) -> dict[str, float]:
        """Point estimates of :data:`METRICS`, the mean log-odds of "woman", and perplexity."""
        import pandas as pd

        from core.models.transformers_backend import TransformersBackend
        from remediate.gates.measure import passages_nll

        asked = self.items if items is None else items
        backend = TransformersBackend.from_model(model, renderer=self.renderer)
        requests = build_requests(asked, seed=0).score
        answers = {s.key: score_payload(s) for batch in backend.score(requests) for s in batch}
        rows = answer_rows(asked, answers, {SUITE: self.suite})
        found = {}
        for measure in self.suite.measures(pd.DataFrame(rows), margins=None):
            if measure.metric in METRICS:
                ones = (np.ones((1, len(measure.clusters))), np.ones((1, len(measure.columns))))
                found[measure.metric] = float(measure.statistic(*ones)[0])
        odds = [json.loads(row["logprobs"]) for row in rows]
        found["mean_logodds"] = statistics.fmean(o["woman"] - o["man"] for o in odds)
        passages = passages_nll(model, self.renderer.tokenizer, ["en"]).values()
        nll, tokens = (sum(p[key] for p in passages) for key in ("nll", "tokens"))
        found["perplexity"] = math.exp(nll / tokens)
        return found

    def instructed(self) -> list[Item]:
        """The same questions under the fairness instruction of ``remediate verify``."""
        from audit.runner import instructed
        from remediate.stages.audits import INSTRUCTION

        return [instructed(item, INSTRUCTION["en"]) for item in self.items]

    def run(self, loss: str, seed: int, steps: int, every: int) -> list[dict[str, float]]:
        """Train one cell; measurements by step, step 0 left out."""
        import torch
        from peft import get_peft_model
        from transformers import get_cosine_schedule_with_warmup

        from remediate.lora.tuners import adapter_config

        config = TrainingConfig(loss=loss, steps=steps, seed=seed)  # type: ignore[arg-type]
        torch.manual_seed(seed)
        base = self.fresh_model()
        model = get_peft_model(base, adapter_config(base, config))
        trained = [p for p in model.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=0.0)
        schedule = get_cosine_schedule_with_warmup(optimiser, round(config.warmup * steps), steps)
        encoded = self.encode(config)
        order = np.random.default_rng(seed).permutation(len(encoded) // config.batch)
        out = []
        for step in range(1, steps + 1):
            model.train()
            start = int(order[(step - 1) % len(order)]) * config.batch
            self._step(model, encoded[start : start + config.batch], config)
            torch.nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            if step % every == 0 or step == steps:
                out.append({"step": step, **self.measure(model)})
                print(loss, seed, {k: round(v, 3) for k, v in out[-1].items()}, flush=True)
        return out

    def _step(self, model: Any, pairs: list[Any], config: TrainingConfig) -> None:
        from remediate.dpo.collate import SharedPrefixCollator
        from remediate.dpo.encode import by_length, training_rows
        from remediate.dpo.losses import LogProbs
        from remediate.dpo.reference import lengths, pair_logps
        from remediate.dpo.trainer import pair_losses

        collate = SharedPrefixCollator(self.pad)
        ordered = by_length(pairs, len(pairs))
        device = next(model.parameters()).device
        for start in range(0, len(ordered), config.micro_batch):
            few = ordered[start : start + config.micro_batch]
            rows = training_rows(self.pairs, few, self.reference, config)
            batch = {name: value.to(device) for name, value in collate(rows).items()}
            chosen, rejected = pair_logps(model, batch)
            lp = LogProbs(
                chosen, rejected, batch["ref_chosen_logps"], batch["ref_rejected_logps"],
                *lengths(batch),
            )  # fmt: skip
            each = pair_losses(lp, batch["kind"], batch["target"], config) * batch["weight"]
            (each.sum() / len(ordered)).backward()


def table(found: dict[str, Any]) -> str:
    """Markdown, a row for each loss and step: mean over seeds, ± standard deviation."""
    base = found["base"]
    lines = [
        "| loss | step | gap, points | log-odds gap | mean log-odds of woman | skew, points | "
        "Spearman with labour | perplexity ÷ base |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        _line("none", "0", [base], base),
        _line(PROMPT_ONLY, "–", [found[PROMPT_ONLY]], base),
    ]
    for loss, seeds in found["losses"].items():
        runs = list(seeds.values())
        for at in range(min(map(len, runs))):
            rows = [run[at] for run in runs]
            lines.append(_line(loss, str(rows[0]["step"]), rows, base))
    return "\n".join(lines)


def _line(loss: str, step: str, rows: list[dict[str, float]], base: dict[str, float]) -> str:
    cells = [
        _spread([row[name] * scale for row in rows], sign, digits)
        for name, scale, sign, digits in (
            ("stereotype_gap", 100, "+", 1), ("stereotype_gap_logodds", 1, "+", 2),
            ("mean_logodds", 1, "+", 2), ("parity_skew", 100, "+", 1),
            ("labour_spearman", 1, "+", 2),
        )
    ]  # fmt: skip
    cells.append(_spread([row["perplexity"] / base["perplexity"] for row in rows], "", 3))
    return f"| {loss} | {step} | " + " | ".join(cells) + " |"


def _spread(values: list[float], sign: str, digits: int) -> str:
    mean = f"{statistics.fmean(values):{sign}.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a repair's folder")
    parser.add_argument("--losses", default="parity,sigmoid,ipo,sigmoid_sft")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    out = asked.folder / "losses.json"
    design = {"steps": asked.steps, "every": asked.every}
    found: dict[str, Any] = read_json(out) if out.exists() else {"design": design, "losses": {}}
    if found["design"] != design:
        parser.error(f"{out} holds cells of {found['design']}: give the same, or remove the file")
    bench = Bench(asked.folder)
    if "base" not in found:
        base = bench.fresh_model()
        found["base"] = bench.measure(base)
        found[PROMPT_ONLY] = bench.measure(base, bench.instructed())
        write_json(out, found)
    for seed in range(asked.seeds):
        for loss in asked.losses.split(","):
            cells = found["losses"].setdefault(loss, {})
            if str(seed) not in cells:
                cells[str(seed)] = bench.run(loss, seed, asked.steps, asked.every)
                write_json(out, found)
    print(table(found))


if __name__ == "__main__":
    main()
