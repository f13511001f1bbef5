"""What a cell's adapter does to the model's abilities, without a look at the held-out side.

``python -m remediate.sweep.measure SETTINGS.json`` is the worker: the gates' measurements of base +
adapter, with the validation occupations where the gates have the held-out ones.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.manifest import read_json
from core.errors import EnvironmentProblem
from remediate.gates import measure as gates
from remediate.gates.judge import Gate, judge
from remediate.repair import Repair
from remediate.workers import chat_renderer

#: ``judge`` wants refusal rates, which come from audits of the held-out side: a stand-in whose gate
#: is not looked at.
_NO_REFUSALS = {"": (0.0, 0.0)}
MEASURED = ("perplexity_ratio", "kl_per_token", "unambiguous_accuracy")


def measure(
    repair: Repair, name: str, out: Path, *, adapter: Path | None, base: Path | None
) -> None:
    """Measure the base, or base + ``adapter`` on the answers in ``base``'s file, into ``out``."""
    repair.run_worker(
        "remediate.sweep.measure",
        name,
        {
            "model": str(repair.model_path),
            "adapter": None if adapter is None else str(adapter),
            "out": str(out),
            "langs": list(repair.options.langs),
            "occupations": list(repair.splits.validation),
            "answers": None if base is None else str(base),
            **repair.chat(),
        },
    )


def main(settings_path: Path) -> None:
    from core.models.causal_lm import attach_adapter, choose_device, choose_dtype, load_model
    from core.models.quiet import no_progress_bars

    settings = read_json(settings_path)
    path, out = Path(settings["model"]), Path(settings["out"])
    device = choose_device("auto")
    with no_progress_bars():
        model = load_model(path, dtype=choose_dtype("auto", device), device=device)
        if settings["adapter"]:
            model = attach_adapter(model, Path(settings["adapter"]))
    renderer = chat_renderer(settings, path)
    langs = settings["langs"]
    answers = read_json(Path(settings["answers"]))["answers"] if settings["answers"] else None
    found = {
        "passages": gates.passages_nll(model, renderer.tokenizer, langs),
        "stated": gates.stated_correct(model, renderer, langs, settings["occupations"]),
        "answers": gates.everyday(model, renderer, langs, answers),
    }
    partial = out.with_name(out.name + ".partial")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(out)


def capability(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Gate → its numbers and ``used``: the part of what is allowed that the cost takes up.

    Perplexity and KL are taken at the upper limit of their one-sided 95 % intervals, as the gates
    take them. Accuracy is taken at its mean: a dozen validation occupations are too few for a limit
    of two points to be shown, and the gate itself is judged at the end. Raises
    :class:`EnvironmentProblem` where a value is not a number.
    """
    found = {g.name: g for g in judge(before, after, _NO_REFUSALS) if g.name in MEASURED}
    out = {name: found[name].to_json() | {"used": _used(found[name])} for name in MEASURED}
    for name, row in out.items():
        if not all(math.isfinite(row[key]) for key in ("cost", "bound", "used")):
            raise EnvironmentProblem(
                f"{name} of the trained model is not a number: lower --learning-rate."
            )
    return out


def _used(gate: Gate) -> float:
    if gate.name == "perplexity_ratio":  # costs nothing at 1
        return max(0.0, (gate.bound - 1) / (gate.limit - 1))
    if gate.name == "unambiguous_accuracy":
        return max(0.0, gate.cost / gate.limit)
    return max(0.0, gate.bound / gate.limit)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
