"""The real command line, the real model, three engines.

Every vLLM engine lives in a process of its own, one at a time (the server beside it for a while).
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from core.models.packaged import PACKAGED_NAME, packaged_model
from tests.audit.run_cases import ROOT, audit, manifest
from tests.core.convert.legacy_checkpoints import make_qwen1
from tests.e2e.answering import Answers, answer, answer_in_process
from tests.e2e.vllm_server import serving

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.vllm]
pytest.importorskip("vllm.version")

#: Nats. Engines add in different orders; float32 leaves about 1e-4 on these sums.
SAME = 1e-3
PROGRESS = ("Loading ", "Scoring answers: ", "Sampling answers: ", "Computing ")
SMALL = ("--limit", "96", "--samples", "1")
VERDICTS = {"biased", "within_margin", "inconclusive", "insufficient_evidence"}


def run_words(model: Path | str, out: Path, *more: str) -> list[str]:
    return ["run", str(model), "--suite", "occupations", "--out", str(out), *more]


def whole_audit(folder: Path, *words: str) -> str:
    """Run the console script by vLLM; returns stderr, which holds our own progress and no more."""
    done = audit(
        *words, timeout=300, OMP_NUM_THREADS="2", VLLM_CPU_KVCACHE_SPACE="1", COLUMNS="1000"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "report.html")
    notes = manifest(folder)["notes"]
    for line in done.stderr.splitlines():
        assert line.startswith(PROGRESS) or line in notes, f"not ours: {line}"
    return done.stderr


def journal_rows(folder: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{folder / 'journal.sqlite'}?mode=ro", uri=True) as db:
        return db.execute("SELECT rowid, * FROM answers ORDER BY rowid").fetchall()


def results_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "results.json").read_text(encoding="utf-8")))


def check_run(folder: Path) -> None:
    """The files of a finished run are there and tell one story."""
    import pandas as pd

    run, results = manifest(folder), results_of(folder)
    frame = pd.read_parquet(folder / "responses.parquet")
    assert run["status"] == "complete"
    assert run["backend"]["name"] == results["model"]["backend"] == "vllm"
    assert run["model"]["fingerprint"] == results["model"]["fingerprint"]
    assert run["model"]["fingerprint"].startswith("sha256")
    assert len(frame) == run["n_requests"] == len(journal_rows(folder)) > 0
    assert set(frame["route"]) == {"likelihood", "sampled"}
    (suite,) = results["suites"]
    rows = {m["metric"]: m for m in results["metrics"] if m["role"] == "primary"}
    assert rows.keys() == {p["name"] for p in suite["primary"]}
    assert all(row["verdict"] in VERDICTS and row["n_items"] > 0 for row in rows.values())
    table = pd.read_csv(folder / "metrics.csv")
    assert set(table.loc[table["role"] == "primary", "metric"]) == rows.keys()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert run["model"]["fingerprint"] in page
    assert "</html>" in page


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main command's run of few questions, yet of enough occupations a probe to be judged."""
    folder = tmp_path_factory.mktemp("finished")
    whole_audit(folder, *run_words(PACKAGED_NAME, folder, *SMALL))
    return folder


def test_the_main_command_and_the_same_again(finished: Path) -> None:
    check_run(finished)
    before, answers = (finished / "results.json").read_bytes(), journal_rows(finished)
    first = manifest(finished)
    told = whole_audit(finished, *run_words(PACKAGED_NAME, finished, *SMALL))
    assert "Loading" not in told
    assert journal_rows(finished) == answers
    assert (finished / "results.json").read_bytes() == before
    assert manifest(finished)["timings"] == first["timings"]
    check_run(finished)


def test_its_gate_is_broken_by_the_example_policy_and_holds_by_the_lenient_one(
    finished: Path,
) -> None:
    """Its gap is not shown to be below 0.1, but it is below 0.5."""
    for policy, code, told in (
        ("policy.yaml", 1, "The gate is broken"),
        ("policy-lenient.yaml", 0, "The gate holds"),
    ):
        done = audit("gate", str(finished), "--policy", str(ROOT / "docs" / "examples" / policy))
        assert done.returncode == code, done.stdout + done.stderr
        assert told in done.stdout


@pytest.fixture(scope="module")
def by_transformers() -> Answers:
    return answer(PACKAGED_NAME, "transformers")


@pytest.fixture(scope="module")
def by_vllm(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return answer_in_process(PACKAGED_NAME, "vllm", tmp_path_factory.mktemp("vllm") / "out.json")


@pytest.fixture(scope="module")
def by_server(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(packaged_model()[0], "smollm2", log) as url:
        found = answer(f"openai:smollm2@{url}", "openai")
    return found


def test_the_answers_are_answers(by_transformers: Answers) -> None:
    assert "Paris" in by_transformers.texts["prompt-0"]
    assert len(set(by_transformers.texts.values())) > 8
    assert any(len(tokens) > 1 for rows in by_transformers.logprobs.values() for tokens in rows)


def test_vllm_agrees_with_transformers(by_vllm: Answers, by_transformers: Answers) -> None:
    assert by_vllm.texts == by_transformers.texts
    assert by_vllm.worst_difference(by_transformers) < SAME


def test_a_vllm_server_agrees_with_transformers(
    by_server: Answers, by_transformers: Answers
) -> None:
    assert by_server.texts == by_transformers.texts
    assert by_server.worst_difference(by_transformers) < SAME


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter (rank 8) of the packaged model that changes what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = LoraConfig(
        r=8, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"], task_type="CAUSAL_LM"
    )
    base = AutoModelForCausalLM.from_pretrained(packaged_model()[0], dtype=torch.float32)
    model = get_peft_model(base, config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:  # zero at the start of training: no change at all
            torch.nn.init.normal_(weight, std=0.02)
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    return folder


def test_an_adapter_is_audited_alike_by_both(
    adapter: Path, by_transformers: Answers, tmp_path: Path
) -> None:
    one = answer_in_process(PACKAGED_NAME, "vllm", tmp_path / "out.json", adapter)
    other = answer(PACKAGED_NAME, "transformers", adapter)
    assert one.worst_difference(other) < SAME
    assert one.texts == other.texts
    assert one.worst_difference(by_transformers) > 1e-2
    assert other.worst_difference(by_transformers) > 1e-2


def test_a_first_qwen_folder_runs_without_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    folder = make_qwen1(tmp_path / "Qwen-7B-Chat")
    words = run_words(folder, tmp_path / "run", "--limit", "20")
    assert "--trust-remote-code" not in words
    whole_audit(tmp_path / "run", *words)
    check_run(tmp_path / "run")
    assert any("Converted from QWenLMHeadModel" in n for n in manifest(tmp_path / "run")["notes"])
