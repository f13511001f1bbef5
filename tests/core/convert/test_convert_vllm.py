"""Converted models in the current vLLM: the same greedy tokens as transformers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from core.models.convert import convert
from tests.core.convert.legacy_checkpoints import CORPUS, make_baichuan, make_internlm1, make_qwen1

pytestmark = pytest.mark.vllm
ROOT = Path(__file__).parents[3]
NEW = 12

#: vLLM starts processes of its own, so it runs in one that may.
ENGINE = """
import json, sys
def main():
    import vllm
    llm = vllm.LLM(sys.argv[1], dtype="float32", enforce_eager=True, max_model_len=256)
    texts = json.loads(sys.argv[2])
    sampling = vllm.SamplingParams(temperature=0.0, max_tokens=int(sys.argv[3]), ignore_eos=True)
    found = llm.generate(texts, sampling)
    answers = [[list(r.prompt_token_ids), list(r.outputs[0].token_ids)] for r in found]
    print("ANSWERS" + json.dumps(answers))
if __name__ == "__main__":
    main()
"""


def _vllm(model: Path, texts: list[str], tmp_path: Path) -> Any:
    script = tmp_path / "engine.py"
    script.write_text(ENGINE, encoding="utf-8")
    environment = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "HF_HUB_OFFLINE": "1",
    }
    run = subprocess.run(
        [sys.executable, str(script), str(model), json.dumps(texts), str(NEW)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    (line,) = (x for x in run.stdout.splitlines() if x.startswith("ANSWERS"))
    return json.loads(line.removeprefix("ANSWERS"))


@pytest.mark.parametrize("make", [make_qwen1, make_internlm1, make_baichuan])
def test_greedy_tokens_equal_transformers(make: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    converted = convert(make(tmp_path / "legacy"), tmp_path / "cache")
    texts = list(CORPUS[:6])
    answers = _vllm(converted.path, texts, tmp_path)
    model = AutoModelForCausalLM.from_pretrained(converted.path, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(converted.path)
    for text, (prompt, continued) in zip(texts, answers, strict=True):
        assert prompt == tokenizer.encode(text)
        ids = list(prompt)
        for _ in range(NEW):
            with torch.no_grad():
                ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        assert ids[len(prompt) :] == continued
