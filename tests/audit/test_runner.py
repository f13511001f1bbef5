"""Whole runs on a tiny model: what a run folder holds, and that it says the same every time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.requests import build_requests
from audit.runner import Interrupted, RunOptions, collect_items, default_folder, run_audit
from audit.schema import RESPONSE_COLUMNS
from core.errors import EnvironmentProblem, UsageProblem
from core.models import load
from core.models.base import Capabilities, GenerateRequest, Generation, Score, ScoreRequest
from tests.audit.run_cases import Quiet, manifest, options

#: Of a row of results.json, as the contract names them.
METRIC_FIELDS = (
    "suite", "metric", "slice", "estimate", "ci_low", "ci_high", "ci_level", "p_value",
    "p_adjusted", "test", "correction", "effect_size", "margin", "verdict", "role", "route",
    "n_items", "n_clusters", "refusal_rate", "unparsed_rate",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run with the usual options."""
    import torch

    torch.set_num_threads(1)
    return run_audit(options(tiny, tmp_path_factory.mktemp("run")), Quiet()).folder


def no_loading(*_: Any, **__: Any) -> Any:
    pytest.fail("the model was loaded")


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


def test_a_run_folder_holds_what_the_contract_says(tiny: Path, tmp_path: Path) -> None:
    import pandas as pd

    from audit.reports import build_report

    both = options(tiny, tmp_path, suites=("occupations", "pronouns"))
    outcome = run_audit(both, Quiet())
    assert build_report(outcome.folder) == tmp_path / "report.html"
    for name in ("run.json", "journal.sqlite", "responses.parquet", "results.json", "report.html"):
        assert (tmp_path / name).stat().st_size > 0, name
    assert not list(tmp_path.glob("*.partial"))
    frame = pd.read_parquet(tmp_path / "responses.parquet")
    assert tuple(frame.columns) == RESPONSE_COLUMNS
    run = manifest(tmp_path)
    assert len(frame) == run["n_requests"]
    assert run["status"] == "complete"
    assert run["backend"]["name"] == "transformers"
    assert run["model"]["fingerprint"].startswith("sha256:")
    assert run["model"]["tokenizer_fingerprint"].startswith("sha256:")
    assert [s["name"] for s in run["suites"]] == ["occupations", "pronouns"]
    assert {"seed", "langs", "limit", "versions", "device", "timings", "started"} <= run.keys()
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results == outcome.results
    assert results.keys() == {"schema_version", "model", "suites", "metrics"}
    assert all(math.isfinite(n) for n in numbers(results))
    for row in results["metrics"]:
        assert set(METRIC_FIELDS) <= row.keys()
        assert row["role"] in ("primary", "exploratory")
        assert row["route"] in ("likelihood", "sampled", "both", "")
    for suite in results["suites"]:
        rows = [
            r for r in results["metrics"] if r["suite"] == suite["name"] and r["role"] == "primary"
        ]
        declared = {p["name"]: p["margin"] for p in suite["primary"]}
        assert {r["metric"]: r["margin"] for r in rows} == declared
        assert len(rows) == len(declared), "a claim has two primary rows"
        assert all(r["slice"] == "all" and r["verdict"] for r in rows)
        assert all(
            r["correction"].lower().startswith("holm") for r in rows if r["p_adjusted"] is not None
        )


def test_the_same_seed_gives_the_same_results(tiny: Path, finished: Path, tmp_path: Path) -> None:
    run_audit(options(tiny, tmp_path), Quiet())
    assert (tmp_path / "results.json").read_bytes() == (finished / "results.json").read_bytes()


def test_another_seed_draws_other_texts(tiny: Path, finished: Path, tmp_path: Path) -> None:
    import pandas as pd

    run_audit(options(tiny, tmp_path, seed=1), Quiet())
    one = pd.read_parquet(finished / "responses.parquet").query("route == 'sampled'")
    other = pd.read_parquet(tmp_path / "responses.parquet").query("route == 'sampled'")
    assert set(one["response"]) != set(other["response"])


@pytest.mark.parametrize("batches", [1, 3, -1])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    tiny: Path, finished: Path, tmp_path: Path, batches: int
) -> None:
    counting = Quiet()
    if batches < 0:  # the last but one of all
        run_audit(options(tiny, tmp_path / "count"), counting)
        batches = len(counting.batches) - 1
    with pytest.raises(Interrupted, match="are kept in") as caught:
        run_audit(options(tiny, tmp_path / "run"), Quiet(stop_after=batches))
    assert 0 < caught.value.answered < caught.value.total
    assert manifest(tmp_path / "run")["status"] == "interrupted"
    assert not (tmp_path / "run" / "results.json").exists()
    watcher = Quiet()
    run_audit(options(tiny, tmp_path / "run"), watcher)
    assert any(s.startswith(f"Resuming: {caught.value.answered} of") for s in watcher.said)
    assert manifest(tmp_path / "run")["status"] == "complete"
    assert sum(watcher.batches) == caught.value.total - caught.value.answered
    result = (tmp_path / "run" / "results.json").read_bytes()
    assert result == (finished / "results.json").read_bytes()


