"""An audit of somebody who answers exactly as planted finds the plant; without one it finds none.

No model is asked: the lessons themselves answer the suite's questions, so what is tested is the
suite, its metrics and the check of a finished run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.pictures import PictureOptions, PictureSet, load_set
from audit.probes.vqa_gender import VqaGenderSuite
from audit.requests import answer_rows, request_key
from audit.schema import RESPONSE_COLUMNS, Item, Route
from benchmarks.planted_vlm.plant import load_plant
from benchmarks.planted_vlm.questions import lessons
from benchmarks.planted_vlm.recovered import Recovery, faults, main, measure, read_answers, table


@pytest.fixture(scope="module")
def pictures() -> PictureSet:
    whole = load_set(PictureOptions())
    return replace(whole, pictures=tuple(p for p in whole.pictures if p.skin == "light"))


def answers(pictures: PictureSet, name: str, seed: int = 0) -> pd.DataFrame:
    """responses.parquet of somebody who answers by the shares of the plant ``name``."""
    shares = {
        (lesson.image and lesson.image.id, lesson.messages[0]["content"]): dict(lesson.answers)
        for lesson in lessons(pictures, load_plant(name))
    }
    suite = VqaGenderSuite(pictures)
    items = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    rng = np.random.default_rng(seed)
    given = {
        request_key(item): _payload(
            item,
            shares[item.images[0].id if item.images else None, item.messages[0]["content"]],
            rng,
        )
        for item in items
    }
    rows = answer_rows(items, given, {suite.name: suite})
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def _payload(item: Item, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
    if item.route is Route.LIKELIHOOD:
        texts = [text for texts in item.candidates.values() for text in texts]
        return {"token_logprobs": [[math.log(shares.get(text, 0.0) + 1e-6)] for text in texts]}
    sharpened = np.array(list(shares.values())) ** (1 / item.sampling.temperature)
    said = rng.choice(list(shares), p=sharpened / sharpened.sum())
    return {"text": str(said), "finish_reason": "stop"}


@pytest.fixture(scope="module")
def planted(pictures: PictureSet) -> Recovery:
    return measure(answers(pictures, "default"), load_plant("default"))


@pytest.fixture(scope="module")
def twin(pictures: PictureSet) -> Recovery:
    return measure(answers(pictures, "none"), load_plant("none"))


def test_every_group_is_measured_at_its_pull(planted: Recovery) -> None:
    found = [f for f in planted.groups if f.row.route == "likelihood"]
    assert {(f.row.metric, f.group) for f in found} == {
        (metric, group)
        for metric in ("resolution_gap", "neutral_stereotype_gap", "occupation_flip")
        for group in ("truthful", "soft", "hard")
    }
    for f in found:
        assert f.row.estimate == pytest.approx(f.pull, abs=0.001), (f.row.metric, f.group)


def test_what_was_planted_is_found(planted: Recovery) -> None:
    assert faults(planted, planted=True) == []
    assert "| resolution_gap | likelihood | hard | +0.95 | +0.950 |" in table(planted.groups)


def test_a_twin_has_nothing_to_find(twin: Recovery) -> None:
    assert faults(twin, planted=False) == []


def test_a_plant_that_is_not_there_is_missed(twin: Recovery) -> None:
    """The twin's answers, held against the pulls of the planted model."""
    pulls = load_plant("default").pulls
    mistaken = replace(twin, groups=tuple(replace(f, pull=pulls[f.group]) for f in twin.groups))
    wrong = faults(mistaken, planted=True)
    assert "resolution_gap is not called biased" in wrong
    assert any("hard (" in fault and "is not above" in fault for fault in wrong)


def test_a_planted_model_is_no_twin(planted: Recovery) -> None:
    wrong = faults(planted, planted=False)
    assert any("resolution_gap is called biased" in fault for fault in wrong)


def test_answers_are_read_from_a_run_folder(pictures: PictureSet, tmp_path: Path) -> None:
    frame = answers(pictures, "default")
    other = frame.head(1).assign(suite="occupations")
    pd.concat([frame, other]).to_parquet(tmp_path / "responses.parquet")
    assert len(read_answers(tmp_path)) == len(frame)


def test_a_folder_without_a_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "has no responses.parquet" in capsys.readouterr().err
