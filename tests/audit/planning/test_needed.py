"""How many of what an effect needs: the way back from the effect a design finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.planning.needed import Design, Instead, Needed, needed
from audit.planning.power import Uncertainty
from audit.planning.precision import Gain, Precision

ASKED: dict[str, Any] = {"alpha": 0.05, "power": 0.8}
CROSSED = Precision(
    "m", None, Uncertainty(0.01, 0.003, 0.002, df_clusters=40, df_wordings=8, df_cells=320)
)
ALONE = Precision("m", None, Uncertainty(0.04, 0.0, 0.0, 18, 1, 1), gain=Gain.UNKNOWN)
DESIGN = Design(41, 9, None)


def effect_of(known: Precision, **times: float) -> float:
    found = known.grown(**times).detectable(**ASKED)
    assert found is not None
    return found


def found(known: Precision, effect: float, design: Design = DESIGN) -> Needed:
    return needed(known, "s", design, effect, **ASKED)


def test_what_is_found_already_needs_nothing() -> None:
    got = found(CROSSED, 1.01 * effect_of(CROSSED))
    assert {got.clusters, got.wordings, got.both, got.samples} == {Instead.ENOUGH}


@pytest.mark.parametrize("grown", ["clusters", "wordings"])
def test_the_way_back_from_three_times_as_many(grown: str) -> None:
    known = CROSSED
    if grown == "wordings":  # then wordings are what varies
        known = replace(known, known=replace(known.known, clusters=0.003, wordings=0.01))
    got = found(known, effect_of(known, **{grown: 3.0}))
    assert getattr(got, grown) == pytest.approx(3 * getattr(got.planned, grown), rel=0.06)
    other = "wordings" if grown == "clusters" else "clusters"
    assert getattr(got, other) is Instead.NONE  # what varies most alone is too much
    assert isinstance(got.both, tuple)
    assert 1 < got.both[0] / 41 < getattr(got, grown) / getattr(got.planned, grown)
    assert got.samples is Instead.NONE  # likelihoods are not drawn


def test_no_number_of_clusters_makes_up_for_few_wordings() -> None:
    limit = effect_of(CROSSED, clusters=1e6)
    got = found(CROSSED, 0.8 * limit)
    assert got.clusters is Instead.NONE
    assert isinstance(got.both, tuple)


def test_samples_help_as_far_as_answers_are_chance() -> None:
    drawn = replace(CROSSED.known, clusters=0.002, wordings=0.0, cells=0.01, chance=(0, 0, 0.01))
    known = replace(CROSSED, known=drawn, gain=Gain.AT_MOST)
    got = found(known, effect_of(known, samples=4.0), Design(41, 9, 2))
    assert got.samples == pytest.approx(8, abs=1)
    assert got.gain is Gain.AT_MOST
    settled = replace(known, known=replace(drawn, chance=(0, 0, 0)), gain=Gain.MEASURED)
    assert found(settled, got.effect, Design(41, 9, 2)).samples is Instead.NONE


def test_where_clusters_alone_are_sampled_the_rest_is_not_known() -> None:
    got = found(ALONE, effect_of(ALONE, clusters=4.0), Design(19, None, 1))
    assert got.clusters == pytest.approx(76, abs=3)
    assert {got.wordings, got.both, got.samples} == {Instead.UNKNOWN}


def test_chance_among_clusters_goes_with_samples_too() -> None:
    known = replace(ALONE, known=replace(ALONE.known, chance=(0.03, 0, 0)), gain=Gain.MEASURED)
    assert known.grown(samples=3.0).known.clusters == pytest.approx(0.02)
    assert known.grown(samples=0.5).known == replace(
        known.known, clusters=0.07, chance=(0.06, 0, 0)
    )
