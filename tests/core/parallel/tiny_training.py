"""A worker that trains a LoRA on a random tiny llama for two steps and notes what came out.

``python -m tests.core.parallel.tiny_training PARALLEL.json MODEL OUT [CHECKPOINT]``: the same eight
sequences in the same order and the same global batch of four in every mode, so the losses must be
the same. With a checkpoint it goes on from there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

BATCH = 4
STEPS = 2


def main(parallel: Path, base: Path, out: Path, resume: str | None = None) -> None:
    from core.parallel.worker import prepare, training_arguments

    config = prepare(parallel)
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForCausalLM,
        BitsAndBytesConfig,
        Trainer,
        TrainingArguments,
    )

    world = int(os.environ.get("WORLD_SIZE", "1"))
    arguments = TrainingArguments(
        output_dir=str(out),
        max_steps=STEPS,
        per_device_train_batch_size=BATCH // world,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        max_grad_norm=1.0,
        logging_steps=1,
        save_strategy="steps",
        save_steps=1,
        report_to=[],
        disable_tqdm=True,
        seed=0,
        train_sampling_strategy="sequential",
        dataloader_pin_memory=False,
        **training_arguments(config, dtype="float32"),
    )
    assert arguments.world_size == world, (arguments.world_size, world)
    options: dict[str, Any] = {"dtype": torch.float32}
    if os.environ.get("TINY_QUANTISED"):
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
        )
        if not config.mode.sharded:
            options["device_map"] = {"": "cpu"}
    torch.manual_seed(0)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, **options),
        LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"),
    )
    generator = torch.Generator().manual_seed(1)
    examples = torch.randint(0, 256, (BATCH * STEPS, 24), generator=generator)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=[{"input_ids": row, "labels": row} for row in examples],
    )
    begun = int(resume.rpartition("-")[2]) if resume else 0
    trainer.train(resume_from_checkpoint=resume)
    trainer.save_model(str(out / "adapter"))
    rank = int(os.environ.get("RANK", "0"))
    found = {
        "steps_here": trainer.state.global_step - begun,
        "losses": [row["loss"] for row in trainer.state.log_history if "loss" in row],
        "elements_here": sum(_elements(p) for p in trainer.model_wrapped.parameters()),
    }
    (out / f"found-{rank}.json").write_text(json.dumps(found), encoding="utf-8")


def _elements(parameter: Any) -> int:
    """How many elements of a parameter lie in this process."""
    if hasattr(parameter, "ds_tensor"):  # ZeRO-3
        return int(parameter.ds_tensor.numel())
    local = parameter.to_local() if hasattr(parameter, "to_local") else parameter  # FSDP2's DTensor
    return int(local.numel())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), *sys.argv[4:])
