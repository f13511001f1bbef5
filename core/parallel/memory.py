"""How much memory a training will take in each mode, before anything is loaded.

For each process: weights + gradients + optimiser states, divided as the mode divides them
(Rajbhandari et al. 2020, *ZeRO*, section 3 and table 1), + activations (Korthikanti et al. 2022,
*Reducing Activation Recomputation*, section 4, counted for what a LoRA training keeps) + logits +
what the libraries take. The numbers are checked against measured runs in ``docs/parallel.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.parallel.modes import Mode
from core.parallel.shape import ModelShape

Quantisation = Literal["none", "int8", "nf4"]
Dtype = Literal["float32", "bfloat16", "float16"]

_BYTES: dict[str, float] = {"float32": 4, "bfloat16": 2, "float16": 2}
#: NF4: 4 bits, an 8-bit constant for 64 weights and a 32-bit one for 256 of those (double
#: quantisation; Dettmers et al. 2023, *QLoRA*, section 3: 0.127 bits a weight).
_NF4 = 4 / 8 + 1 / 64 + 4 / (64 * 256)
#: LLM.int8(): a byte a weight and a 32-bit scale a row, here with rows of 1,000.
_INT8 = 1 + 4 / 1000
_FP32 = 4
#: AdamW's two moments (Loshchilov & Hutter 2019).
_MOMENTS = 2 * _FP32
#: The logits, their log-softmax and their gradient live at once, in fp32.
_LOGIT_COPIES = 3
#: Python, torch and transformers once imported (measured, resident), and a CUDA context with its
#: kernels (usual; not measured here).
#: What glibc's malloc keeps in holes between live tensors, as a share of what comes and goes
#: (measured: 0.5 to 0.6). Without it (``MALLOC_MMAP_THRESHOLD_=131072``) the rest of the estimate
#: stands by itself. PyTorch's allocator on GPUs has its own, which is not measured here.
_FRAGMENTATION_CPU = 0.5
_LIBRARIES_CPU = 550 * 2**20
_LIBRARIES_GPU = 600 * 2**20


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


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes for each process, by part."""

    mode: Mode
    nproc: int
    quantisation: Quantisation
    offload: bool
    gpu: bool
    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    buffers: int
    """Gradient buckets of DDP and DeepSpeed, and blocks gathered by ZeRO-3 and FSDP."""

    libraries: int
    fragmentation: int = 0
    """Freed memory that the allocator cannot use again; on CPUs alone."""

    on_host: int = 0
    """Of the above, kept in host memory by offloading to it from a GPU."""

    @property
    def total(self) -> int:
        parts = (self.weights, self.gradients, self.optimizer, self.activations, self.logits)
        return sum(parts) + self.buffers + self.libraries + self.fragmentation

    @property
    def device_bytes(self) -> int:
        """On one GPU, or of one process's memory on a machine without."""
        return self.total - self.on_host

    @property
    def machine_bytes(self) -> int:
        """Of host memory by all processes of one machine."""
        return self.nproc * (self.on_host if self.gpu else self.total)

    def fits(self, device_available: int, host_available: int | None = None) -> bool:
        """Whether it goes into a GPU's free bytes (and the host's, where those are given).

        Without a GPU the processes share one memory: all of them must fit into
        ``device_available``.
        """
        if not self.gpu:
            return self.machine_bytes <= device_available
        host_ok = host_available is None or self.machine_bytes <= host_available
        return self.device_bytes <= device_available and host_ok


def estimate(
    model: ModelShape,
    training: Training,
    *,
    nproc: int = 1,
    gpu: bool = False,
    offload: bool = False,
    quantisations: tuple[Quantisation, ...] = ("none", "nf4"),
) -> list[Estimate]:
    """One estimate for each mode and quantisation, in order of what is cheaper in time.

    ``Mode.NONE`` is always for one process. ``offload`` is applied where the mode has it and there
    is a GPU to offload from.
    """
    return [
        _estimate(model, training, mode, quantisation, nproc=nproc, gpu=gpu, offload=offload)
        for quantisation in quantisations
        for mode in Mode
    ]


def first_fitting(
    estimates: list[Estimate], device_available: int, host_available: int | None = None
) -> Estimate | None:
    """The first of :func:`estimate`'s list that fits; None where nothing does."""
    fitting = (e for e in estimates if e.fits(device_available, host_available))
    return next(fitting, None)


