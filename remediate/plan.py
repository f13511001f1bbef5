"""``remediate plan``: what a training needs in every mode, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from core.console import table_console
from core.parallel.available import gpu_memory, host_memory
from core.parallel.contents import Training
from core.parallel.duration import training_seconds
from core.parallel.memory import Estimate, estimate, first_fitting
from core.parallel.modes import ParallelConfig
from core.parallel.shape import read_shape
from remediate.dpo.config import TrainingConfig

#: Tokens of an average pair laid out with its shared prefix (seen: 55–75 on the default data).
_TOKENS_A_PAIR = 70
#: Useful operations a second of one device, for a first guess of time: a current server core with
#: AVX-512 in float32, and a data-centre GPU in bfloat16 at a third of its maker's figure.
_CPU_FLOPS, _GPU_FLOPS = 5e10, 1.5e14


def print_plan(folder: Path, config: TrainingConfig, parallel: ParallelConfig) -> None:
    """A table of memory by mode, what fits, and a first guess of the time."""
    shape = read_shape(folder)
    gpu_free = gpu_memory()
    gpu, free = gpu_free is not None, gpu_free if gpu_free is not None else host_memory()
    training = Training(
        rank=config.rank,
        sequence_length=config.max_length,
        micro_batch=config.micro_batch,
        dtype="bfloat16" if gpu else "float32",
        checkpointing=gpu,
    )
    found = estimate(
        shape, training, nproc=max(2, parallel.nproc), gpu=gpu, offload=parallel.offload
    )
    host = host_memory() if gpu else None
    console = table_console(100)
    console.print(_table(found, free, host))
    console.print(
        f"{shape.parameters / 1e6:,.0f} M parameters, "
        f"{shape.lora_parameters(config.rank) / 1e6:,.1f} M trained at rank {config.rank}; "
        f"sequences of {config.max_length} tokens, {config.micro_batch} pairs at once; "
        f"{_gib(free)} GiB free on {'the GPU' if gpu else 'this machine'}."
    )
    first = first_fitting(found, free, host)
    if first is None:
        console.print("Nothing fits: lower --micro-batch or --max-length, or use more devices.")
    else:
        tuner = " --tuner qlora" if first.quantisation == "nf4" else ""
        console.print(f"Cheapest that fits: --parallel {first.mode.value}{tuner}.")
    seconds = training_seconds(
        shape,
        config.steps * config.batch * _TOKENS_A_PAIR,
        flops_per_second=(_GPU_FLOPS if gpu else _CPU_FLOPS * 2) * parallel.nproc,
        trained=shape.lora_parameters(config.rank),
        checkpointing=gpu,
    )
    console.print(
        f"Training: about {max(1, round(seconds / 60))} min (a guess from operation counts, "
        "docs/parallel.md; audits and data come on top)."
    )


def _table(found: list[Estimate], free: int, host: int | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("mode", "weights", "processes", "per process", "of which weights", "fits"):
        table.add_column(
            name, justify="left" if name in ("mode", "weights") else "right", no_wrap=True
        )
    for row in found:
        fits = row.fits(free, host)
        table.add_row(
            row.mode.value,
            "4 bit" if row.quantisation == "nf4" else "full",
            str(row.nproc),
            f"{_gib(row.device_bytes)} GiB",
            f"{_gib(row.weights)} GiB",
            Text("yes", style="green") if fits else Text("no", style="red"),
        )
    return table


def _gib(n: int) -> str:
    return f"{n / 2**30:.1f}"
