"""Sampling in which a row's draw depends on its own logits and its own seed, nothing else.

The usual ``multinomial`` draws a whole batch from one stream, so a text changes with its
neighbours. Here every row has a generator of its own and is drawn by the Gumbel-max trick
(Maddison et al., "A* Sampling", NIPS 2014, section 2): the argmax of logits plus Gumbel noise is
a sample of their softmax. Both classes are called by ``model.generate(do_sample=False)``, as
logits processor and as stopping criterion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from core.models.base import Sampling


def spread_seed(seed: int) -> int:
    """A 32-bit seed for torch, far from its neighbours' (CPU generators read 32 bits only)."""
    return int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=4).digest(), "big")


def keep_top_p(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Logits (vocabulary,) with all but the nucleus at -inf: the fewest tokens, most probable
    first, whose probabilities sum to at least ``top_p`` (Holtzman et al. 2020)."""
    ordered, index = torch.sort(logits, descending=True, stable=True)
    probabilities = ordered.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    # The most probable token stays whatever top_p is.
    outside = before >= top_p
    outside[0] = False
    return logits.masked_fill(torch.zeros_like(outside).scatter(0, index, outside), -torch.inf)


class SeededRows:
    """Logits processor: makes the drawn token of each row its argmax.

    A row whose logits are not finite is ended with ``end_token``, and the number of tokens it had
    by then is kept in ``failed_at``.
    """

    def __init__(
        self, samplings: Sequence[Sampling], seeds: Sequence[int], device: Any, end_token: int
    ) -> None:
        self._samplings = tuple(samplings)
        self._generators = [
            torch.Generator(device).manual_seed(spread_seed(seed)) for seed in seeds
        ]
        self._end_token = end_token
        self._step = 0
        self.failed_at: dict[int, int] = {}

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``scores`` (rows, vocabulary) float32 → the same shape; greedy rows are left alone."""
        drawn = scores.clone()
        # A single -inf is a token the model rules out; nan, +inf or nothing left is a breakdown.
        broken = torch.isnan(scores).any(-1) | ~torch.isfinite(scores.amax(-1))
        for row, sampling in enumerate(self._samplings):
            if broken[row]:
                self.failed_at.setdefault(row, self._step)
                drawn[row] = -torch.inf
                drawn[row, self._end_token] = 0.0
            elif sampling.temperature > 0:
                logits = scores[row] / sampling.temperature
                if sampling.top_p < 1:
                    logits = keep_top_p(logits, sampling.top_p)
                # -log of an exponential variate is a Gumbel variate.
                exponential = torch.empty_like(logits).exponential_(generator=self._generators[row])
                drawn[row] = logits - exponential.clamp_min(1e-30).log()
        self._step += 1
        return drawn


class RowLimits:
    """Stopping criterion: every row at its own token limit, or at one of the stop strings."""

    def __init__(
        self, prompt_width: int, limits: Sequence[int], stop: Sequence[str], tokenizer: Any
    ) -> None:
        self._width = prompt_width
        self._limits = tuple(limits)
        self._stop = tuple(stop)
        self._tokenizer = tokenizer

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """``input_ids`` (rows, prompt and answer so far) → (rows,) bool, True where finished."""
        length = input_ids.shape[1] - self._width
        done = [length >= limit for limit in self._limits]
        if self._stop:
            # A stop string is short: it ends within the last few tokens or it did so before.
            tail = max(len(s.encode()) for s in self._stop) + 4
            answers = input_ids[:, self._width :][:, -tail:].tolist()
            texts = self._tokenizer.batch_decode(answers, skip_special_tokens=True)
            ends = [any(s in text for s in self._stop) for text in texts]
            done = [a or b for a, b in zip(done, ends, strict=True)]
        return torch.tensor(done, device=input_ids.device)
