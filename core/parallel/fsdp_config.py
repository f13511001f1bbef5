"""FSDP2's configuration as transformers' training arguments take it.

transformers 5.19 reads ``fsdp=True`` and ``fsdp_config={…}``, drops the prefix ``fsdp_`` of keys
and hands them to accelerate 1.15's ``FullyShardedDataParallelPlugin``
(``TrainingArguments._process_fsdp_args``). FSDP1 leaves transformers with 5.20.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FsdpSettings:
    """Fields carry transformers' names and defaults, except where the doc says otherwise."""

    fsdp_version: Literal[2] = 2
    """``torch.distributed.fsdp.fully_shard``: one DTensor a parameter, so that frozen and trained
    parameters may share a unit, which LoRA needs."""

    auto_wrap_policy: Literal["TRANSFORMER_BASED_WRAP"] = "TRANSFORMER_BASED_WRAP"
    """One unit for each decoder layer; the class is read from the model (``_no_split_modules``)."""

    reshard_after_forward: bool = True
    """Free a layer's gathered parameters after its forward pass and gather them again for the
    backward one: ZeRO-3's exchange of traffic for memory. False keeps them, as ZeRO-2 does."""

    cpu_offload: bool = False
    """Parameters, gradients and optimiser states in host memory (``CPUOffloadPolicy``)."""

    state_dict_type: Literal["FULL_STATE_DICT"] = "FULL_STATE_DICT"
    """Gather before saving, so that the adapter's tensors are whole and PEFT can read them."""

    activation_checkpointing: bool = False
    """FSDP's own; False because the trainer's ``gradient_checkpointing`` does it in every mode, and
    both together are refused."""

    cpu_ram_efficient_loading: bool = False
    """Only process 0 reads the weights. Off: it moves the others to the meta device, which
    quantised weights and adapters that are not tied to a checkpoint do not survive."""

    def to_dict(self) -> dict[str, Any]:
        """What ``TrainingArguments(fsdp_config=…)`` takes (it writes into what it is given)."""
        return {
            "fsdp_version": self.fsdp_version,
            "auto_wrap_policy": self.auto_wrap_policy,
            "reshard_after_forward": self.reshard_after_forward,
            "cpu_offload": self.cpu_offload,
            "state_dict_type": self.state_dict_type,
            "activation_checkpointing": self.activation_checkpointing,
            "cpu_ram_efficient_loading": self.cpu_ram_efficient_loading,
        }

    def write(self, path: Path) -> Path:
        """Save as JSON; returns ``path``."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        return path
