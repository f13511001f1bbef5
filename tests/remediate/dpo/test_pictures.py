"""Pairs about pictures on random tiny Idefics3, Qwen2-VL, Qwen2.5-VL: numbers, a training, a merge.

Skipped, saying so, only where a family's image processor cannot be imported.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import EnvironmentProblem
from tests.core.tiny_vlm import FAMILIES, save_vlm
from tests.remediate import picture_cases as cases

pytestmark = pytest.mark.model
#: What takes the shared-prefix layout: positions that are one number a token.
SHARED = {"idefics3": True, "qwen2_vl": False, "qwen2_5_vl": False}


@pytest.fixture(scope="module", params=FAMILIES)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(family, model folder, settings of a training on it)."""
    root = tmp_path_factory.mktemp(request.param)
    try:
        model = save_vlm(root / "model", request.param)
    except ImportError as error:
        pytest.skip(f"the image processor of {request.param} cannot be imported: {error}")
    settings = cases.prepare(root / "run", model, steps=2, evaluate_every=1)
    return request.param, model, settings


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def opened(model: Path, settings: Path) -> Any:
    """(model, reader, renderer, pairs, encoded)."""
    from core.models.causal_lm import load_model
    from remediate.counterfactual_data.pairs import read_pairs
    from remediate.dpo.config import TrainingConfig
    from remediate.dpo.encode import encode
    from remediate.workers import chat_renderer, picture_reader

    found = read(settings)
    renderer = chat_renderer(found, model)
    reader = picture_reader(found, model, renderer)
    pairs = read_pairs(Path(found["pairs"]), pictures=Path(found["pictures"]))
    encoded = encode(pairs, renderer, TrainingConfig(**found["training"]), reader)
    return load_model(model, dtype="float32", device="cpu"), reader, renderer, pairs, encoded


def test_log_probabilities_are_those_of_the_question_with_its_picture(prepared: Any) -> None:
    """Against a plain forward pass of one row, made by the processor alone."""
    family, path, settings = prepared
    model, reader, _, pairs, encoded = opened(path, settings)
    assert read(settings)["shared_prefix"] is SHARED[family]
    logps = np.load(settings.parent / "reference.npz")["logps"]
    for row in (0, 5, len(pairs) - 1):
        item = encoded[row]
        for side, ids in enumerate((item.chosen_ids, item.rejected_ids)):
            inputs = reader.inputs(pairs[row].prompt, pairs[row].images, ids)
            with torch.inference_mode():
                logits = model(**inputs).logits[0, -len(ids) - 1 : -1]
            wanted = logits.log_softmax(-1)[range(len(ids)), ids].sum()
            assert logps[row, side] == pytest.approx(float(wanted), abs=2e-3)


def test_the_picture_matters(prepared: Any) -> None:
    """The same words about the woman's and about the man's picture: other log-probabilities."""
    import dataclasses

    from trl.trainer.utils import add_fused_lm_head

    from remediate.dpo.collate import PairCollator, SharedPrefixCollator
    from remediate.dpo.reference import reference_logps
    from remediate.workers import pad_id

    family, path, settings = prepared
    model, reader, renderer, _, encoded = opened(path, settings)
    add_fused_lm_head(model)
    item = next(e for e in encoded if "/woman/" in e.pictures[0])
    other = dataclasses.replace(item, pictures=[item.pictures[0].replace("/woman/", "/man/")])
    collator = SharedPrefixCollator if SHARED[family] else PairCollator
    both = reference_logps(model, [item, other], collator(pad_id(renderer.tokenizer), reader))
    assert np.abs(both[0] - both[1]).max() > 1e-2


def test_one_training_then_the_merged_model_is_base_and_adapter(prepared: Any) -> None:
    from safetensors import safe_open

    from core.models.processors import load_processor
    from remediate.dpo.train import main
    from remediate.lora.merge import merge

    family, path, settings = prepared
    main(settings)
    out = settings.parent
    found = read(out / "training.json")
    assert found["steps"] == 2
    assert all(np.isfinite(row["loss"]) for row in found["history"] if "loss" in row)
    with safe_open(out / "adapter" / "adapter_model.safetensors", "pt") as file:
        names = list(file.keys())
        moved = [n for n in names if "lora_B" in n and float(file.get_tensor(n).abs().max()) > 0]
    connector = "connector" if family == "idefics3" else "visual.merger"
    assert any(connector in name for name in moved)
    assert any("self_attn" in name for name in moved)
    tower = [n for n in names if "vision_model" in n or ("visual" in n and "merger" not in n)]
    assert tower == []
    base, reader, _, pairs, _ = opened(path, settings)
    prompts = [reader.inputs(p.prompt, p.images) for p in pairs[:3]]
    check = merge(path, out / "adapter", out / "merged", prompts)
    assert check.max_difference < 1e-3
    merged, *_ = opened(out / "merged", settings)
    with torch.inference_mode():
        difference = merged(**prompts[0]).logits - base(**prompts[0]).logits
    assert float(difference.abs().max()) > 1e-3
    # The merged folder is served as it is: its processor reads pictures as the base's does.
    ours, theirs = (
        load_processor(p).image_processor(_square(), return_tensors="pt")["pixel_values"]
        for p in (out / "merged", path)
    )
    assert torch.equal(ours, theirs)


def _square() -> Any:
    import PIL.Image

    return PIL.Image.new("RGB", (32, 32), "red")


def test_pairs_with_and_without_pictures_are_not_mixed(prepared: Any) -> None:
    import dataclasses

    from remediate.dpo.config import TrainingConfig
    from remediate.dpo.encode import encode

    _, path, settings = prepared
    _, reader, renderer, pairs, _ = opened(path, settings)
    mixed = [pairs[0], dataclasses.replace(pairs[1], images=())]
    with pytest.raises(EnvironmentProblem, match="others do not"):
        encode(mixed, renderer, TrainingConfig(loss="sigmoid"), reader)
