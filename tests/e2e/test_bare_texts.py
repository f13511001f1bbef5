"""Sentences scored without a prompt by the real model: both engines give the plain likelihood."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from core.models.packaged import PACKAGED_NAME, packaged_model
from tests.audit.public_files import made_pairs, write_crows_pairs
from tests.audit.run_cases import audit

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.vllm]
pytest.importorskip("vllm.version")

#: Nats over a sentence.
SAME = 1e-3


def likelihoods(tmp_path: Path, backend: str) -> dict[str, float]:
    """Sentence → log-likelihood as a run of the suite kept them."""
    import pandas as pd

    out = tmp_path / backend
    done = audit(
        "run", PACKAGED_NAME, "--suite", "crows-pairs", "--backend", backend, "--out", str(out),
        timeout=300, EQUIPOISE_DATA=str(tmp_path), VLLM_CPU_KVCACHE_SPACE="1", OMP_NUM_THREADS="2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frame = pd.read_parquet(out / "responses.parquet")
    found: dict[str, float] = {}
    for prompt, text in zip(frame["prompt"], frame["logprobs"], strict=True):
        logs = json.loads(text)
        more, less = prompt.split("\n")
        found |= {more: logs["stereotyped"], less: logs["anti_stereotyped"]}
    return found


def test_both_engines_equal_a_plain_forward_pass(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    write_crows_pairs(tmp_path / "crows-pairs", made_pairs(4, 1))
    by_engine = {name: likelihoods(tmp_path, name) for name in ("vllm", "transformers")}
    folder, _ = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    assert len(by_engine["vllm"]) == 16
    for sentence in by_engine["vllm"]:
        ids = [tokenizer.bos_token_id, *tokenizer.encode(sentence, add_special_tokens=False)]
        with torch.no_grad():
            logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        plain = math.fsum(float(logs[i, token]) for i, token in enumerate(ids[1:]))
        for name, found in by_engine.items():
            assert found[sentence] == pytest.approx(plain, abs=SAME), name
