"""``remediate MODEL --suite vqa-gender``: what cannot be repaired is told in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.errors import UsageProblem
from remediate.cli import cli
from tests.remediate import picture_cases as cases


def asked(*words: str) -> Result:
    return CliRunner().invoke(cli, ["run", *words, "--suite", "vqa-gender"])


def problem(result: Result) -> str:
    assert isinstance(result.exception, UsageProblem), result.exception
    return str(result.exception)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder as far as it is read before anything is loaded."""
    (tmp_path / "vlm").mkdir()
    (tmp_path / "vlm" / "config.json").write_text(json.dumps({"vision_config": {"depth": 1}}))
    return tmp_path / "vlm"


def test_a_text_only_model_is_refused_by_its_name(tmp_path: Path) -> None:
    told = problem(asked("smollm2-135m-instruct", "--out", str(tmp_path / "out")))
    assert "reads text alone" in told
    assert not (tmp_path / "out").exists()


def test_texts_and_pictures_are_not_repaired_at_once(folder: Path) -> None:
    result = CliRunner().invoke(
        cli, ["run", str(folder), "--suite", "occupations,vqa-gender", "--out", str(folder / "o")]
    )
    assert "and not both" in problem(result)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--loss", "parity"), "of a picture one is right"),
        (("--sweep", "default"), "has one training"),
        (("--image-style", "crayon"), "no picture style 'crayon'"),
        (("--lang", "fr"), "fr"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_wrong_combinations_are_told_before_loading(
    words: tuple[str, ...], told: str, folder: Path, tmp_path: Path
) -> None:
    assert told in problem(asked(str(folder), "--out", str(tmp_path / "out"), *words))


def test_a_set_that_must_not_be_trained_on_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cases.picture_set(tmp_path / "set", professions=("teacher",), trainable=False)
    monkeypatch.setattr("audit.pictures.load_set", lambda options: found)
    told = problem(asked(str(folder), "--out", str(tmp_path / "out")))
    assert "does not let a model be trained" in told


def test_what_is_left_open_is_the_pictures_own_default(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the command line says holds, even where it is the texts' default."""
    from remediate import pipeline
    from remediate.dpo.config import TrainingConfig

    seen = []
    monkeypatch.setattr(
        "audit.pictures.load_set", lambda options: cases.picture_set(tmp_path / "s")
    )
    monkeypatch.setattr(pipeline, "run_all", lambda repair: seen.append(repair))
    out = str(tmp_path / "out")
    texts = TrainingConfig()
    for words in ((), ("--loss", "ipo", "--beta", str(texts.beta)), ("--learning-rate", "0.001")):
        result = asked(str(folder), "--out", out, "--no-resume", *words)
        assert result.exit_code == 0, result.exception
    left, beta, rate = (repair.options.training for repair in seen)
    assert left.loss == "sigmoid_sft"
    assert left.learning_rate != texts.learning_rate
    assert left.neutral_weight > texts.neutral_weight
    assert left.beta != texts.beta
    assert (beta.loss, beta.beta) == ("ipo", texts.beta)
    assert (rate.learning_rate, rate.beta) == (0.001, left.beta)


def test_a_folder_remembers_its_pictures(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from remediate import pipeline

    monkeypatch.setattr(
        "audit.pictures.load_set", lambda options: cases.picture_set(tmp_path / "s")
    )
    monkeypatch.setattr(pipeline, "run_all", lambda repair: None)
    out = str(tmp_path / "out")
    assert asked(str(folder), "--out", out).exit_code == 0
    told = problem(asked(str(folder), "--out", out, "--image-style", "noto"))
    assert "another pictures" in told


def test_pictures_that_changed_since_are_refused(tmp_path: Path, folder: Path) -> None:
    from audit.pictures import PictureOptions
    from remediate.repair import Repair, RepairOptions
    from remediate.workers import PlainWatcher

    repair = Repair(
        RepairOptions(str(folder), tmp_path / "out", pictures=PictureOptions()), PlainWatcher()
    )
    repair._remember("pictures", "sha256:1", "The pictures")
    repair._remember("pictures", "sha256:1", "The pictures")
    with pytest.raises(UsageProblem, match="The pictures are others than when"):
        repair._remember("pictures", "sha256:2", "The pictures")
