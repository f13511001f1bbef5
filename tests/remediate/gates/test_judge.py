"""Gates: non-inferiority against scipy and closed forms; a noisy or missing proof does not pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from remediate.gates.judge import Limits, judge, token_kl, upper_limit


def test_upper_limit_is_scipys_one_sided_t() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.01, 0.03, 25)
    mean, bound, p = upper_limit(values.tolist(), 0.03)
    test = stats.ttest_1samp(values, 0.03, alternative="less")
    assert mean == pytest.approx(values.mean())
    assert p == pytest.approx(test.pvalue)
    assert bound == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.9).high)
    # The bound is below the limit exactly where the test rejects.
    assert (bound <= 0.03) == (p <= 0.05)


def test_degenerate_samples_prove_nothing_or_everything() -> None:
    assert upper_limit([0.5], 1.0)[1] == math.inf
    assert upper_limit([0.0, 0.0, 0.0], 0.02) == (0.0, 0.0, 0.0)
    assert upper_limit([0.5, 0.5], 0.02)[2] == 1.0


def test_coverage_of_the_bound() -> None:
    """The one-sided 95 % bound lies above the true mean in about 95 % of samples."""
    rng = np.random.default_rng(1)
    above = [upper_limit(rng.normal(0.0, 1.0, 12).tolist(), 0.0)[1] >= 0.0 for _ in range(2000)]
    assert 0.935 <= np.mean(above) <= 0.965


def test_token_kl_equals_the_full_sum_when_everything_is_shown() -> None:
    p = np.array([0.7, 0.2, 0.1])
    q = np.array([0.5, 0.3, 0.2])
    wanted = float((p * np.log(p / q)).sum())
    assert token_kl(np.log(p).tolist(), np.log(q).tolist()) == pytest.approx(wanted)
    # Only the two likeliest shown: a lower bound, by the log-sum inequality.
    part = token_kl(np.log(p[:1]).tolist(), np.log(q[:1]).tolist())
    assert 0 < part <= wanted


def measured(nll: float = 3.0, right: int = 1, logprobs: Any = None) -> dict[str, Any]:
    rng = np.random.default_rng(int(nll * 1000))
    return {
        "passages": {
            f"en/{i}": {"nll": 20 * (nll + 0.01 * rng.standard_normal()), "tokens": 20}
            for i in range(30)
        },
        "stated": {
            f"en/{n}/{job}/woman": right for n in range(4) for job in ("nurse", "pilot", "cook")
        },
        "answers": {
            f"en/{i}": {"logprobs": logprobs or [[math.log(0.6), math.log(0.4)]]} for i in range(8)
        },
    }


NO_REFUSALS = dict.fromkeys(("nurse", "pilot", "cook"), (0.0, 0.0))


def gate(gates: Any, name: str) -> Any:
    return next(g for g in gates if g.name == name)


def test_an_unchanged_model_passes_every_gate() -> None:
    assert all(g.passed for g in judge(measured(), measured(), NO_REFUSALS))


@pytest.mark.parametrize(
    ("after", "refusals", "broken"),
    [
        (measured(nll=3.1), NO_REFUSALS, "perplexity_ratio"),
        (measured(right=0), NO_REFUSALS, "unambiguous_accuracy"),
        (measured(logprobs=[[math.log(0.01), math.log(0.99)]]), NO_REFUSALS, "kl_per_token"),
        (measured(), dict.fromkeys(NO_REFUSALS, (0.0, 0.5)), "refusal_rate"),
    ],
)
def test_each_cost_breaks_its_own_gate(after: Any, refusals: Any, broken: str) -> None:
    gates = judge(measured(), after, refusals)
    assert not gate(gates, broken).passed
    assert [g.name for g in gates if not g.passed] == [broken]


def test_perplexities_are_those_of_all_tokens() -> None:
    found = gate(judge(measured(3.0), measured(3.02), NO_REFUSALS), "perplexity_ratio")
    assert found.before == pytest.approx(math.exp(3.0), rel=0.01)
    assert found.cost == pytest.approx(math.exp(0.02), abs=0.006)
    assert found.limit == Limits().perplexity_ratio
