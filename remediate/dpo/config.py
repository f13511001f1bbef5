"""Everything training can be told, with where it comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.errors import UsageProblem

LossName = Literal["parity", "sigmoid", "ipo", "hinge", "robust", "sigmoid_sft", "reference_free"]
Tuner = Literal["lora", "qlora", "dora", "rslora", "lora+"]
LOSSES: tuple[str, ...] = get_args(LossName)
TUNERS: tuple[str, ...] = get_args(Tuner)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One training run. Wrong combinations fail here, not after the model has loaded."""

    loss: LossName = "parity"
    """Loss of twin pairs and of what a picture shows; neutral pairs take ``sigmoid_sft`` and
    anchors stay where they are. With a preference loss the anti-stereotyped twin is the chosen
    one."""

    target: Literal["parity", "labour"] = "parity"
    """What the margin of parity twins is driven to: 0, or log(s/(1−s)) of the occupation's share
    of women s."""

    keep: float = 0.3
    """Weight of the total's term in the parity loss (``losses.parity``)."""

    delta: float = 1.0
    """Huber's δ in nats: beyond it a pair pulls linearly (Huber 1964)."""

    beta: float = 0.1
    """β of the preference losses: 0.1–0.5 is usual (Rafailov et al. 2023, section 6)."""

    label_smoothing: float = 0.1
    """ε of ``robust``: the assumed share of wrong labels, below 0.5."""

    sft_weight: float = 1.0
    """Weight of the likelihood term in ``sigmoid_sft`` (Pang et al. 2024 use 1)."""

    neutral_weight: float = 0.5
    """Weight of neutral pairs against twins."""

    anchor_weight: float = 0.5
    """Weight of anchor pairs against twins."""

    tuner: Tuner = "lora"
    """LoRA (Hu et al. 2022), QLoRA (Dettmers et al. 2023), DoRA (Liu et al. 2024), rsLoRA
    (Kalajdzievski 2023), LoRA+ (Hayou et al. 2024)."""

    rank: int = 16
    """r of the low-rank update; Hu et al. 2022 (section 7.2) find 4–16 enough."""

    alpha: int = 32
    """Scale: the update is α/r · BA (rsLoRA: α/√r). Twice the rank is the common choice."""

    lora_plus_ratio: float = 16.0
    """LoRA+: how many times A's learning rate B learns with (Hayou et al. 2024, section 5)."""

    steps: int = 300
    """Optimiser steps."""

    batch: int = 8
    """Pairs an optimiser step, over all processes."""

    micro_batch: int = 4
    """Pairs a forward pass, per process: those of a batch that are alike in length together."""

    learning_rate: float = 3e-4
    """Peak, AdamW (Loshchilov & Hutter 2019), cosine to 0 after the warm-up."""

    warmup: float = 0.1
    """Share of the steps over which the rate rises."""

    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm (Pascanu et al. 2013)."""

    max_length: int = 256
    """Tokens of prompt and completion; a pair that is longer is refused, never cut."""

    evaluate_every: int = 20
    """Steps between validations and checkpoints."""

    patience: int = 4
    """Validations without a smaller |bias| before training stops."""

    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("--loss", self.loss, LOSSES)
        _one_of("--tuner", self.tuner, TUNERS)
        if self.batch % self.micro_batch:
            raise UsageProblem(
                f"--batch {self.batch} is no multiple of --micro-batch {self.micro_batch}."
            )
        if not 0 <= self.label_smoothing < 0.5:
            raise UsageProblem(
                f"--label-smoothing {self.label_smoothing} must be at least 0 and below 0.5: at "
                "one half the labels say nothing."
            )
        if self.target == "labour" and self.loss != "parity":
            raise UsageProblem("--target labour needs --loss parity: no other loss has a target.")
        for flag, value in (
            ("--rank", self.rank), ("--steps", self.steps), ("--beta", self.beta),
            ("--learning-rate", self.learning_rate), ("--micro-batch", self.micro_batch),
            ("--evaluate-every", self.evaluate_every), ("--delta", self.delta),
        ):  # fmt: skip
            if not value > 0:
                raise UsageProblem(f"{flag} is {value}. It must be above 0.")

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


#: What a training with pictures takes where the command line leaves it open: of a picture one
#: answer is right, so a preference loss with a likelihood term, and a β at the upper end of what is
#: usual: short answers have small margins, which a small β hardly pulls at. A picture's tokens
#: count to the length; a larger batch holds what is to stay better than more steps do.
_PICTURES: dict[str, Any] = {
    "loss": "sigmoid_sft",
    "learning_rate": 4e-4,
    "beta": 0.5,
    "steps": 400,
    "batch": 16,
    "max_length": 2048,
}
#: The same of what has no option of its own. Few professions validate, so that single validations
#: are noisy: they are more frequent, and more of them may fail to improve.
_PICTURES_BESIDE: dict[str, Any] = {
    "neutral_weight": 1.0,
    "anchor_weight": 0.5,
    "evaluate_every": 10,
    "patience": 12,
}


def for_pictures(left_open: Collection[str]) -> dict[str, Any]:
    """Settings for pairs about pictures, by field: those ``left_open``, and ``beside`` them."""
    chosen = {name: value for name, value in _PICTURES.items() if name in left_open}
    return chosen | {"beside": _PICTURES_BESIDE}


def _one_of(flag: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageProblem(f"{flag} {value} is not known. Choose one of {', '.join(known)}.")
