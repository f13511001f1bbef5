"""What fills the memory of a training whatever the mode: the weights and the activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.parallel.shape import ModelShape

Quantisation = Literal["none", "int8", "nf4"]
Dtype = Literal["float32", "bfloat16", "float16"]

DTYPE_BYTES: dict[str, float] = {"float32": 4, "bfloat16": 2, "float16": 2}
#: NF4: 4 bits, an 8-bit constant for 64 weights and a 32-bit one for 256 of those (double
#: quantisation; Dettmers et al. 2023, *QLoRA*, section 3: 0.127 bits a weight).
_NF4 = 4 / 8 + 1 / 64 + 4 / (64 * 256)
#: LLM.int8(): a byte a weight and a 32-bit scale a row, here with rows of 1,000.
_INT8 = 1 + 4 / 1000
FP32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained and how, as far as memory cares."""

    sequence_length: int
    """Tokens of one sequence."""

    micro_batch: int
    """Sequences of a forward pass, per process; a preference pair is two."""

    rank: int = 16
    """LoRA's r."""

    targets: tuple[str, ...] = ()
    """LoRA's layers; empty for all linear ones."""

    dtype: Dtype = "float32"
    """Of the base weights and the computing. Adapters are fp32, as PEFT keeps them."""

    checkpointing: bool = False
    """Recompute activations in the backward pass (Chen et al. 2016)."""

    eager_attention: bool = False
    """Keeps the attention matrices; scaled-dot-product attention does not."""


def weight_bytes(
    model: ModelShape, dtype: Dtype, quantisation: Quantisation, *, only_linear: bool = False
) -> int:
    """Of the base model; quantisation leaves embeddings, norms and the output head alone."""
    width = DTYPE_BYTES[dtype]
    packed = {"none": width, "int8": _INT8, "nf4": _NF4}[quantisation]
    linear = model.linear_parameters
    rest = 0 if only_linear else model.parameters - linear
    return int(linear * packed + rest * width)


def activation_bytes(model: ModelShape, training: Training) -> int:
    """What the forward pass keeps for the backward one, the logits apart.

    Korthikanti et al. 2022 count, for a GPT block in 16 bits with dropout, ``s·b·h·(34 + 5·a·s/h)``
    bytes (equation 2). Counted the same way for a block whose base is frozen, without dropout and
    with a gated feed-forward network, in elements a token: 2h inputs of the norms, 2h their outputs
    (inputs of the adapters), h queries, 2k keys and values, h the attention's output, 4f of the
    feed-forward network, and r for each adapter: ``6h + 2k + 4f + r·n``. (So it is for the packaged
    model, tensor by tensor.) The attention matrices, ``2·a·s`` a token, are kept only by eager
    attention. Adapters are fp32: below that precision their inputs are kept once more, converted.

    With checkpointing one input a block stays (``s·b·h``; section 5) and one block at a time is
    recomputed.
    """
    tokens = training.sequence_length * training.micro_batch
    width = DTYPE_BYTES[training.dtype]
    h, k, f = model.hidden, model.key_value, model.intermediate
    blocks = max(1, model.layers)
    adapted = [x for x in model.linears if not training.targets or x.name in training.targets]
    elements = width * (6 * h + 2 * k + 4 * f)
    elements += FP32_BYTES * training.rank * len(adapted) / blocks
    if width < FP32_BYTES:
        elements += FP32_BYTES * sum(x.inputs for x in adapted) / blocks
    if training.eager_attention:
        elements += width * 2 * model.heads * training.sequence_length
    if training.checkpointing:
        return int(tokens * (elements + width * h * model.layers))
    return int(tokens * elements * model.layers)
