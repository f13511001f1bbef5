"""Adapter → merged model. ``python -m remediate.stages.merge SETTINGS.json`` is the worker."""

from __future__ import annotations

import sys
from pathlib import Path

from audit.manifest import read_json, write_json
from remediate.repair import Repair
from remediate.stages.train import ADAPTER
from remediate.workers import chat_renderer, picture_reader, pictures_folder

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
                **repair.shared(),
            },
        )
        f |= read_json(check)


def main(settings_path: Path) -> None:
    from remediate.counterfactual_data.pairs import read_pairs
    from remediate.lora.merge import Prompt, merge

    settings = read_json(settings_path)
    base = Path(settings["model"])
    renderer = chat_renderer(settings, base)
    reader = picture_reader(settings, base, renderer)
    pairs = read_pairs(Path(settings["pairs"]), pictures=pictures_folder(settings))
    chosen = pairs[:: max(1, len(pairs) // _PROMPTS)][:_PROMPTS]
    prompts: list[Prompt] = [
        renderer.prompt_ids(pair.prompt)
        if reader is None
        else reader.inputs(pair.prompt, pair.images)
        for pair in chosen
    ]
    check = merge(base, Path(settings["adapter"]), Path(settings["out"]), prompts)
    write_json(Path(settings["check"]), check.to_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
