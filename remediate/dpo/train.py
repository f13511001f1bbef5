"""The training worker: read settings and pairs, train, leave the best adapter.

Run by :mod:`core.parallel.launch` as ``python -m remediate.dpo.train SETTINGS.json`` in one
process or many. It reads top to bottom: load, wrap, train, save.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from audit.manifest import read_json
from core.errors import EnvironmentProblem
from remediate.counterfactual_data.pairs import Part, read_pairs
from remediate.dpo.config import TrainingConfig
from remediate.workers import chat_renderer, pad_id, picture_reader, pictures_folder

#: What transformers writes last into a checkpoint; one without it was being written when killed.
_LAST_WRITTEN = "trainer_state.json"


def main(settings_path: Path) -> None:
    """Train as the settings file says (see :func:`remediate.stages.train.write_settings`)."""
    settings = read_json(settings_path)
    out, model_path = Path(settings["out"]), Path(settings["model"])
    config = TrainingConfig(**settings["training"])
    parallel = _prepare(settings)

    import numpy as np
    import torch
    from datasets import Dataset
    from transformers import EarlyStoppingCallback
    from trl import DPOConfig

    from core.models.causal_lm import choose_device, choose_dtype
    from remediate.dpo.collate import PairCollator, SharedPrefixCollator
    from remediate.dpo.encode import by_length, encode, probe_names, training_rows
    from remediate.dpo.monitor import misreading, validation_bias
    from remediate.dpo.trainer import ReloadCheck, RepairTrainer
    from remediate.lora.tuners import adapter_config

    torch.manual_seed(config.seed)
    shown = pictures_folder(settings)
    pairs = read_pairs(Path(settings["pairs"]), pictures=shown)
    renderer = chat_renderer(settings, model_path)
    reader = picture_reader(settings, model_path, renderer)
    reference = np.load(settings["reference"])["logps"]
    encoded = encode(pairs, renderer, config, reader)
    parts = {part: [e for e in encoded if pairs[e.row].part is part] for part in Part}
    parts[Part.TRAIN] = by_length(parts[Part.TRAIN], config.batch)
    parts[Part.VALIDATION] = by_length(parts[Part.VALIDATION], len(encoded))
    rows = {part: training_rows(pairs, own, reference, config) for part, own in parts.items()}

    collator = SharedPrefixCollator if settings["shared_prefix"] else PairCollator
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    checkpoint = newest_checkpoint(out / "checkpoints")
    arguments = DPOConfig(
        output_dir=str(out / "checkpoints"),
        max_steps=config.steps,
        per_device_train_batch_size=parallel.per_device,
        gradient_accumulation_steps=parallel.accumulate,
        per_device_eval_batch_size=config.micro_batch,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(config.warmup * config.steps),
        max_grad_norm=config.max_grad_norm,
        beta=config.beta,
        max_length=None,
        remove_unused_columns=False,
        train_sampling_strategy="sequential",
        eval_strategy="steps",
        eval_steps=config.evaluate_every,
        # Once: a second look at a resumed checkpoint would use up patience.
        eval_on_start=checkpoint is None,
        save_strategy="steps",
        save_steps=config.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="bias",
        greater_is_better=False,
        restore_callback_states_from_checkpoint=True,
        logging_steps=1,
        report_to=[],
        seed=config.seed,
        data_seed=config.seed,
        disable_tqdm=True,
        gradient_checkpointing=device != "cpu",
        **parallel.arguments,
    )
    # After the arguments: ZeRO-3 divides parameters while they load only if these exist.
    model = load_trainable(model_path, config, dtype=dtype, device=device, sharded=parallel.sharded)
    trainer = RepairTrainer(
        settings=config,
        ids=[pair.id for pair in pairs],
        probes=probe_names(pairs),
        validation=validation_bias if shown is None else misreading,
        model=model,
        args=arguments,
        processing_class=renderer.tokenizer,
        train_dataset=Dataset.from_list(rows[Part.TRAIN]),
        eval_dataset=Dataset.from_list(rows[Part.VALIDATION]),
        data_collator=collator(pad_id(renderer.tokenizer), reader),
        peft_config=adapter_config(model, config, connector=shown is not None),
        callbacks=[EarlyStoppingCallback(config.patience), ReloadCheck()],
    )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_model(str(out / "adapter"))
    if trainer.is_world_process_zero():
        (out / "training.json").write_text(
            json.dumps(
                {
                    "steps": trainer.state.global_step,
                    "best_step": trainer.state.best_global_step,
                    "best_bias": trainer.state.best_metric,
                    "history": trainer.state.log_history,
                },
                indent=1,
            ),
            encoding="utf-8",
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Parallel:
    """What the launcher's mode means for this worker."""

    arguments: dict[str, Any]
    per_device: int
    accumulate: int
    sharded: bool


def _prepare(settings: dict[str, Any]) -> Parallel:
    """Process group first (DeepSpeed wants it before its arguments), then batch arithmetic."""
    from core.models.causal_lm import choose_device, choose_dtype
    from core.parallel.worker import prepare, training_arguments

    mode = prepare(Path(settings["parallel"]))
    dtype = str(choose_dtype("auto", choose_device("auto"))).removeprefix("torch.")
    config = settings["training"]
    world = mode.world_size
    per_device = min(config["micro_batch"], max(1, config["batch"] // world))
    if config["batch"] % (per_device * world):
        raise EnvironmentProblem(
            f"A batch of {config['batch']} pairs cannot be shared by {world} processes: choose "
            "--batch as a multiple of --nproc."
        )
    return Parallel(
        training_arguments(mode, dtype=dtype),
        per_device,
        config["batch"] // (per_device * world),
        mode.mode.sharded,
    )


def load_trainable(
    path: Path, config: TrainingConfig, *, dtype: Any, device: str, sharded: bool
) -> Any:
    """The base model, quantised where the tuner wants it; a sharding engine places it itself."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    from core.models.vision import folder_takes_images
    from remediate.lora.tuners import quantisation

    quantised = quantisation(config, compute_dtype=dtype)
    # Quantised weights are placed while they load: each process on its own GPU.
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device
    placed = {} if sharded or quantised is None else {"device_map": {"": own}}
    whole = AutoModelForImageTextToText if folder_takes_images(path) else AutoModelForCausalLM
    return whole.from_pretrained(
        path,
        dtype=dtype,
        local_files_only=True,
        use_safetensors=True,
        quantization_config=quantised,
        **placed,
    )


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint; what a kill left half-written is removed."""
    import shutil

    whole = []
    for found in folder.glob("checkpoint-*"):
        if (found / _LAST_WRITTEN).is_file() and _readable(found / _LAST_WRITTEN):
            whole.append(found)
        else:
            # Every process of a group does this; the others' removal is not an error.
            shutil.rmtree(found, ignore_errors=True)
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _readable(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
