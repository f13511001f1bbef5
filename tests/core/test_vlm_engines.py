"""The same answers to questions with pictures by vLLM and transformers, with and without a LoRA."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.models.load import load_backend
from core.models.resolve import resolve
from tests.core.tiny_vlm import save_pictures, save_text_adapter, save_vlm
from tests.core.vlm_questions import answers, bad_picture, too_long

pytestmark = pytest.mark.vllm
pytest.importorskip("vllm")
ROOT = Path(__file__).parents[2]
COLOURS = ("red", "green", "black", "yellow", "purple", "blue")

#: vLLM starts in a process of its own, once: an engine that can put a LoRA on can leave it off.
ENGINE = """
import json, sys
from pathlib import Path
def main():
    from core.models.load import load_backend
    from core.models.resolve import resolve
    from tests.core.vlm_questions import answers, bad_picture, too_long
    model, adapter, pictures = sys.argv[1:]
    backend = load_backend(resolve(model), backend="vllm", adapter=Path(adapter))
    found = {"images": backend.capabilities.images, "tuned": answers(backend, Path(pictures))}
    backend._lora = None
    found |= {"base": answers(backend, Path(pictures)), "bad": bad_picture(backend)}
    found["far"] = too_long(backend, next(Path(pictures).glob("*.png")))
    backend.close()
    print("ANSWERS" + json.dumps(found))
if __name__ == "__main__":
    main()
"""


def by_vllm(model: Path, adapter: Path, pictures: Path, tmp_path: Path) -> Any:
    script = tmp_path / "engine.py"
    script.write_text(ENGINE, encoding="utf-8")
    environment = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
    }
    run = subprocess.run(
        [sys.executable, str(script), str(model), str(adapter), str(pictures)],
        env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    (line,) = (x for x in run.stdout.splitlines() if x.startswith("ANSWERS"))
    return json.loads(line.removeprefix("ANSWERS"))


def test_vllm_and_transformers_agree(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    save_pictures(pictures, COLOURS)
    model = save_vlm(tmp_path / "model")
    adapter = save_text_adapter(tmp_path / "adapter", model)
    found = by_vllm(model, adapter, pictures, tmp_path)
    assert found["images"]
    assert "The picture lost/one cannot be read" in found["bad"]
    assert "far" in found["far"]
    expected = {}
    for name, options in (("base", {}), ("tuned", {"adapter": adapter})):
        backend = load_backend(resolve(str(model)), backend="transformers", **options)
        expected[name] = answers(backend, pictures)
        assert bad_picture(backend) == found["bad"]
        assert "far" in too_long(backend, pictures / "red.png")
        backend.close()
        assert found[name]["texts"] == expected[name]["texts"]
        assert found[name]["prompt_tokens"] == expected[name]["prompt_tokens"]
        assert found[name]["scores"].keys() == expected[name]["scores"].keys()
        for key, rows in expected[name]["scores"].items():
            for row, other in zip(rows, found[name]["scores"][key], strict=True):
                assert other == pytest.approx(row, abs=1e-3), key
    # The pictures and the adapter are seen, so the above is more than an agreement on nothing.
    assert len(set(expected["base"]["texts"].values())) > len(COLOURS)
    assert expected["base"]["texts"] != expected["tuned"]["texts"]
