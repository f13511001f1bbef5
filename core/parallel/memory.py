"""How much memory a training will take in each mode, before anything is loaded.

For each process: weights + gradients + optimiser states, divided as the mode divides them
(Rajbhandari et al. 2020, *ZeRO*, section 3 and table 1), + activations (Korthikanti et al. 2022,
*Reducing Activation Recomputation*, section 4, counted for what a LoRA training keeps) + logits +
what the libraries take. The numbers are checked against measured runs in ``docs/parallel.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.parallel.contents import (
    DTYPE_BYTES,
    FP32_BYTES,
    Quantisation,
    Training,
    activation_bytes,
    weight_bytes,
)
from core.parallel.modes import Mode
from core.parallel.shape import ModelShape

#: AdamW's two moments (Loshchilov & Hutter 2019).
_MOMENTS = 2 * FP32_BYTES
#: The logits, their log-softmax and their gradient live at once, in fp32.
_LOGIT_COPIES = 3
#: What glibc's malloc keeps in holes between live tensors, as a share of what comes and goes
#: (measured: 0.5 to 0.6). Without it (``MALLOC_MMAP_THRESHOLD_=131072``) the rest of the estimate
#: stands by itself. PyTorch's allocator on GPUs has its own, which is not measured here.
_FRAGMENTATION_CPU = 0.5
#: Python, torch and transformers once imported (measured, resident), and a CUDA context with its
#: kernels (usual; not measured here).
_LIBRARIES_CPU = 550 * 2**20
_LIBRARIES_GPU = 600 * 2**20


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
    width = DTYPE_BYTES[training.dtype]
    base = weight_bytes(model, training.dtype, quantisation)
    gathered = 0
    adapters = FP32_BYTES * trained
    gradients = FP32_BYTES * trained
    optimizer = _MOMENTS * trained
    if mode.deepspeed:
        # DeepSpeed updates a flat fp32 copy of what it trains, whatever the precision.
        optimizer += FP32_BYTES * trained
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
        buffers = FP32_BYTES * trained
    elif mode.deepspeed:
        buffers += int(2 * width * model.hidden**2)
    away = offload and gpu and mode not in (Mode.NONE, Mode.DDP)
    on_host = 0
    if away:
        on_host = optimizer + gradients
        on_host += base + adapters if mode.sharded else 0
    activations = activation_bytes(model, training)
    tokens = training.micro_batch * training.sequence_length
    logits = _LOGIT_COPIES * FP32_BYTES * tokens * model.vocabulary
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
