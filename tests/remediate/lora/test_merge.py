"""Merging: the same model as base + adapter, in full precision, or an error and nothing final."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.errors import EnvironmentProblem
from remediate.lora import merge as merging
from remediate.lora.saved import check_saved
from remediate.lora.targets import linear_layers
from tests.core.tiny_models import make_model, save_adapter, save_model
from tests.remediate import training_cases as cases

pytestmark = pytest.mark.model
PROMPTS = [[72, 101, 108, 108, 111], [87, 104, 121], [65]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny")


def test_merged_is_base_plus_adapter_and_not_the_base(tiny: Path, tmp_path: Path) -> None:
    from core.models.causal_lm import load_model

    adapter = save_adapter(tmp_path / "adapter")
    check = merging.merge(tiny, adapter, tmp_path / "merged", PROMPTS)
    assert check.max_difference < 1e-4
    assert check.n_prompts == 3
    ids = torch.tensor([PROMPTS[0]])
    base, merged = (
        load_model(path, dtype=torch.float32, device="cpu")(input_ids=ids).logits
        for path in (tiny, tmp_path / "merged")
    )
    assert (base - merged).abs().max() > 1e-2
    assert (tmp_path / "merged" / "tokenizer.json").is_file()
    assert not list((tmp_path / "merged").glob("*.bin"))


def test_a_merge_that_changes_the_model_is_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(merging.TOLERANCE, "float32", -1.0)
    adapter = save_adapter(tmp_path / "adapter")
    with pytest.raises(EnvironmentProblem, match="--no-merge"):
        merging.merge(tiny, adapter, tmp_path / "merged", PROMPTS)
    assert not (tmp_path / "merged").exists()


def test_linear_layers_leave_head_and_towers_out() -> None:
    wanted = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert linear_layers(make_model()) == wanted
    assert linear_layers(make_model(family="gpt2")) == ["c_attn", "c_fc", "c_proj"]


def test_a_damaged_adapter_is_seen(tmp_path: Path) -> None:
    from peft import PeftModel
    from safetensors.torch import load_file, save_file

    adapter = save_adapter(tmp_path / "adapter")
    model = PeftModel.from_pretrained(make_model(), adapter, is_trainable=True)
    check_saved(adapter, model)
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    save_file(tensors | {name: tensors[name] + 1}, path)
    with pytest.raises(EnvironmentProblem, match="reads back differently"):
        check_saved(adapter, model)
    save_file({n: t for n, t in tensors.items() if n != name}, path)
    with pytest.raises(EnvironmentProblem, match="does not hold the adapter"):
        check_saved(adapter, model)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(EnvironmentProblem, match="cannot be read back"):
        check_saved(adapter, model)


def test_qlora_trains_on_nf4_and_merges_into_full_precision(tmp_path: Path) -> None:
    """The base stays on disk as it was; the merged weights are float32, not rounded to 4 bits."""
    from safetensors.torch import load_file

    base = save_model(
        tmp_path / "base", max_position_embeddings=1024, hidden_size=64, intermediate_size=128
    )
    folder = tmp_path / "run"
    settings = cases.prepare(folder, base, tuner="qlora", steps=4)
    process = cases.start(settings, folder / "log")
    assert process.wait(300) == 0, (folder / "log").read_text()[-2000:]
    bias = cases.history(folder, "eval_bias")
    assert min(bias[1:]) < bias[0]
    check = merging.merge(base, folder / "adapter", folder / "merged", PROMPTS)
    assert check.max_difference < 1e-4
    config = json.loads((folder / "merged" / "config.json").read_text())
    assert "quantization_config" not in config
    old, new = (load_file(p / "model.safetensors") for p in (base, folder / "merged"))
    assert {t.dtype for t in new.values()} == {torch.float32}
    untouched = "model.embed_tokens.weight"
    assert torch.equal(old[untouched], new[untouched])
    assert not torch.equal(
        old["model.layers.0.mlp.up_proj.weight"], new["model.layers.0.mlp.up_proj.weight"]
    )