def test_a_complete_run_is_evaluated_again_without_the_model(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_audit(options(tiny, tmp_path), Quiet())
    before, first = (tmp_path / "results.json").read_bytes(), manifest(tmp_path)
    monkeypatch.setattr(load, "load_backend", no_loading)
    watcher = Quiet()
    run_audit(options(tiny, tmp_path), watcher)
    assert (tmp_path / "results.json").read_bytes() == before
    assert not watcher.batches
    again = manifest(tmp_path)
    for name in ("status", "backend", "timings", "device", "n_requests", "notes"):
        assert again[name] == first[name], name


def test_no_resume_starts_over(tiny: Path, tmp_path: Path) -> None:
    run_audit(options(tiny, tmp_path), Quiet())
    watcher = Quiet()
    run_audit(options(tiny, tmp_path, resume=False), watcher)
    assert sum(watcher.batches) == manifest(tmp_path)["n_requests"]


def test_several_suites_load_the_model_once(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, loads = load.load_backend, []

    def counted(*args: Any, **kwargs: Any) -> Any:
        loads.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(load, "load_backend", counted)
    outcome = run_audit(
        options(tiny, tmp_path, suites=("pronouns", "occupations"), limit=4), Quiet()
    )
    assert len(loads) == 1
    assert {m["suite"] for m in outcome.results["metrics"]} == {"occupations", "pronouns"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"limit": 12}, "limit"),
        ({"langs": ("en", "zh")}, "langs"),
        ({"suites": ("occupations",)}, "suites"),
        ({"samples": 2}, "samples"),
        ({"backend": "vllm"}, "backend"),
    ],
)
def test_another_run_is_not_mixed_in(
    tiny: Path, finished: Path, change: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "load_backend", no_loading)
    if named == "backend":
        pytest.importorskip("vllm.version")
    with pytest.raises(UsageProblem, match=f"belongs to another run \\({named} "):
        run_audit(options(tiny, finished, **change), Quiet())


def test_another_model_is_not_mixed_in(finished: Path, tmp_path: Path) -> None:
    from tests.core.tiny_models import save_model

    other = save_model(tmp_path / "other", seed=1)
    with pytest.raises(UsageProblem, match="another run \\(model sha256"):
        run_audit(options(other, finished), Quiet())


def test_a_margin_of_ones_own_is_judged_by(tiny: Path, tmp_path: Path, finished: Path) -> None:
    run_audit(options(tiny, tmp_path, margins={"coreference_gap": 0.9}), Quiet())
    rows = json.loads((tmp_path / "results.json").read_text())["metrics"]
    margins = {r["metric"]: r["margin"] for r in rows if r["role"] == "primary"}
    assert margins["coreference_gap"] == 0.9
    assert margins["misgendering_gap"] != 0.9


@pytest.mark.parametrize("name", ["results.json", "responses.parquet"])
def test_results_that_cannot_be_written_are_named(tiny: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(EnvironmentProblem, match=f"{name} cannot be written"):
        run_audit(options(tiny, tmp_path), Quiet())


def test_a_run_folder_that_cannot_be_is_named(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="file/run cannot be written"):
        run_audit(options(tiny, tmp_path / "file" / "run"), Quiet())


class Mute:
    """A backend whose answers say nothing: empty texts, and scores that are all ``value``."""

    name = "mute"
    capabilities = Capabilities()

    def __init__(self, value: float) -> None:
        self.value = value

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        yield [Generation(r.key, "", "stop", 1, 0) for r in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        yield [Score(r.key, tuple((self.value,) for _ in r.continuations)) for r in requests]

    def describe(self) -> dict[str, Any]:
        return {"engine": "mute", "device": "none"}

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 0.0])
@pytest.mark.parametrize("suite", ["occupations", "pronouns"])
def test_answers_that_say_nothing_are_insufficient_evidence(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: str, value: float
) -> None:
    from audit.reports import build_report

    monkeypatch.setattr(load, "load_backend", lambda *_, **__: Mute(value))
    outcome = run_audit(options(tiny, tmp_path, suites=(suite,), limit=None), Quiet())
    primary = [m for m in outcome.results["metrics"] if m["role"] == "primary"]
    assert primary
    for row in primary:
        if math.isfinite(value) and row["route"] == "likelihood":
            assert row["verdict"] != "biased" or row["metric"] == "parity_skew", row
        else:
            assert row["verdict"] == "insufficient_evidence", row
            assert row["unparsed_rate"] == 1
    assert build_report(outcome.folder).stat().st_size > 0


def test_questions_are_those_of_the_suites(tiny: Path, tmp_path: Path) -> None:
    suites, items = collect_items(options(tiny, tmp_path, suites=("pronouns", "pronouns")))
    assert list(suites) == ["pronouns"]
    keys = [r.key for r in build_requests(items, 0).generate]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("model", "folder"),
    [
        ("qwen-7b-chat", "qwen-7b-chat-pronouns"),
        ("Qwen/Qwen-7B-Chat", "Qwen-7B-Chat-pronouns"),
        ("/somewhere/my model", "my-model-pronouns"),
        ("openai:org/m@http://host:1/v1", "m-pronouns"),
    ],
)
def test_a_run_has_a_folder_by_default(model: str, folder: str) -> None:
    assert default_folder(RunOptions(model, ("pronouns",))) == Path("runs") / folder
