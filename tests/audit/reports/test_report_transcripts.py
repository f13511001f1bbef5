"""What is embedded: inert, even over the strata, within its budget, honest about the rest."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.transcripts import LONGEST, collect, inert_json, probabilities
from audit.schema import RESPONSE_COLUMNS


def _frame(n: int, **columns: Any) -> pd.DataFrame:
    base = dict.fromkeys(RESPONSE_COLUMNS, "") | {"suite": "s", "label": "woman", "sample": 0}
    frame = pd.DataFrame([base] * n, columns=list(RESPONSE_COLUMNS))
    frame["response"] = [f"answer {i}" for i in range(n)]
    for name, values in columns.items():
        frame[name] = values
    return frame


def _rows(payload: Any) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(str(payload))["rows"]
    return rows


@given(st.recursive(st.text() | st.none() | st.booleans(), lambda x: st.lists(x, max_size=3)))
def test_inert_json_reads_back_and_holds_nothing_active(value: Any) -> None:
    text = str(inert_json(value))
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == value


def test_half_a_surrogate_pair_does_not_stop_the_page() -> None:
    assert str(inert_json("a\ud83db")).encode("utf-8")


def test_few_answers_are_all_there_in_order() -> None:
    made = collect(_frame(5), {}, {})
    assert (made.shown, made.total, made.cut) == (5, 5, 0)
    assert [r[9] for r in _rows(made.payload)] == [f"answer {i}" for i in range(5)]
    assert made.note.en.startswith("All 5")


def test_rare_kinds_survive_the_budget() -> None:
    labels = ["woman"] * 4900 + ["refused"] * 60 + ["unparsed"] * 40
    made = collect(_frame(5000, label=labels), {}, {}, budget=40_000)
    data = json.loads(str(made.payload))
    kept = [data["columns"]["label"][r[4]] for r in data["rows"]]
    assert made.shown < 5000
    assert kept.count("unparsed") == 40
    assert kept.count("refused") == 60
    assert kept.count("woman") > 60
    assert f"{made.shown:,} of 5,000" in made.note.en


@given(st.integers(500, 60_000), st.sampled_from(["a", "<", "护", "👩", "\u2028"]))
def test_the_budget_holds_for_any_text(budget: int, letter: str) -> None:
    frame = _frame(60, response=[f"{i}" + letter * 400 for i in range(60)])
    frame["prompt"] = [f"{i % 7}" + letter * 300 for i in range(60)]
    made = collect(frame, {}, {}, budget=budget)
    assert len(str(made.payload).encode()) <= budget + 2_000


def test_long_texts_are_cut_and_counted() -> None:
    made = collect(_frame(2, response=["x" * (LONGEST + 1), "x" * LONGEST]), {}, {})
    rows = _rows(made.payload)
    assert [len(r[9]) for r in rows] == [LONGEST, LONGEST]
    assert [r[12] for r in rows] == [1, 0]
    assert made.cut == 1


def test_missing_values_become_empty() -> None:
    frame = _frame(3)
    frame["response"] = pd.Series([None, math.nan, "x"], dtype=object)
    assert [r[9] for r in _rows(collect(frame, {}, {}).payload)] == ["", "", "x"]


def test_no_file_and_no_rows_say_so() -> None:
    assert "missing" in collect(None, {}, {}).note.en
    assert collect(_frame(0), {}, {}).note.en == "No answers were recorded."


def test_probabilities_are_renormalised_over_the_given_answers() -> None:
    made = probabilities(json.dumps({"woman": math.log(0.3), "man": math.log(0.1)}))
    assert made == {"woman": 0.75, "man": 0.25}
    far = probabilities(json.dumps({"woman": -4000.0, "man": -4001.0}))
    assert math.isclose(far["woman"], 0.7311, abs_tol=1e-4)
    for bad in ("", "{", "[1]", '{"woman": "x"}', '{"woman": NaN}', '{"woman": -Infinity}'):
        assert probabilities(bad) == {}
