"""Which layers get an adapter: every linear one but the output head, as the QLoRA paper finds best.

Dettmers et al. 2023, *QLoRA*, figure 2: adapters on all linear layers of a block are what matches
full fine-tuning. The names are read from the model itself, so every architecture is covered;
docs/adapter-targets.md lists them for the catalogue's (:mod:`remediate.lora.families`).
"""

from __future__ import annotations

import re
from typing import Any

from core.errors import EnvironmentProblem
from core.parallel.shape import linear_modules

#: Parts of a multimodal model that see pixels or sound: a repair of texts leaves them alone.
_TOWERS = ("vision", "visual", "audio", "image", "speech", "sam_model")
#: What makes a picture's features readable for the language model. Some families keep it inside
#: the tower (``visual.merger``).
_CONNECTORS = ("connector", "merger", "projector", "projection", "resampler")
#: What sends a token to an expert: moving it would change which weights answer at all.
_ROUTERS = frozenset({"router", "gate", "shared_expert_gate", "classifier"})


def linear_layers(model: Any, *, connector: bool = False) -> list[str]:
    """Sorted leaf names ("q_proj", "down_proj" …) of the linear layers an adapter goes on.

    Left out: the output head, towers, and the routers of mixtures of experts. ``connector``: with
    the connector between tower and language model, also where it is a part of the tower; its
    layers are named by their whole paths. Raises :class:`EnvironmentProblem` for a model without
    any.
    """
    paths = [path for path, _ in linear_modules(model)]
    names = {
        path.rpartition(".")[2] for path in paths if not any(tower in path for tower in _TOWERS)
    }
    # A list of experts numbers its layers; a number is no name an adapter could go by.
    names = {n for n in names if not n.isdigit() and n != "lm_head" and n not in _ROUTERS}
    if not names:
        raise EnvironmentProblem(
            f"{type(model).__name__} has no linear layer an adapter could go on: it cannot be "
            "repaired by LoRA."
        )
    if connector:
        names |= {path for path in paths if _connects(path)}
    return sorted(names)


def _connects(path: str) -> bool:
    return any(part in path for part in _CONNECTORS)


def towers(model: Any, *, connector: bool = False) -> str | None:
    """A pattern of the whole paths of tower layers, which share their leaf names with the text's.

    None where the model has none. ``connector``: a connector inside a tower is none of it. For
    ``peft.LoraConfig(exclude_modules=…)``.
    """
    parts = "|".join(map(re.escape, _TOWERS))
    if not any(re.search(parts, path) for path, _ in linear_modules(model)):
        return None
    spared = rf"(?!.*(?:{'|'.join(_CONNECTORS)}))" if connector else ""
    return rf"{spared}.*(?:{parts}).*"
