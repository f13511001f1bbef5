"""How a training worker is spread over processes, and which combinations make sense."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.errors import UsageProblem


class Mode(StrEnum):
    """What the processes of one training share among them."""

    NONE = "none"
    """One process: nothing is shared."""

    DDP = "ddp"
    """Every process holds everything and sees other examples; gradients are averaged (Li et al.
    2020, *PyTorch Distributed*)."""

    ZERO2 = "zero2"
    """DeepSpeed; optimiser states and gradients are divided (Rajbhandari et al. 2020, *ZeRO*,
    section 5.2)."""

    ZERO3 = "zero3"
    """DeepSpeed; the parameters are divided too (section 5.3)."""

    FSDP = "fsdp"
    """PyTorch's own division of all three (Zhao et al. 2023, *PyTorch FSDP*), version 2."""

    @property
    def deepspeed(self) -> bool:
        return self in (Mode.ZERO2, Mode.ZERO3)

    @property
    def sharded(self) -> bool:
        """Whether no process holds the whole model's parameters while it trains."""
        return self in (Mode.ZERO3, Mode.FSDP)


@dataclass(frozen=True, slots=True)
class ParallelConfig:
    """One launch. What does not go together fails here with the flag to change."""

    mode: Mode = Mode.NONE
    """``--parallel``."""

    nproc: int = 1
    """``--nproc``: processes on this machine; on GPUs, one for each."""

    offload: bool = False
    """``--offload``: keep what the mode divides in host memory (*ZeRO-Offload*, 2021)."""

    nnodes: int = 1
    """``--nnodes``: machines. Each starts the same command with its own ``--node-rank``."""

    node_rank: int = 0
    """``--node-rank``: this machine's number, from 0; machine 0 is the master."""

    master: str | None = None
    """``--master HOST:PORT``: where machine 0 listens; needed with more than one machine."""

    deepspeed_config: Path | None = None
    """``--deepspeed-config``: the user's own JSON in place of ours (``zero2``, ``zero3``)."""

    threads: int | None = None
    """``--threads``: CPU threads of each process; default: the processors shared evenly."""

    def __post_init__(self) -> None:
        if not isinstance(self.mode, Mode):
            object.__setattr__(self, "mode", _mode(self.mode))
        for flag, value, least in (
            ("--nproc", self.nproc, 1), ("--nnodes", self.nnodes, 1),
            ("--node-rank", self.node_rank, 0), ("--threads", self.threads, 1),
        ):  # fmt: skip
            if value is not None and value < least:
                raise UsageProblem(f"{flag} is {value}. It must be at least {least}.")
        if self.mode is Mode.NONE and self.world_size > 1:
            flag = f"--nproc {self.nproc}" if self.nproc > 1 else f"--nnodes {self.nnodes}"
            raise UsageProblem(
                f"{flag} needs a way to share the work: add --parallel ddp, zero2, zero3 or fsdp."
            )
        if self.offload and self.mode in (Mode.NONE, Mode.DDP):
            raise UsageProblem(
                f"--offload does nothing with --parallel {self.mode}: choose zero2, zero3 or fsdp, "
                "or leave --offload out."
            )
        if self.deepspeed_config is not None and not self.mode.deepspeed:
            raise UsageProblem(
                f"--deepspeed-config is not read by --parallel {self.mode}: choose zero2 or zero3."
            )
        if self.deepspeed_config is not None and self.offload:
            raise UsageProblem(
                "--offload has no effect beside --deepspeed-config: write offload_optimizer into "
                "that file, or leave one of the two out."
            )
        self._check_nodes()

    def _check_nodes(self) -> None:
        if self.nnodes == 1:
            if self.node_rank or self.master:
                flag = "--node-rank" if self.node_rank else "--master"
                raise UsageProblem(f"{flag} is for several machines: add --nnodes, or drop it.")
            return
        if self.node_rank >= self.nnodes:
            raise UsageProblem(
                f"--node-rank {self.node_rank} is too high: with --nnodes {self.nnodes} the last "
                f"machine is {self.nnodes - 1}."
            )
        host, colon, port = (self.master or "").rpartition(":")
        if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
            raise UsageProblem(
                f"--nnodes {self.nnodes} needs --master HOST:PORT, where machine 0 can be reached"
                + (f", not '{self.master}'." if self.master else ".")
            )

    @property
    def world_size(self) -> int:
        """Processes on all machines."""
        return self.nproc * self.nnodes

    @property
    def distributed(self) -> bool:
        """Whether a process group is needed. DeepSpeed and FSDP want one even for one process."""
        return self.mode is not Mode.NONE

    @property
    def torchrun_args(self) -> tuple[str, ...]:
        """The flags of ``torchrun`` that say who meets whom and where.

        One machine meets on a free port of the loopback interface, so that two launches on it
        cannot collide; several meet where ``master`` says (static rendezvous).
        """
        each = ("--nproc-per-node", str(self.nproc), "--max-restarts", "0")
        if self.nnodes == 1:
            return (*each, "--standalone", "--local-addr", "127.0.0.1")
        assert self.master is not None  # checked in __post_init__
        host, _, port = self.master.rpartition(":")
        return (
            *each,
            "--nnodes", str(self.nnodes), "--node-rank", str(self.node_rank),
            "--master-addr", host, "--master-port", port,
        )  # fmt: skip

    def write(self, path: Path) -> Path:
        """Save as JSON, for the worker to :meth:`read`; returns ``path``."""
        fields = dataclasses.asdict(self)
        if self.deepspeed_config is not None:
            # The worker may run in another folder.
            fields["deepspeed_config"] = str(self.deepspeed_config.absolute())
        path.write_text(json.dumps(fields, indent=1), encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> ParallelConfig:
        """What :meth:`write` saved."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        own = fields.pop("deepspeed_config", None)
        return cls(**fields, deepspeed_config=Path(own) if own else None)


def _mode(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise UsageProblem(
            f"--parallel {name} is not known. Choose one of {', '.join(Mode)}."
        ) from None
