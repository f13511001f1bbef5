"""Loading by way of :func:`load_backend`: the context's cap, and nothing of transformers' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem
from core.models.base import ScoreRequest
from core.models.load import choose_backend, load_backend
from core.models.resolve import ResolvedModel
from tests.core.tiny_models import make_model, save_model

pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
LONG = ScoreRequest("long", ({"role": "user", "content": "x" * 200},), (" a",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("tiny") / "model")


def resolved(folder: Path, max_context: int | None = None) -> ResolvedModel:
    return ResolvedModel("m", "folder", folder, None, None, None, max_context=max_context)


def test_a_converted_models_cap_holds_in_transformers(folder: Path) -> None:
    free = load_backend(resolved(folder), backend="transformers")
    assert [len(batch) for batch in free.score([LONG])] == [1]
    capped = load_backend(resolved(folder, max_context=64), backend="transformers")
    with pytest.raises(EnvironmentProblem, match="reads 64 at most"):
        list(capped.score([LONG]))


def test_a_cap_beyond_the_models_own_context_adds_nothing(folder: Path) -> None:
    wide = load_backend(resolved(folder, max_context=10_000), backend="transformers")
    longer = ScoreRequest("longer", ({"role": "user", "content": "x" * 600},), (" a",))
    with pytest.raises(EnvironmentProblem, match="reads 512 at most"):
        list(wide.score([longer]))


@pytest.mark.parametrize("debug", [False, True])
def test_transformers_bars_are_shown_to_debug_alone(folder: Path, debug: bool) -> None:
    code = (
        "import sys; from pathlib import Path; from core.models.load import load_backend;"
        "from core.models.resolve import resolve; from transformers.utils import logging;"
        f"load_backend(resolve(sys.argv[1]), backend='transformers', debug={debug});"
        "assert logging.is_progress_bar_enabled()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, check=True,
    )  # fmt: skip
    assert ("Loading weights" in done.stderr) == debug
    assert debug or not done.stderr


def test_weights_of_another_size_are_named(tmp_path: Path) -> None:
    path = save_model(tmp_path / "model")
    make_model(hidden_size=16).save_pretrained(tmp_path / "other")
    (tmp_path / "other" / "model.safetensors").replace(path / "model.safetensors")
    with pytest.raises(EnvironmentProblem) as caught:
        load_backend(resolved(path), backend="transformers")
    assert "lm_head.weight is 259 × 16 in the file and 259 × 32 by the config" in str(caught.value)


@pytest.mark.parametrize("installed", [{"vllm"}, {"vllm", "torchvision"}])
def test_auto_goes_round_vllm_where_it_lacks_torchvision(
    installed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in installed or None)
    configs = {
        "vllm": {"model_type": "idefics3", "vision_config": {"depth": 1}},
        "transformers": {"model_type": "qwen2_vl", "vision_config": {"depth": 1},
                         "video_token_id": 5},
    }  # fmt: skip
    for engine, config in configs.items():
        (tmp_path / "config.json").write_text(json.dumps(config))
        expected = "vllm" if "torchvision" in installed else engine
        assert choose_backend(resolved(tmp_path), "auto") == expected
        assert choose_backend(resolved(tmp_path), "vllm") == "vllm"


def test_the_cause_is_told_of_what_pydantic_refuses() -> None:
    from core.models.vllm_backend import _first_line

    refused = (
        "1 validation error for ModelConfig\n  Value error, torchvision is missing. "
        "[type=value_error, input_value={}]\n    For further information visit https://x"
    )
    assert _first_line(ValueError(refused)) == "torchvision is missing"
    assert _first_line(ValueError("one.\ntwo")) == "one"
    assert _first_line(ValueError()) == "ValueError"
