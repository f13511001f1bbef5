"""An adapter on disk: complete, finite, and the one that is in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

WEIGHTS = "adapter_model.safetensors"


def check_saved(folder: Path, model: Any) -> None:
    """Reload ``folder``'s adapter and compare it with ``model``'s.

    Values are compared where the process holds them whole; of sharded ones (ZeRO-3, FSDP) the
    names and full shapes are. Raises :class:`EnvironmentProblem` on any difference.
    """
    import torch
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    try:
        saved = load_file(path)
    except Exception as error:
        raise EnvironmentProblem(
            f"The checkpoint {path} cannot be read back ({error}): check the disk."
        ) from error
    live = _adapter_parameters(model)
    if set(saved) != set(live):
        odd = sorted(set(saved) ^ set(live))[:3]
        raise EnvironmentProblem(
            f"The checkpoint {path} does not hold the adapter that is trained (for example "
            f"{', '.join(odd)})."
        )
    for name, tensor in saved.items():
        if not bool(torch.isfinite(tensor).all()):
            raise EnvironmentProblem(f"The checkpoint {path} holds numbers that are not finite.")
        parameter = live[name]
        shape = tuple(getattr(parameter, "ds_shape", parameter.shape))
        if tuple(tensor.shape) != shape:
            raise EnvironmentProblem(
                f"{name} was saved as {tuple(tensor.shape)}, but it is {shape}: the checkpoint "
                f"{path} is not complete."
            )
        whole = type(parameter.data) is torch.Tensor and parameter.numel() == tensor.numel()
        if whole and not torch.equal(tensor, parameter.detach().cpu().to(tensor.dtype)):
            raise EnvironmentProblem(f"{name} reads back differently from {path}: check the disk.")


def _adapter_parameters(model: Any) -> dict[str, Any]:
    """The adapter's parameters by the names PEFT saves them under."""
    from peft import get_peft_model_state_dict

    while hasattr(model, "module"):
        model = model.module  # DDP and DeepSpeed wrap it
    parameters = dict(model.named_parameters())
    found: dict[str, Any] = get_peft_model_state_dict(model, state_dict=parameters)
    return found
