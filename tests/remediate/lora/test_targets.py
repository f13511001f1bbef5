"""Where adapters go: the text's linear layers, not the head, not a tower, not a router."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
)

from core.models import catalogue
from remediate.dpo.config import TrainingConfig
from remediate.lora.families import family, to_markdown
from remediate.lora.targets import linear_layers
from remediate.lora.tuners import adapter_config

DOCS = Path(__file__).parents[3] / "docs" / "adapter-targets.md"
SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4,
}  # fmt: skip


def adapted(model: Any) -> set[str]:
    from peft import get_peft_model

    wrapped = get_peft_model(model, adapter_config(model, TrainingConfig(rank=2)))
    return {name.split(".lora_A")[0] for name, _ in wrapped.named_modules() if ".lora_A." in name}


def test_a_vision_tower_with_the_same_names_gets_none() -> None:
    config = LlavaConfig(
        text_config=LlamaConfig(vocab_size=64, num_key_value_heads=4, **SMALL),
        vision_config=CLIPVisionConfig(image_size=8, patch_size=4, **SMALL),
        image_token_index=3,
    )
    paths = adapted(LlavaForConditionalGeneration(config))
    assert any("language_model" in path and path.endswith("q_proj") for path in paths)
    assert not any("vision" in path for path in paths)


def test_routers_of_a_mixture_get_none() -> None:
    config = Qwen2MoeConfig(
        vocab_size=64, num_experts=2, num_experts_per_tok=1, moe_intermediate_size=16,
        shared_expert_intermediate_size=16, num_key_value_heads=4, **SMALL,
    )  # fmt: skip
    model = Qwen2MoeForCausalLM(config)
    assert {"q_proj", "o_proj", "down_proj"} <= set(linear_layers(model))
    assert not any(path.endswith("gate") for path in adapted(model))


@pytest.mark.parametrize(
    ("architecture", "model_type"),
    [("Qwen2ForCausalLM", "qwen2"), ("Glm4ForCausalLM", "glm4"), ("Phi3ForCausalLM", "phi3")],
)
def test_the_page_holds_what_is_computed(architecture: str, model_type: str) -> None:
    names = sum(architecture in entry.architectures for entry in catalogue.entries())
    line = to_markdown([family(architecture, names, model_type)]).splitlines()[-1]
    assert line in DOCS.read_text(encoding="utf-8")


def test_an_architecture_without_a_default_says_so() -> None:
    found = family("Emu3ForCausalLM", 2, "emu3")
    assert found.targets == ()
    assert "no default" in found.problem


def test_a_model_without_linear_layers_is_refused() -> None:
    from core.errors import EnvironmentProblem

    class Bare(torch.nn.Module):
        def get_output_embeddings(self) -> None:
            return None

    with pytest.raises(EnvironmentProblem, match="no linear layer"):
        linear_layers(Bare())
