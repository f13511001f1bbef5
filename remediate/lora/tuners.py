"""The kinds of adapter, as PEFT configurations."""

from __future__ import annotations

from typing import Any

from remediate.dpo.config import TrainingConfig
from remediate.lora.targets import linear_layers, towers


def adapter_config(model: Any, config: TrainingConfig, *, connector: bool = False) -> Any:
    """``peft.LoraConfig`` for ``config.tuner``; ``connector`` as in :func:`linear_layers`.

    B starts at zero, so that the untrained adapter is the reference: initialisations that change
    the base (PiSSA, OLoRA) would make the implicit reference wrong and are not offered.
    """
    from peft import LoraConfig

    return LoraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        bias="none",
        target_modules=linear_layers(model, connector=connector),
        exclude_modules=towers(model, connector=connector),
        use_dora=config.tuner == "dora",
        use_rslora=config.tuner == "rslora",
    )


def quantisation(config: TrainingConfig, *, compute_dtype: Any) -> Any | None:
    """NF4 with double quantisation for QLoRA (Dettmers et al. 2023, section 3), else None."""
    if config.tuner != "qlora":
        return None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )


def lora_plus_groups(model: Any, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameter groups of LoRA+: B learns ``lora_plus_ratio`` times as fast as A.

    Hayou et al. 2024, *LoRA+*, section 5. Groups for ``torch.optim.AdamW``.
    """
    slow: list[Any] = []
    fast: list[Any] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (fast if "lora_B" in name else slow).append(parameter)
    return [
        {"params": slow, "lr": config.learning_rate},
        {"params": fast, "lr": config.learning_rate * config.lora_plus_ratio},
    ]
