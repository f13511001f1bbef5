"""A model's sizes from its config.json alone: the architecture is built without any weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear layer of a decoder block."""

    name: str
    """Its last name, as LoRA targets are given: ``q_proj``."""

    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What memory depends on. Counts are of elements, not bytes."""

    parameters: int
    """All parameters, tied ones once."""

    layers: int
    hidden: int
    intermediate: int
    """Width between the two halves of the feed-forward network."""

    heads: int
    key_value: int
    """Width of the keys: key-value heads × head size."""

    vocabulary: int
    linears: tuple[Linear, ...]
    """Every linear layer outside the output head: what an adapter can go on and what
    quantisation makes smaller."""

    @property
    def linear_parameters(self) -> int:
        return sum(layer.inputs * layer.outputs for layer in self.linears)

    def lora_parameters(self, rank: int, targets: tuple[str, ...] = ()) -> int:
        """Σ r · (inputs + outputs) over the targeted layers (Hu et al. 2022, section 4.1).

        ``targets``: last names; empty for every linear layer.
        """
        return sum(
            rank * (layer.inputs + layer.outputs)
            for layer in self.linears
            if not targets or layer.name in targets
        )


def read_shape(folder: Path) -> ModelShape:
    """The shape of the model in ``folder``; only ``config.json`` is read.

    The model is made on torch's meta device, where parameters have a shape and no memory. Raises
    :class:`EnvironmentProblem` for an architecture transformers does not know by itself.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kinds = (AutoModelForCausalLM, AutoModelForImageTextToText)
        kind = next((k for k in kinds if type(config) in k._model_mapping), None)
        if kind is None:
            raise ValueError(f"{type(config).__name__} is no language model")
        with torch.device("meta"):
            model = kind.from_config(config, dtype=torch.float32)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0][:160].rstrip(".")
        raise EnvironmentProblem(
            f"The size of the model in {folder} cannot be told from its config.json ({reason}). "
            "Skip the memory estimate, or give a model that transformers knows."
        ) from error
    return shape_of(model)


def linear_modules(model: Any) -> Iterator[tuple[str, Any]]:
    """(path, module) of every linear layer but the output head.

    Counts torch.nn.Linear, its quantised kin (bitsandbytes subclasses it) and GPT-2's Conv1D.
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    for path, module in model.named_modules():
        if module is not head and isinstance(module, nn.Linear | Conv1D):
            yield path, module


def shape_of(model: Any) -> ModelShape:
    """The shape of a model in memory or on the meta device."""
    from transformers.pytorch_utils import Conv1D

    text = model.config.get_text_config()
    linears = []
    for path, module in linear_modules(model):
        # GPT-2's Conv1D keeps its weight as (inputs, outputs), Linear as (outputs, inputs).
        rows, columns = module.weight.shape
        inputs, outputs = (rows, columns) if isinstance(module, Conv1D) else (columns, rows)
        linears.append(Linear(path.rpartition(".")[2], int(inputs), int(outputs)))
    hidden, heads = int(text.hidden_size), int(text.num_attention_heads)
    head_size = int(getattr(text, "head_dim", None) or hidden // heads)
    key_value_heads = int(getattr(text, "num_key_value_heads", None) or heads)
    intermediate = getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None)
    return ModelShape(
        parameters=sum(int(p.numel()) for p in model.parameters()),
        layers=int(text.num_hidden_layers),
        hidden=hidden,
        intermediate=int(intermediate or 4 * hidden),
        heads=heads,
        key_value=key_value_heads * head_size,
        vocabulary=int(text.vocab_size),
        linears=tuple(linears),
    )
