"""log π_ref of every pair → reference.npz, and whether the shared-prefix layout may be used.

``python -m remediate.stages.reference SETTINGS.json`` is the worker.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from audit.manifest import read_json, write_json
from remediate.counterfactual_data.card import fluency
from remediate.counterfactual_data.pairs import read_pairs
from remediate.repair import Repair
from remediate.stages.data import CARD, PAIRS
from remediate.workers import (
    PROGRESS,
    PlainWatcher,
    chat_renderer,
    pad_id,
    picture_reader,
    pictures_folder,
)

REFERENCE = "reference.npz"


def reference(repair: Repair) -> None:
    """Compute the reference's log-probabilities, if not done yet."""
    if repair.facts("reference") is not None:
        return
    with repair.step("reference", "Scoring the pairs by the model as it is …") as facts:
        out = repair.folder / REFERENCE
        repair.run_worker(
            "remediate.stages.reference",
            "reference",
            {
                "model": str(repair.model_path),
                "pairs": str(repair.folder / PAIRS),
                "out": str(out),
                "training": repair.options.training.to_json(),
                **repair.shared(),
            },
        )
        found = _load(out)
        facts["shared_prefix"] = bool(found["shared_prefix"])
        if not repair.about_pictures:
            card = read_json(repair.folder / CARD)
            pairs = read_pairs(repair.folder / PAIRS)
            card["fluency"] = fluency(pairs, found["logps"], found["lengths"])
            write_json(repair.folder / CARD, card)


def _load(path: Path) -> dict[str, Any]:
    import numpy as np

    with np.load(path) as found:
        return {name: found[name] for name in found.files}


def main(settings_path: Path) -> None:
    import numpy as np
    from trl.trainer.utils import add_fused_lm_head

    from core.models.causal_lm import choose_device, choose_dtype, load_model
    from core.models.quiet import no_progress_bars
    from remediate.dpo.collate import PairCollator, SharedPrefixCollator
    from remediate.dpo.config import TrainingConfig
    from remediate.dpo.encode import encode, show
    from remediate.dpo.reference import agrees, reference_logps

    settings = read_json(settings_path)
    path = Path(settings["model"])
    renderer = chat_renderer(settings, path)
    reader = picture_reader(settings, path, renderer)
    pairs = read_pairs(Path(settings["pairs"]), pictures=pictures_folder(settings))
    encoded = encode(pairs, renderer, TrainingConfig(**settings["training"]), reader)
    for line in show(encoded[0], renderer).splitlines():
        print(f"{PROGRESS}  {line}", flush=True)
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    with no_progress_bars():
        model = load_model(path, dtype=dtype, device=device)
    add_fused_lm_head(model)
    pad = pad_id(renderer.tokenizer)
    tolerance = 1e-2 if str(dtype) == "torch.float32" else 0.5
    shared = agrees(model, encoded, pad, atol=tolerance, reader=reader)
    collate = (SharedPrefixCollator if shared else PairCollator)(pad, reader)
    watcher = PlainWatcher()
    watcher.start("Scored pairs", len(encoded), 0)
    found = reference_logps(model, encoded, collate, progress=watcher.advance)
    out = Path(settings["out"])
    partial = out.with_name("partial-" + out.name)
    lengths = [(len(pair.chosen_ids), len(pair.rejected_ids)) for pair in encoded]
    np.savez(partial, logps=found, lengths=np.array(lengths), shared_prefix=np.array(shared))
    partial.replace(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
