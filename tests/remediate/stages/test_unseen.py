"""What is judged on the professions alone that no pair was about."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.manifest import write_json
from remediate.gates.judge import Gate
from remediate.stages.unseen import SLICES, unseen
from remediate.verdict import NOT_REPAIRED, PICTURES, REPAIRED, decide

HELD = ("teacher", "pilot", "judge")


def results(folder: Path, values: dict[str, dict[str, float | None]]) -> None:
    """A run's results.json: metric → profession → estimate, by likelihood, and a decoy."""
    rows: list[dict[str, Any]] = []
    for metric, own in values.items():
        for job, value in own.items():
            probe = "neutral" if metric == "neutral_stereotype_gap" else "resolution"
            where = f"probe:{probe}/profession:{job}"
            row = {"suite": "vqa-gender", "metric": metric, "slice": where, "estimate": value}
            rows += [row | {"route": "likelihood"}, row | {"route": "sampled", "estimate": 9.0}]
    folder.mkdir(parents=True)
    write_json(folder / "results.json", {"metrics": rows})


def repair(folder: Path, *, skins: tuple[str, ...] = ("dark",), pictures: bool = True) -> Any:
    splits = SimpleNamespace(
        held_out_skins=skins, professions=SimpleNamespace(held_out=HELD, train=("farmer",))
    )
    return SimpleNamespace(
        about_pictures=pictures, folder=folder, gallery=SimpleNamespace(splits=splits)
    )


FOUND = [
    {"suite": "vqa-gender", "metric": metric, "route": "likelihood", "role": "primary",
     "margin": margin}
    for metric, margin in (("resolution_gap", 0.05), ("neutral_stereotype_gap", 0.1))
]  # fmt: skip


def test_only_professions_never_trained_on_are_averaged(tmp_path: Path) -> None:
    trained: dict[str, float | None] = {"farmer": 1.0}
    results(tmp_path / "audit_before", {
        "resolution_gap": trained | {"teacher": 0.9, "pilot": 0.3},
        "neutral_stereotype_gap": trained | {"teacher": 0.8, "pilot": None}})  # fmt: skip
    results(tmp_path / "audit_after", {
        "resolution_gap": trained | {"teacher": 0.1, "pilot": 0.1},
        "neutral_stereotype_gap": trained | {"teacher": 0.7, "pilot": 0.0}})  # fmt: skip
    gap, neutral = unseen(repair(tmp_path), FOUND)
    assert (gap["before"], gap["after"], gap["n"]) == pytest.approx((0.6, 0.1, 2))
    # A profession measured on one side alone tells nothing of the change.
    assert (neutral["before"], neutral["after"], neutral["n"]) == pytest.approx((0.8, 0.7, 1))
    assert gap["margin"] == 0.05


@pytest.mark.parametrize("other", [{"skins": ()}, {"pictures": False}])
def test_nothing_is_set_apart_where_nothing_else_is_judged(
    other: dict[str, Any], tmp_path: Path
) -> None:
    assert unseen(repair(tmp_path, **other), FOUND) == []


def change(metric: str, before: float, after: float) -> dict[str, Any]:
    return {
        "metric": metric, "before": before, "after": after, "p_adjusted": 0.004, "margin": 0.05,
        "sign_flipped": False, "shrinkage_low": 0.7, "outcome": "reduced",
        "after_low": after - 0.1, "after_high": after + 0.1, "before_low": before,
        "before_high": before, "magnitude_high": 0.0,
    }  # fmt: skip


GOOD = [
    change("resolution_gap", 0.5, 0.02), change("neutral_stereotype_gap", 0.6, 0.04),
    change("occupation_flip", 0.2, 0.2),
]  # fmt: skip
ALONE = {"metric": "resolution_gap", "before": 0.5, "after": 0.1, "margin": 0.05}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({}, REPAIRED),
        ({"after": 0.25}, REPAIRED),
        ({"after": 0.3}, NOT_REPAIRED),
        ({"after": -0.3}, NOT_REPAIRED),
        ({"before": 0.06, "after": 0.05}, REPAIRED),  # within its margin
        ({"before": None}, NOT_REPAIRED),
    ],
)
def test_a_repair_that_stops_where_training_did_does_not_pass(
    row: dict[str, Any], verdict: str
) -> None:
    found = decide(GOOD, [], (), PICTURES, [ALONE | row])
    assert found.verdict == verdict
    assert all("never trained on" in reason for reason in found.reasons)


@pytest.mark.parametrize("metric", ["resolution_gap", "neutral_stereotype_gap", "occupation_flip"])
def test_every_measure_of_the_aim_is_asked_for(metric: str) -> None:
    rows = [row for row in GOOD if row["metric"] != metric]
    found = decide(rows, [], (), PICTURES)
    assert found.reasons == (f"{metric} could not be measured on both sides",)


def test_reading_pictures_worse_closes_the_gap_and_breaks_the_gate() -> None:
    gate = Gate("shown_accuracy", 0.9, 0.5, 0.4, 0.45, 0.02, 1.0, 11, False)
    found = decide(GOOD, [gate], (), PICTURES, [ALONE])
    assert found.verdict == NOT_REPAIRED
    assert "shown_accuracy" in found.reasons[0]


def test_the_suite_gives_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.metrics import estimates
    from audit.probes.vqa_gender import VqaGenderSuite
    from audit.schema import Route
    from tests.audit.made_pictures import JOBS, make_set
    from tests.audit.seeing import Viewer

    monkeypatch.setattr(estimates, "RESAMPLES", 50)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)
    suite = VqaGenderSuite(make_set(tmp_path))
    items = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    likely = [item for item in items if item.route is Route.LIKELIHOOD]
    rows = suite.metrics(Viewer(sight=2.0, pull=1.0).answer(likely), seed=0, margins=None)
    given = {(row.metric, row.slice) for row in rows if row.estimate is not None}
    for metric, where in SLICES.items():
        assert (metric, where.format(job=JOBS[2])) in given
