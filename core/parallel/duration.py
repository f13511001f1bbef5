"""How long a training will take, from a measured speed or from the operations it needs."""

from __future__ import annotations

from core.errors import UsageProblem
from core.parallel.shape import ModelShape


def training_flops(
    model: ModelShape, tokens: int, *, trained: int | None = None, checkpointing: bool = False
) -> float:
    """Floating-point operations for ``tokens`` tokens of training.

    6·N a token: 2·N forward and 4·N backward, half of it for the gradients of the activations and
    half for those of the weights (Kaplan et al. 2020, section 2.1; the attention matrices' own
    share is left out, as there). A frozen base needs no weight gradients, so with LoRA (``trained``
    parameters) it is 4·N, two thirds, and 6 for each trained one. Checkpointing adds a forward
    pass, 2·N.
    """
    total = 6 * model.parameters if trained is None else 4 * model.parameters + 6 * trained
    if checkpointing:
        total += 2 * model.parameters
    return float(total) * tokens


def training_seconds(
    model: ModelShape,
    tokens: int,
    *,
    tokens_per_second: float | None = None,
    flops_per_second: float | None = None,
    trained: int | None = None,
    checkpointing: bool = False,
) -> float:
    """Seconds for ``tokens`` tokens, by one of two speeds of all processes together.

    ``tokens_per_second``: measured in a few steps, the better of the two. ``flops_per_second``:
    what the machine does, not what its maker promises (30–50 % of it is usual on GPUs).
    """
    if (tokens_per_second is None) == (flops_per_second is None):
        raise ValueError("give tokens_per_second or flops_per_second")
    speed = tokens_per_second if tokens_per_second is not None else flops_per_second
    assert speed is not None
    if not speed > 0:
        raise UsageProblem(f"A speed of {speed} cannot be: it must be above 0.")
    if tokens_per_second is not None:
        return tokens / speed
    return training_flops(model, tokens, trained=trained, checkpointing=checkpointing) / speed
