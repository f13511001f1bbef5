"""Whether a model takes pictures: by its config, by its name, before anything is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.models.resolve import ResolvedModel
from core.models.vision import (
    check_folder_takes_images,
    check_name_takes_images,
    check_takes_images,
    takes_images,
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, False),
        ({"model_type": "idefics3", "vision_config": {"hidden_size": 64}}, True),
        # A family with text-only members keeps the token's id all the same.
        ({"model_type": "gemma4", "vision_config": None, "image_token_id": 5}, False),
        ({"model_type": "qwen2_audio", "audio_config": {"d_model": 8}}, False),
        ({"model_type": "qwen2_5_omni", "thinker_config": {"vision_config": {"depth": 2}}}, True),
        ({"model_type": "qwen3_tts", "thinker_config": {"audio_config": {}}}, False),
        ({"model_type": "qwen", "visual": {"image_size": 448}}, True),
        ({"model_type": "llava", "mm_vision_tower": "openai/clip-vit-large-patch14"}, True),
        ({"model_type": "emu3", "vq_config": {"codebook_size": 8}}, True),
        ({"model_type": "fuyu", "image_token_id": 71011}, True),
        ({"model_type": "molmo", "architectures": ["MolmoForCausalLM"]}, True),
        ({}, False),
    ],
)
def test_what_a_config_says(config: dict[str, Any], expected: bool) -> None:
    assert takes_images(config) is expected


@pytest.mark.parametrize("name", ["qwen2.5-7b-instruct", "Qwen/Qwen2.5-7B-Instruct", "my.gguf"])
def test_a_text_model_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        check_name_takes_images(name)
    said = str(caught.value)
    assert caught.value.exit_code == 2
    assert "reads text alone" in said
    assert said.count(". ") == 0, "one sentence"


@pytest.mark.parametrize(
    "name", ["qwen2-vl-7b-instruct", "openai:any@http://127.0.0.1:8000/v1", "someone/unknown-vlm"]
)
def test_others_are_let_through(name: str) -> None:
    check_name_takes_images(name)
    check_takes_images(name)


def test_the_packaged_model_is_refused() -> None:
    with pytest.raises(UsageProblem, match="smollm2-135m-instruct reads text alone"):
        check_takes_images("smollm2-135m-instruct")


def test_a_folder_is_judged_by_its_config(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    with pytest.raises(EnvironmentProblem, match=r"config\.json"):
        check_folder_takes_images(tmp_path)
    # Not a model at all: that is said, better, where it is resolved.
    check_name_takes_images(str(tmp_path))
    config.write_text(json.dumps({"model_type": "idefics3", "vision_config": {"depth": 1}}))
    check_name_takes_images(str(tmp_path))
    check_folder_takes_images(tmp_path)
    config.write_text(json.dumps({"model_type": "llama"}))
    resolved = ResolvedModel("mine", "folder", tmp_path, None, None, None)
    for check in (
        lambda: check_name_takes_images(str(tmp_path)),
        lambda: check_folder_takes_images(tmp_path),
        lambda: check_takes_images("mine", resolved),
    ):
        with pytest.raises(UsageProblem, match="reads text alone"):
            check()


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from core.models.vision import check_name_takes_images as check\n"
        "check('qwen2-vl-7b-instruct')\n"
        "assert not {'torch', 'transformers', 'vllm', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
