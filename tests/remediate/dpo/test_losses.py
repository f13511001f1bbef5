"""Losses against closed forms, TRL's formulas and each other; the optimum of parity."""

from __future__ import annotations

import math

import pytest
import torch

from remediate.counterfactual_data.pairs import Kind
from remediate.dpo import losses
from remediate.dpo.config import TrainingConfig
from remediate.dpo.encode import KINDS
from remediate.dpo.losses import LogProbs
from remediate.dpo.trainer import pair_losses


def logprobs(
    chosen: list[float],
    rejected: list[float],
    ref_chosen: list[float] | None = None,
    ref_rejected: list[float] | None = None,
    length: float = 4.0,
) -> LogProbs:
    n = len(chosen)
    return LogProbs(
        chosen=torch.tensor(chosen, requires_grad=True),
        rejected=torch.tensor(rejected, requires_grad=True),
        ref_chosen=torch.tensor(ref_chosen or chosen),
        ref_rejected=torch.tensor(ref_rejected or rejected),
        chosen_length=torch.full((n,), length),
        rejected_length=torch.full((n,), length),
    )


def test_every_preference_loss_at_the_reference() -> None:
    lp = logprobs([-4.0], [-6.0])
    assert losses.sigmoid(lp, beta=0.3).item() == pytest.approx(math.log(2))
    assert losses.hinge(lp, beta=0.3).item() == pytest.approx(1.0)
    assert losses.ipo(lp, beta=0.25).item() == pytest.approx((1 / 0.5) ** 2)
    assert losses.robust(lp, beta=0.3, label_smoothing=0.1).item() == pytest.approx(math.log(2))
    # The reference does not enter: σ(β · 2).
    free = losses.reference_free(lp, beta=0.3).item()
    assert free == pytest.approx(-math.log(1 / (1 + math.exp(-0.6))), rel=1e-6)
    both = losses.sigmoid_sft(lp, beta=0.3, sft_weight=2.0).item()
    assert both == pytest.approx(math.log(2) + 2.0 * 4.0 / 4.0)


def test_sigmoid_and_ipo_by_hand() -> None:
    lp = logprobs([-3.0], [-6.0], [-4.0], [-5.0])  # h = 2
    assert losses.sigmoid(lp, beta=0.5).item() == pytest.approx(math.log1p(math.exp(-1.0)))
    # Per token of four: 0.5 − 1/(2 · 0.5)
    assert losses.ipo(lp, beta=0.5).item() == pytest.approx((0.5 - 1.0) ** 2)
    assert losses.hinge(lp, beta=0.25).item() == pytest.approx(0.5)


def test_robust_is_unbiased_under_flipped_labels() -> None:
    """E over labels flipped with probability ε of the robust loss is the clean DPO loss."""
    clean = logprobs([-3.0], [-6.0], [-4.0], [-5.0])
    flipped = logprobs([-6.0], [-3.0], [-5.0], [-4.0])
    eps = 0.2
    expected = (1 - eps) * losses.robust(clean, beta=0.5, label_smoothing=eps) + (
        eps
    ) * losses.robust(flipped, beta=0.5, label_smoothing=eps)
    assert expected.item() == pytest.approx(losses.sigmoid(clean, beta=0.5).item(), rel=1e-6)


def test_parity_is_ipo_with_the_pairs_own_distance() -> None:
    """Inside δ and without the total: ½ (h − (target − ref_margin))²."""
    lp = logprobs([-3.1], [-3.4], [-4.0], [-5.0])
    target = torch.tensor([0.1])
    value = losses.parity(lp, target=target, keep=0.0, delta=10.0)
    h, distance = 0.3 - 1.0, 0.1 - 1.0
    assert value.item() == pytest.approx(0.5 * (h - distance) ** 2, rel=1e-5)


@pytest.mark.parametrize("target", [0.0, 1.5, -0.7])
@pytest.mark.parametrize("start", [(-2.0, -7.0), (-9.0, -3.0)])
def test_parity_descends_to_its_target_and_keeps_the_total(
    target: float, start: tuple[float, float]
) -> None:
    """Where sigmoid DPO runs on, parity stops: gradient descent ends at the target."""
    x = torch.tensor([start[0], start[1]], requires_grad=True)
    reference = torch.tensor([start[0]]), torch.tensor([start[1]])
    total = torch.logaddexp(*reference).item()
    optimiser = torch.optim.Adam([x], lr=0.05)
    ones = torch.ones(1)
    for _ in range(2000):
        optimiser.zero_grad()
        lp = LogProbs(x[:1], x[1:], *reference, ones, ones)
        losses.parity(lp, target=torch.tensor([target]), keep=0.3, delta=1.0).sum().backward()
        optimiser.step()
    assert (x[0] - x[1]).item() == pytest.approx(target, abs=1e-2)
    assert torch.logaddexp(x[0], x[1]).item() == pytest.approx(total, abs=2e-2)


def test_sigmoid_runs_past_zero_on_the_same_pair() -> None:
    x = torch.tensor([-7.0, -2.0], requires_grad=True)
    reference = torch.tensor([-7.0]), torch.tensor([-2.0])
    optimiser = torch.optim.Adam([x], lr=0.05)
    ones = torch.ones(1)
    for _ in range(2000):
        optimiser.zero_grad()
        lp = LogProbs(x[:1], x[1:], *reference, ones, ones)
        losses.sigmoid(lp, beta=0.1).sum().backward()
        optimiser.step()
    assert (x[0] - x[1]).item() > 5


def test_anchors_stay_and_kinds_take_their_own_loss() -> None:
    config = TrainingConfig()
    lp = logprobs([-3.0] * 3, [-4.0] * 3, [-3.0] * 3, [-4.0] * 3)
    kinds = torch.tensor([KINDS.index(k) for k in (Kind.TWIN, Kind.NEUTRAL, Kind.ANCHOR)])
    each = pair_losses(lp, kinds, torch.zeros(3), config)
    assert each[0].item() == pytest.approx(0.5)  # Huber at distance 1
    assert each[1].item() == pytest.approx(math.log(2) + 3.0 / 4.0)
    assert each[2].item() == 0.0


@pytest.mark.parametrize("loss", ["parity", "sigmoid", "ipo", "hinge", "robust", "sigmoid_sft"])
def test_each_loss_pulls_the_right_way(loss: str) -> None:
    """The gradient raises the side that is too low (parity) or the chosen one (the others)."""
    config = TrainingConfig(loss=loss)  # type: ignore[arg-type]
    lp = logprobs([-6.0], [-3.0])
    pair_losses(lp, torch.tensor([0]), torch.zeros(1), config).sum().backward()
    assert lp.chosen.grad is not None
    assert lp.chosen.grad.item() < 0