def _estimate(
    model: ModelShape,
    training: Training,
    mode: Mode,
    quantisation: Quantisation,
    *,
    nproc: int,
    gpu: bool,
    offload: bool,
) -> Estimate:
    processes = 1 if mode is Mode.NONE else nproc
    trained = model.lora_parameters(training.rank, training.targets)
    width = _BYTES[training.dtype]
    base = weight_bytes(model, training.dtype, quantisation)
    gathered = 0
    adapters = _FP32 * trained
    gradients = _FP32 * trained
    optimizer = _MOMENTS * trained
    if mode.deepspeed:
        # DeepSpeed updates a flat fp32 copy of what it trains, whatever the precision.
        optimizer += _FP32 * trained
        optimizer //= processes
        gradients //= processes
    elif mode is Mode.FSDP:
        optimizer //= processes
        gradients //= processes
    if mode.sharded:
        packed = _undivided(model, training, mode, quantisation)
        base = packed + (base - packed) // processes
        adapters //= processes
        if not packed:
            # The block in use and the one that is fetched ahead.
            linear = weight_bytes(model, training.dtype, quantisation, only_linear=True)
            gathered = 2 * linear // max(1, model.layers)
    buffers = gathered
    if mode is Mode.DDP:
        buffers = _FP32 * trained
    elif mode.deepspeed:
        buffers += int(2 * width * model.hidden**2)
    away = offload and gpu and mode not in (Mode.NONE, Mode.DDP)
    on_host = 0
    if away:
        on_host = optimizer + gradients
        on_host += base + adapters if mode.sharded else 0
    activations = activation_bytes(model, training)
    tokens = training.micro_batch * training.sequence_length
    logits = _LOGIT_COPIES * _FP32 * tokens * model.vocabulary
    return Estimate(
        mode=mode,
        nproc=processes,
        quantisation=quantisation,
        offload=away,
        gpu=gpu,
        weights=base + adapters,
        gradients=gradients,
        optimizer=optimizer,
        activations=activations,
        logits=logits,
        buffers=buffers,
        libraries=_LIBRARIES_GPU if gpu else _LIBRARIES_CPU,
        fragmentation=0 if gpu else int(_FRAGMENTATION_CPU * (activations + logits)),
        on_host=on_host,
    )


def _undivided(
    model: ModelShape, training: Training, mode: Mode, quantisation: Quantisation
) -> int:
    """Bytes of weights that a sharding mode leaves whole in every process.

    ZeRO-3 divides NF4's packed weights like any tensor; accelerate excludes them from FSDP2
    (``fsdp2_prepare_model``). int8 weights are taken to stay whole in both.
    """
    if quantisation == "none" or (mode is Mode.ZERO3 and quantisation == "nf4"):
        return 0
    return weight_bytes(model, training.dtype, quantisation, only_linear=True)


def weight_bytes(
    model: ModelShape, dtype: Dtype, quantisation: Quantisation, *, only_linear: bool = False
) -> int:
    """Of the base model; quantisation leaves embeddings, norms and the output head alone."""
    width = _BYTES[dtype]
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
    feed-forward network, and r for each adapter: ``6h + 2k + 4f + r·n``. The attention matrices, ``2·a·s`` a token, are kept only by eager
    attention. Adapters are fp32: below that precision their inputs are kept once more, converted.

    With checkpointing one input a block stays (``s·b·h``; section 5) and one block at a time is
    recomputed.
    """
    tokens = training.sequence_length * training.micro_batch
    width = _BYTES[training.dtype]
    h, k, f = model.hidden, model.key_value, model.intermediate
    blocks = max(1, model.layers)
    adapted = [x for x in model.linears if not training.targets or x.name in training.targets]
    elements = width * (6 * h + 2 * k + 4 * f)
    elements += _FP32 * training.rank * len(adapted) / blocks
    if width < _FP32:
        elements += _FP32 * sum(x.inputs for x in adapted) / blocks
    if training.eager_attention:
        elements += width * 2 * model.heads * training.sequence_length
    if training.checkpointing:
        return int(tokens * (elements + width * h * model.layers))
    return int(tokens * elements * model.layers)
