"""What of a variance is chance of sampling, against answers of which it is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from audit.planning.chance import precisions
from audit.planning.precision import Gain, Precision
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS
from tests.audit.respondents import row_of

SUITE = get_suite("tone")
#: Requests by two people in one pair of introductions each.
ITEMS = [
    item
    for item in SUITE.items(langs=["zh"], seed=0, limit=None, samples=None)
    if item.probe == "age"
]
CELLS = len(ITEMS) // 2


def refusals(samples: int, refused: Callable[[np.random.Generator], np.ndarray]) -> Precision:
    """Of ``refusal_gap_age``. ``refused``: (samples,) bool of one question."""
    rng = np.random.default_rng(0)
    rows = [
        row_of(item) | {"sample": number, "label": "refused" if said else "neutral"}
        for item in ITEMS
        for number, said in enumerate(refused(rng))
    ]
    found = precisions(SUITE, pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS)))
    (own,) = [own for measure, own in found if measure.metric == "refusal_gap_age"]
    assert own is not None
    return own


def coins(samples: int) -> Precision:
    return refusals(samples, lambda rng: rng.random(4)[:samples] < 0.5)


def test_coins_are_all_chance() -> None:
    """A difference of two coins has variance ½, and each is tossed four times."""
    found = coins(4)
    assert found.gain is Gain.MEASURED
    assert found.known.chance[0] + found.known.chance[2] == pytest.approx(0.5 / CELLS / 4, rel=0.3)
    assert found.grown(samples=1e6).known.total < 0.25 * found.known.total


def test_answers_that_the_question_settles_are_no_chance() -> None:
    found = refusals(4, lambda rng: np.repeat(rng.random() < 0.5, 4))
    assert found.gain is Gain.MEASURED
    assert found.known.total > 0
    assert found.known.chance == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    assert found.grown(samples=100.0).known.total == pytest.approx(found.known.total)


def test_one_sample_tells_the_most_that_chance_can_be() -> None:
    found = coins(1)
    assert found.gain is Gain.AT_MOST
    assert found.grown(samples=4.0).known.total == pytest.approx(found.known.total / 4)


def test_fewer_samples_are_planned_from_more() -> None:
    """The run has four samples; one of each would have the variance of single ones."""
    one = coins(4).grown(samples=0.25)
    alone = [coins_of(number) for number in range(4)]
    assert one.known.total == pytest.approx(np.mean([p.known.total for p in alone]))


def coins_of(number: int) -> Precision:
    """Of sample ``number`` of the four alone."""
    return refusals(1, lambda rng: rng.random(4)[[number]] < 0.5)
