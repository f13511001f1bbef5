"""Gates of a repair with pictures: each cost breaks its own; texts count where there are any."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from remediate.gates.judge_pictures import judge_pictures, writes

JOBS = [f"job{n}" for n in range(10)]


def measured(*, nats: float = 3.0, seen: Any = None, vocabulary: int = 50_000) -> dict[str, Any]:
    likely = [[math.log(0.6), math.log(0.4)]]
    return {
        "passages": {f"en/{i}": {"nll": 20 * nats, "tokens": 20} for i in range(12)},
        "answers": {f"en/{i}": {"logprobs": likely} for i in range(8)},
        "seen": {f"seen/{i}": {"logprobs": seen or likely} for i in range(8)},
        "vocabulary": vocabulary,
    }


def answers(
    *, job: str = "correct", anti: str = "right", declined: bool = False, route: str = "likelihood"
) -> pd.DataFrame:
    """One answer a job, presentation and route; ``anti``: whether women are read as women."""
    rows = []
    for name in JOBS:
        for shown in ("woman", "man"):
            read = shown if shown == "man" or anti == "right" else "man"
            rows.append(("resolution", f"{shown}/men", name, route, read))
            said = "neutral" if declined else read
            rows.append(("resolution", f"{shown}/men", name, "sampled", said))
        rows.append(("job", "woman/men", name, route, job))
        rows.append(("job", "woman/men", name, "sampled", job))
        rows.append(("neutral", "neutral/men", name, "sampled", "neutral"))
    frame = pd.DataFrame(rows, columns=["probe", "group", "cluster", "route", "label"])
    return frame.assign(suite="vqa-gender")


def broken(before: Any, after: Any, frames: tuple[Any, Any]) -> list[str]:
    return [gate.name for gate in judge_pictures(before, after, frames) if not gate.passed]


def test_an_unchanged_model_passes_every_gate() -> None:
    found = judge_pictures(measured(), measured(), (answers(), answers()))
    assert [gate.name for gate in found] == [
        "perplexity_ratio", "kl_per_token", "picture_kl_per_token", "job_accuracy",
        "shown_accuracy", "refusal_rate",
    ]  # fmt: skip
    assert all(gate.passed for gate in found)


@pytest.mark.parametrize(
    ("after", "frame", "name"),
    [
        (measured(nats=3.2), answers(), "perplexity_ratio"),
        (measured(seen=[[math.log(0.01), math.log(0.99)]]), answers(), "picture_kl_per_token"),
        (measured(), answers(job="incorrect"), "job_accuracy"),
        (measured(), answers(anti="wrong"), "shown_accuracy"),
        (measured(), answers(declined=True), "refusal_rate"),
    ],
)
def test_each_cost_breaks_its_own_gate(after: Any, frame: pd.DataFrame, name: str) -> None:
    assert broken(measured(), after, (answers(), frame)) == [name]


def test_reading_pictures_better_costs_nothing() -> None:
    found = judge_pictures(measured(), measured(), (answers(anti="wrong"), answers()))
    shown = next(gate for gate in found if gate.name == "shown_accuracy")
    assert shown.before == pytest.approx(0.5)
    assert shown.after == pytest.approx(1.0)
    assert shown.cost == pytest.approx(-0.5)
    assert shown.passed


def test_a_model_that_writes_no_texts_is_not_judged_by_its_texts() -> None:
    blind = measured(nats=math.log(400), vocabulary=400)
    assert not writes(blind)
    assert writes(measured(nats=3.0, vocabulary=50_000))
    after = measured(nats=3 * math.log(400), vocabulary=400)
    names = [gate.name for gate in judge_pictures(blind, after, (answers(), answers()))]
    assert "perplexity_ratio" not in names
    assert "kl_per_token" not in names
    assert "picture_kl_per_token" in names


def test_without_log_probabilities_the_sampled_answers_are_judged() -> None:
    sampled = (answers(route="sampled"), answers(route="sampled", job="incorrect"))
    assert "job_accuracy" in broken(measured(), measured(), sampled)
