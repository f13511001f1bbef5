"""The abilities of base + adapter, without merging."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from remediate.gates.measure import main
from remediate.sweep.measure import capability

pytestmark = pytest.mark.model


def measured(tiny: Path, folder: Path, adapter: Path | None, base: Path | None) -> Path:
    out = folder / ("base.json" if base is None else f"{adapter and adapter.name}.json")
    settings = {
        "model": str(tiny), "adapter": adapter and str(adapter), "out": str(out),
        "langs": ["en"], "occupations": ["nurse", "farmer"], "answers": base and str(base),
        "chat_template": None, "chat_name": "",
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    main(folder / "settings.json")
    return out


def saved_adapter(folder: Path, tiny: Path, *, changes: bool) -> Path:
    """A LoRA as training saves it; one that ``changes`` nothing has B = 0."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = LoraConfig(
        r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=not changes,
        task_type="CAUSAL_LM",
    )  # fmt: skip
    get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), config).save_pretrained(folder)
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_an_adapter_is_measured_on_the_bases_own_answers(tiny: Path, tmp_path: Path) -> None:
    base = measured(tiny, tmp_path, None, None)
    before = read(base)
    assert {key.split("/")[2] for key in before["stated"]} == {"nurse", "farmer"}
    none, some = (
        read(measured(tiny, tmp_path, saved_adapter(tmp_path / name, tiny, changes=found), base))
        for name, found in (("none", False), ("some", True))
    )
    same = capability(before, none)
    assert same["kl_per_token"]["cost"] == pytest.approx(0, abs=1e-6)
    assert same["perplexity_ratio"]["cost"] == pytest.approx(1, abs=1e-5)
    other = capability(before, some)
    assert other["kl_per_token"]["cost"] > 1e-3
    for found in (none, some):
        for key, row in before["answers"].items():
            assert found["answers"][key]["ids"] == row["ids"]
