"""Which layers get an adapter: every linear one but the output head, as the QLoRA paper finds best.

Dettmers et al. 2023, *QLoRA*, figure 2: adapters on all linear layers of a block are what matches
full fine-tuning. The names are read from the model itself, so every architecture is covered.
"""

from __future__ import annotations

from typing import Any

from core.errors import EnvironmentProblem
from core.parallel.shape import linear_modules

#: Parts of a multimodal model that see pixels or sound: a repair of texts leaves them alone.
_TOWERS = ("vision", "visual", "audio", "image", "speech", "sam_model")


def linear_layers(model: Any) -> list[str]:
    """Sorted leaf names ("q_proj", "down_proj" …) of the linear layers outside head and towers.

    Raises :class:`EnvironmentProblem` for a model without any.
    """
    names = {
        path.rpartition(".")[2]
        for path, _ in linear_modules(model)
        if not any(tower in path for tower in _TOWERS)
    }
    # A list of experts numbers its layers; a number is no name an adapter could go by.
    names = {name for name in names if not name.isdigit() and name != "lm_head"}
    if not names:
        raise EnvironmentProblem(
            f"{type(model).__name__} has no linear layer an adapter could go on; "
            "name them with --target-modules."
        )
    return sorted(names)
