"""Suite ``vqa-gender`` through whole runs: pictures kept, identity, resuming, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from audit.cli import cli
from audit.compare import compare_runs
from audit.metrics import estimates
from audit.metrics import vqa_gender as vqa_metrics
from audit.pictures import PictureOptions
from audit.probes import vqa_gender
from audit.shown import read_pictures, with_pictures
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.picture_runs import Simulated
from tests.audit.run_cases import Quiet, manifest
from tests.audit.seeing import Viewer

FEW = {"limit": 16, "langs": ("en",)}


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 200)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what happens before the estimates, which take longest."""
    monkeypatch.setattr(vqa_metrics, "vqa_metrics", lambda *_, **__: [])


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    return Simulated(monkeypatch, tmp_path)


def test_a_run_asks_reads_and_keeps_what_it_showed(simulated: Simulated, tmp_path: Path) -> None:
    done = simulated.run(tmp_path / "run", Viewer(sight=3.0, pull=2.0), **FEW)
    primary = [r for r in done.results["metrics"] if r["role"] == "primary"]
    assert [r["metric"] for r in primary] == [
        "resolution_gap", "neutral_stereotype_gap", "occupation_flip",
    ]  # fmt: skip
    answers = pd.read_parquet(done.folder / "responses.parquet")
    assert (answers["label"] != "unparsed").all()
    shown = set(answers["images"]) - {""}
    (kept,) = read_pictures(done.folder)
    assert {p["id"] for p in kept["pictures"]} == shown
    assert kept["name"] == "Made figures 1"
    assert kept["licence"] == "Apache-2.0"
    assert kept["skipped"] == [{"file": "broken.png", "why": "its file ends in the middle"}]
    for picture in kept["pictures"]:
        data = (done.folder / picture["file"]).read_bytes()
        assert data.startswith(b"\x89PNG")
        if picture["id"] != "control/blank":
            assert picture["id"] == "made/{profession}/{presentation}/{skin}".format(**picture)
    assert not list((done.folder / "pictures").glob("*.partial"))


@pytest.mark.usefixtures("unmeasured")
def test_an_interrupted_run_goes_on_to_the_same_result(
    simulated: Simulated, tmp_path: Path
) -> None:
    viewer = Viewer(sight=2.0, pull=1.0)
    whole = simulated.run(tmp_path / "whole", viewer, **FEW)
    with pytest.raises(KeyboardInterrupt):
        simulated.run(tmp_path / "cut", viewer, watcher=Quiet(stop_after=30), **FEW)
    assert manifest(tmp_path / "cut")["status"] == "interrupted"
    again = simulated.run(tmp_path / "cut", viewer, **FEW)
    answers = [pd.read_parquet(done.folder / "responses.parquet") for done in (whole, again)]
    pd.testing.assert_frame_equal(*answers)


@pytest.mark.usefixtures("unmeasured")
def test_other_pictures_are_another_run(simulated: Simulated, tmp_path: Path) -> None:
    """Answers about one set are never mixed with answers about another."""
    simulated.run(tmp_path / "run", Viewer(), **FEW)
    simulated.set = replace(simulated.set, fingerprint="sha256:changed")
    with pytest.raises(UsageProblem, match="pictures"):
        simulated.run(tmp_path / "run", Viewer(), **FEW)


@pytest.mark.usefixtures("unmeasured")
def test_kept_pictures_are_written_once(simulated: Simulated, tmp_path: Path) -> None:
    done = simulated.run(tmp_path / "run", Viewer(), **FEW)
    (kept,) = read_pictures(done.folder)
    first = done.folder / kept["pictures"][0]["file"]
    first.write_bytes(b"seen before")
    simulated.run(tmp_path / "run", Viewer(), **FEW)
    assert first.read_bytes() == b"seen before"
    assert simulated.loaded == 1


@pytest.mark.usefixtures("unmeasured")
def test_two_runs_compare(simulated: Simulated, tmp_path: Path) -> None:
    before = simulated.run(tmp_path / "before", Viewer(sight=3.0, pull=2.0), limit=96)
    after = simulated.run(tmp_path / "after", Viewer(sight=3.0, pull=0.2, seed=1), limit=96)
    found = {(c.metric, c.route): c for c in compare_runs(before.folder, after.folder).changes}
    change = found["resolution_gap", "likelihood"]
    assert change.before > change.after > 0
    assert change.change == pytest.approx(change.after - change.before)
    assert ("occupation_flip", "sampled") in found


def test_an_engine_without_pictures_is_refused(simulated: Simulated, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="simulated takes no pictures"):
        simulated.run(tmp_path / "run", Viewer(), images=False, **FEW)


def test_a_text_model_is_refused_before_any_picture_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: PictureOptions) -> None:
        raise AssertionError("pictures were made")

    monkeypatch.setattr(vqa_gender, "load_set", never)
    monkeypatch.chdir(tmp_path)
    for model in ("smollm2-135m-instruct", str(_text_model(tmp_path))):
        found = CliRunner().invoke(cli, ["run", model, "--suite", "vqa-gender"])
        assert isinstance(found.exception, UsageProblem), found.output
        assert "text" in str(found.exception)
        assert str(found.exception).count(". ") == 0  # one sentence
    assert not (tmp_path / "runs").exists()


def _text_model(folder: Path) -> Path:
    model = folder / "text-model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return model


@pytest.mark.parametrize(
    "flags", [["--image-style", "noto"], ["--images", "."], ["--image-set", "pairs"]]
)
def test_picture_flags_without_a_suite_that_shows_any(flags: list[str]) -> None:
    found = CliRunner().invoke(cli, ["run", "smollm2-135m-instruct", *flags])
    assert isinstance(found.exception, UsageProblem)
    assert "suites that show pictures" in str(found.exception)


def test_flags_name_the_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[PictureOptions] = []

    def note(options: PictureOptions) -> None:
        asked.append(options)
        raise UsageProblem("enough seen")

    monkeypatch.setattr(vqa_gender, "load_set", note)
    labels = tmp_path / "labels.csv"
    labels.write_text("file\n")
    line = ["run", "openai:x@http://127.0.0.1:9/v1", "--suite", "vqa-gender"]
    for flags, expected in (
        (["--image-style", "noto"], PictureOptions(style="noto")),
        (
            ["--images", str(tmp_path), "--labels", str(labels)],
            PictureOptions(folder=tmp_path, labels=labels),
        ),
        (["--image-set", "pairs"], PictureOptions(source="pairs")),
    ):
        found = CliRunner().invoke(cli, [*line, *flags])
        assert str(found.exception) == "enough seen"
        assert asked.pop() == expected


def test_labels_need_the_pictures_they_describe(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file\n")
    line = ["run", "openai:x@http://127.0.0.1:9/v1", "--suite", "vqa-gender"]
    found = CliRunner().invoke(cli, [*line, "--labels", str(labels)])
    assert isinstance(found.exception, UsageProblem)
    assert "--images" in str(found.exception)


def test_suites_in_words_alone_stay_as_they_are() -> None:
    from audit.probes.base import suites_by_name

    suites = suites_by_name(["pronouns"])
    assert with_pictures(suites, None) == suites
