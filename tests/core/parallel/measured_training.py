"""A worker that trains a LoRA on a real model for two steps and notes its peak memory.

``python -m tests.core.parallel.measured_training MODEL TRAINING.json OUT.json``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any


def main(folder: str, settings: str, out: str) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    wanted: dict[str, Any] = json.loads(Path(settings).read_text(encoding="utf-8"))
    quantised: dict[str, Any] = {}
    if wanted["quantisation"] == "nf4":
        quantised["device_map"] = {"": "cpu"}
        quantised["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
        )
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, **quantised
    )
    model = get_peft_model(
        model, LoraConfig(r=wanted["rank"], target_modules="all-linear", task_type="CAUSAL_LM")
    )
    if wanted["checkpointing"]:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    optimizer = torch.optim.AdamW(p for p in model.parameters() if p.requires_grad)
    shape = (wanted["micro_batch"], wanted["sequence_length"])
    tokens = torch.randint(0, model.config.vocab_size, shape)
    for _ in range(2):
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # KiB, but bytes on macOS.
    Path(out).write_text(
        json.dumps({"peak": peak * (1 if sys.platform == "darwin" else 1024)}), encoding="utf-8"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
