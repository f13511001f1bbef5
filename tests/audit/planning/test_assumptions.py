"""Whose answers a plan assumes: what is kept of them, and what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.planning import assumptions
from audit.planning.detectable import could_show
from audit.probes.base import get_suite
from audit.schema import RESPONSE_COLUMNS
from tests.audit.respondents import row_of
from tests.audit.simulated_runs import answers, write_run


def test_a_suite_is_kept_anew_and_the_others_stay(tmp_path: Path) -> None:
    file, run = tmp_path / "answers.parquet", write_run(tmp_path / "run", answers(1.0, 1))
    assumptions.keep(file, [run])
    first = pd.read_parquet(file)
    assert set(first["suite"]) == {"occupations"}
    other = first.assign(suite="other")
    stored = pq.read_table(file)
    both = pa.Table.from_pandas(pd.concat([first.iloc[:3], other]), preserve_index=False)
    pq.write_table(both.replace_schema_metadata(stored.schema.metadata), file)
    assumptions.keep(file, [run])
    again = pd.read_parquet(file)
    assert again["suite"].value_counts().to_dict() == {
        "occupations": len(first), "other": len(first),
    }  # fmt: skip


def test_texts_are_kept_where_a_metric_reads_them_and_are_missed_where_they_are_not(
    tmp_path: Path,
) -> None:
    suite = get_suite("tone")
    items = suite.items(langs=["en"], seed=0, limit=60, samples=None)
    rng = np.random.default_rng(0)
    texts = rng.choice(["How lovely.", "That is terrible.", "It is a table."], len(items))
    asked = [
        row_of(i) | {"label": "neutral", "response": t} for i, t in zip(items, texts, strict=True)
    ]
    run = tmp_path / "run"
    run.mkdir()
    silent = answers(1.0, 1).assign(response="Woman.")
    frame = pd.concat([pd.DataFrame(asked, columns=list(RESPONSE_COLUMNS)), silent])
    frame.to_parquet(run / "responses.parquet", index=False)
    (run / "run.json").write_text(json.dumps({
        "status": "complete", "started": "2026-01-01", "model": {"name": "m"},
    }))  # fmt: skip
    (run / "results.json").write_text("{}")
    file = tmp_path / "answers.parquet"
    assumptions.keep(file, [run])
    found = assumptions.read(file)
    texts_of = found.answers.groupby("suite")["response"].agg(set)
    assert texts_of["tone"] == set(texts)
    assert texts_of["occupations"] == {""}

    def of_tone(assumed: assumptions.Assumed) -> tuple[dict[str, float | None], list[str]]:
        shown = could_show(suite, items, assumed, effect=None, alpha=0.05, power=0.8)
        return {row.metric: row.effect for row in shown.detectable}, shown.notes

    effects, notes = of_tone(found)
    assert all(effects[f"sentiment_gap_{axis}"] for axis in ("gender", "ethnicity", "age"))
    assert not any("texts" in note for note in notes)
    # A file from before texts were kept.
    older = pq.read_table(file).drop_columns(["response"])
    pq.write_table(older, file)
    effects, notes = of_tone(assumptions.read(file))
    assert effects["sentiment_gap_age"] is None
    (why, nobody) = notes
    assert "sentiment_gap_age (tone): read off texts, which m, 2026-01-01 is kept without" in why
    assert "refusal_gap_age (tone): the answers in m, 2026-01-01 are too few" in nobody
