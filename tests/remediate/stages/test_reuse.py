"""An earlier audit as a repair's "before": the same results as an own audit's, or refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.runner import RunOptions, run_audit
from core.errors import EnvironmentProblem, UsageProblem
from core.models import load
from remediate.counterfactual_data.splits import split_occupations
from remediate.stages import reuse
from tests.audit.run_cases import Quiet

pytestmark = pytest.mark.model
SPLITS = split_occupations(0)
#: Both groups on both sides, few enough for a test.
JUDGED = SPLITS.held_out[:2] + SPLITS.held_out[-2:]
OTHERS = SPLITS.train[:1] + SPLITS.train[-1:]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def options(model: Path, out: Path, only: tuple[str, ...], **other: Any) -> RunOptions:
    usual: dict[str, Any] = {"suites": ("occupations",), "backend": "transformers"}
    return RunOptions(str(model), out=out, only={"occupations": only}, **(usual | other))


@pytest.fixture(scope="module")
def source(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished audit of more than the held-out side."""
    out = tmp_path_factory.mktemp("runs") / "wide"
    return run_audit(options(tiny, out, JUDGED + OTHERS), Quiet()).folder


@pytest.fixture
def copied(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / "source"))


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def test_it_is_what_an_own_audit_would_be(
    tiny: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = run_audit(options(tiny, tmp_path / "own", JUDGED), Quiet())
    before = (source / "journal.sqlite").read_bytes()
    wanted = options(tiny, tmp_path / "taken", JUDGED)
    reuse.take(source, tmp_path / "taken", wanted)
    monkeypatch.setattr(load, "load_backend", lambda *_, **__: pytest.fail("the model was loaded"))
    taken = run_audit(wanted, Quiet())
    reuse.sign(source, tmp_path / "taken")
    assert (source / "journal.sqlite").read_bytes() == before, "the run was written to"
    rows, mine = taken.results.pop("metrics"), own.results.pop("metrics")
    assert taken.results == own.results
    assert len(rows) == len(mine) > 20
    for row, expected in zip(rows, mine, strict=True):
        for name, value in expected.items():
            if isinstance(value, float):  # other batches: the last bits of a sum
                assert row[name] == pytest.approx(value, abs=2e-3), (row["metric"], name)
            else:
                assert row[name] == value, (row["metric"], row["slice"], name)
    frames = [pd.read_parquet(tmp_path / name / "responses.parquet") for name in ("taken", "own")]
    same = ["suite", "item", "sample", "cluster", "prompt", "response", "label"]
    assert frames[0][same].equals(frames[1][same])
    assert set(frames[0]["cluster"]) == set(JUDGED)


def test_run_json_says_where_the_answers_are_from(tiny: Path, source: Path, tmp_path: Path) -> None:
    wanted = options(tiny, tmp_path / "taken", JUDGED)
    reuse.take(source, wanted.out or tmp_path, wanted)
    run_audit(wanted, Quiet())
    reuse.sign(source, tmp_path / "taken")
    run = json.loads((tmp_path / "taken" / "run.json").read_text())
    origin = json.loads((source / "run.json").read_text())
    assert run["status"] == "complete"
    assert run["taken_from"]["folder"] == str(source)
    assert run["taken_from"]["finished"] == origin["finished"]
    assert run["taken_from"]["n_requests"] == run["n_requests"] < origin["n_requests"]
    assert run["backend"] == origin["backend"]
    assert any("earlier audit (wide)" in note for note in run["notes"])


def test_taking_twice_is_taking_once(tiny: Path, source: Path, tmp_path: Path) -> None:
    wanted = options(tiny, tmp_path / "taken", JUDGED)
    for _ in range(2):
        reuse.take(source, tmp_path / "taken", wanted)
    assert run_audit(wanted, Quiet()).results["suites"][0]["n_requests"] > 0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"seed": 1}, r"seed 0, here 1 \(--seed\)"),
        ({"langs": ("en", "zh")}, r"did not ask in zh \(--lang\)"),
        ({"suites": ("occupations", "pronouns")}, r"did not run the suite pronouns"),
    ],
)
def test_another_audit_is_refused_with_what_differs(
    other: dict[str, Any], says: str, tiny: Path, source: Path, tmp_path: Path
) -> None:
    wanted = options(tiny, tmp_path / "taken", JUDGED, **other)
    with pytest.raises(UsageProblem, match=says):
        reuse.take(source, tmp_path / "taken", wanted)
    assert not (tmp_path / "taken").exists()


def test_another_model_is_refused(source: Path, tmp_path: Path) -> None:
    from tests.core.tiny_models import save_model

    model = save_model(tmp_path / "other", seed=1)
    with pytest.raises(UsageProblem, match="another model") as raised:
        reuse.take(source, tmp_path / "taken", options(model, tmp_path / "taken", JUDGED))
    assert "another tokenizer" not in str(raised.value)


def _version(run: dict[str, Any]) -> None:
    run["suites"][0]["version"] = "0.0"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_version, r"version 0\.0 of the suite occupations, here"),
        (lambda run: run["backend"].update(name="vllm"), "the engine vllm, here transformers"),
        (lambda run: run.update(device="NVIDIA H100"), "made on NVIDIA H100"),
        (lambda run: run.update(instruction="Be fair."), "told to be fair"),
        (lambda run: run["model"].update(adapter_fingerprint="sha256:1"), "another adapter"),
        (lambda run: run["backend"].update(chat_format="plain"), "another chat format"),
        (lambda run: run.update(status="interrupted"), "interrupted, not complete"),
    ],
)
def test_a_run_made_otherwise_is_refused(
    change: Callable[[dict[str, Any]], object], says: str, tiny: Path, copied: Path, tmp_path: Path
) -> None:
    edit(copied / "run.json", change)
    with pytest.raises(UsageProblem, match=says):
        reuse.take(copied, tmp_path / "taken", options(tiny, tmp_path / "taken", JUDGED))


def test_questions_in_other_words_are_refused(tiny: Path, copied: Path, tmp_path: Path) -> None:
    path = copied / "responses.parquet"
    frame = pd.read_parquet(path)
    own = frame["cluster"] == JUDGED[0]
    frame.assign(prompt=frame["prompt"].where(~own, "Other words?")).to_parquet(path)
    with pytest.raises(UsageProblem, match=rf"worded differently, .*{JUDGED[0]}"):
        reuse.take(copied, tmp_path / "taken", options(tiny, tmp_path / "taken", JUDGED))


def test_a_run_that_does_not_cover_the_held_out_side_is_refused(
    tiny: Path, source: Path, copied: Path, tmp_path: Path
) -> None:
    wanted = options(tiny, tmp_path / "taken", (*JUDGED, SPLITS.held_out[3]))
    with pytest.raises(UsageProblem, match=r"lacks \d+ of the \d+ answers on the held-out side"):
        reuse.take(source, tmp_path / "taken", wanted)
    edit(copied / "run.json", lambda run: run.update(limit=24))
    with pytest.raises(UsageProblem, match="made with --limit 24"):
        reuse.take(copied, tmp_path / "taken", wanted)


def test_what_is_no_run_is_told(tiny: Path, copied: Path, tmp_path: Path) -> None:
    wanted = options(tiny, tmp_path / "taken", JUDGED)
    with pytest.raises(EnvironmentProblem, match=r"no run\.json"):
        reuse.take(tmp_path, tmp_path / "taken", wanted)
    (copied / "journal.sqlite").write_bytes(b"no journal at all")
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        reuse.take(copied, tmp_path / "taken", wanted)
    # A limit that a wide run covers is no reason to refuse.
    assert replace(wanted, limit=8).limit == 8
