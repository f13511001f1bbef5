"""Adapter → merged model. ``python -m remediate.stages.merge SETTINGS.json`` is the worker."""

from __future__ import annotations

import sys
from pathlib import Path

from audit.manifest import read_json, write_json
from remediate.repair import Repair
from remediate.stages.train import ADAPTER
from remediate.workers import chat_renderer

MERGED, CHECK = "merged", "merge_check.json"
_PROMPTS = 12


def merge_step(repair: Repair) -> None:
    """Merge and compare, if not done yet."""
    if repair.facts("merge") is not None:
        return
    with repair.step("merge", "Merging the adapter, and checking that it is the same model …") as f:
        check = repair.folder / CHECK
        repair.run_worker(
            "remediate.stages.merge",
            "merge",
            {
                "model": str(repair.model_path),
                "adapter": str(repair.folder / ADAPTER),
                "out": str(repair.folder / MERGED),
                "check": str(check),
                "pairs": str(repair.folder / "pairs.jsonl"),
                **repair.chat(),
            },
        )
        f |= read_json(check)


def main(settings_path: Path) -> None:
    from remediate.counterfactual_data.pairs import read_pairs
    from remediate.lora.merge import merge

    settings = read_json(settings_path)
    base = Path(settings["model"])
    renderer = chat_renderer(settings, base)
    pairs = read_pairs(Path(settings["pairs"]))
    prompts = [renderer.prompt_ids(p.prompt) for p in pairs[:: max(1, len(pairs) // _PROMPTS)]]
    check = merge(base, Path(settings["adapter"]), Path(settings["out"]), prompts[:_PROMPTS])
    write_json(Path(settings["check"]), check.to_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
