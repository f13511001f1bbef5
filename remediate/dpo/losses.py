"""The losses, as functions of log-probabilities alone.

Every function takes four vectors of shape (batch,), natural-log probabilities summed over the
completion: the policy's log π(y_w|x) and log π(y_l|x) and the reference's, and gives a vector of
the same shape. Notation: h = (log π(y_w) − log π(y_l)) − (log π_ref(y_w) − log π_ref(y_l)), the
policy's log-ratio margin beyond the reference's; y_w is ``chosen``, y_l ``rejected``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class LogProbs:
    """Summed log-probabilities, each of shape (batch,); lengths are tokens of the completion."""

    chosen: Tensor
    rejected: Tensor
    ref_chosen: Tensor
    ref_rejected: Tensor
    chosen_length: Tensor
    rejected_length: Tensor

    @property
    def margin(self) -> Tensor:
        return self.chosen - self.rejected

    @property
    def ref_margin(self) -> Tensor:
        return self.ref_chosen - self.ref_rejected

    @property
    def h(self) -> Tensor:
        return self.margin - self.ref_margin


def sigmoid(lp: LogProbs, *, beta: float) -> Tensor:
    """−log σ(β h). Rafailov et al. 2023, *Direct Preference Optimization*, eq. 7."""
    from torch.nn import functional

    return -functional.logsigmoid(beta * lp.h)


def ipo(lp: LogProbs, *, beta: float) -> Tensor:
    """(h̄ − 1/(2β))², margins averaged over tokens.

    Azar et al. 2024, *A General Theoretical Paradigm to Understand Learning from Human
    Preferences*, eq. 17; per-token averages as in its authors' later note and in TRL.
    """
    h = (lp.chosen - lp.ref_chosen) / lp.chosen_length - (
        lp.rejected - lp.ref_rejected
    ) / lp.rejected_length
    return (h - 1 / (2 * beta)) ** 2


def hinge(lp: LogProbs, *, beta: float) -> Tensor:
    """max(0, 1 − β h). Zhao et al. 2023, *SLiC-HF*, eq. 1, with DPO's implicit reward."""
    import torch

    return torch.relu(1 - beta * lp.h)


def robust(lp: LogProbs, *, beta: float, label_smoothing: float) -> Tensor:
    """Unbiased for labels that are wrong with probability ε.

    Ray Chowdhury et al. 2024, *Provably Robust DPO*, eq. 12:
    ((1−ε)(−log σ(βh)) − ε(−log σ(−βh))) / (1−2ε).
    """
    from torch.nn import functional

    right, wrong = -functional.logsigmoid(beta * lp.h), -functional.logsigmoid(-beta * lp.h)
    return ((1 - label_smoothing) * right - label_smoothing * wrong) / (1 - 2 * label_smoothing)


def sigmoid_sft(lp: LogProbs, *, beta: float, sft_weight: float) -> Tensor:
    """DPO plus the negative log-likelihood per token of the chosen text.

    Pang et al. 2024, *Iterative Reasoning Preference Optimization*, eq. 1: keeps the chosen text
    likely, which DPO's margin alone does not.
    """
    return sigmoid(lp, beta=beta) - sft_weight * lp.chosen / lp.chosen_length


def reference_free(lp: LogProbs, *, beta: float) -> Tensor:
    """−log σ(β (log π(y_w) − log π(y_l))): DPO with a uniform reference.

    The option ``reference_free`` of the DPO authors' own code; Rafailov et al. 2023, section 4.
    """
    from torch.nn import functional

    return -functional.logsigmoid(beta * lp.margin)


def parity(lp: LogProbs, *, target: Tensor, keep: float, delta: float) -> Tensor:
    """Huber_δ(margin − target) + keep · Huber_δ(total − total_ref): indifference is the optimum.

    ``target`` (batch,) is the wanted margin in nats, 0 for parity; total = log(π(y_w) + π(y_l)).
    With margin − target = h − (target − ref_margin) the first term is IPO's square (Azar et al.
    2024, eq. 17) whose constant 1/(2β) is replaced by each pair's own distance from its target;
    Huber's function (Huber 1964) bounds the pull of far pairs. The second term forbids to reach
    the target by making both texts unlikely. Derivation: docs/repair.md.
    """
    import torch
    from torch.nn import functional

    total = torch.logaddexp(lp.chosen, lp.rejected)
    ref_total = torch.logaddexp(lp.ref_chosen, lp.ref_rejected)
    away = functional.huber_loss(lp.margin, target, reduction="none", delta=delta)
    kept = functional.huber_loss(total, ref_total, reduction="none", delta=delta)
    return away + keep * kept


def stay(lp: LogProbs, *, delta: float) -> Tensor:
    """Huber_δ of both log-probabilities to the reference's: an anchor moves neither way."""
    from torch.nn import functional

    return functional.huber_loss(
        lp.chosen, lp.ref_chosen, reduction="none", delta=delta
    ) + functional.huber_loss(lp.rejected, lp.ref_rejected, reduction="none", delta=delta)


#: Losses of one number a pair that take ``beta`` alone.
BY_BETA: dict[str, Callable[..., Tensor]] = {
    "sigmoid": sigmoid,
    "ipo": ipo,
    "hinge": hinge,
    "reference_free": reference_free,
}
