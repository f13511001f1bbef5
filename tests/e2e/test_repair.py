"""The whole repair through the real command line, on the packaged model, a few steps long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.run_cases import answered

pytestmark = [
    pytest.mark.e2e, pytest.mark.model, pytest.mark.vllm, pytest.mark.timeout(900)
]  # fmt: skip
REMEDIATE = Path(sys.executable).with_name("remediate")
#: Too few steps to repair anything: the loop is tested here, not the repair.
SHORT = ["--suite", "occupations", "--limit", "16", "--steps", "4", "--batch", "8"]


#: The engine that repeats itself bit for bit.
EXACT = ["--backend", "transformers"]


def command(out: Path, *words: str) -> list[str]:
    return [str(REMEDIATE), *words, "smollm2-135m-instruct", "--out", str(out), *SHORT]


def kill_when(words: list[str], reached: Callable[[], bool]) -> None:
    """Start a command and kill −9 its whole group at the moment; too late fails."""
    killed = subprocess.Popen(
        words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    begun = time.monotonic()
    while not reached() and killed.poll() is None:
        assert time.monotonic() - begun < 300
        time.sleep(0.02)
    assert killed.poll() is None, f"{words[1]} ended before it could be killed"
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait(30)


def run(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(out, *words), capture_output=True, text=True, timeout=800)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    out = tmp_path_factory.mktemp("repair") / "run"
    done = run(out)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert done.stdout.strip().splitlines()[-1] == str(out / "report.html")
    return out


def test_everything_the_contract_names_is_there(repaired: Path) -> None:
    for name in (
        "pairs.jsonl", "adapter/adapter_model.safetensors", "merged/model.safetensors",
        "audit_before/results.json", "audit_after/results.json", "remediation.json", "report.html",
    ):  # fmt: skip
        assert (repaired / name).is_file(), name
    found = read(repaired / "remediation.json")
    assert found["schema_version"] == 1
    assert found["verdict"] in ("repaired", "not_repaired")
    assert {row["metric"] for row in found["primary"]} >= {
        "stereotype_gap", "stereotype_gap_logodds", "parity_skew",
    }  # fmt: skip
    assert [gate["name"] for gate in found["gates"]] == [
        "perplexity_ratio", "kl_per_token", "unambiguous_accuracy", "refusal_rate",
    ]  # fmt: skip
    assert found["merge"]["max_difference"] < found["merge"]["tolerance"]


def test_the_verdict_is_on_occupations_that_no_pair_mentions(repaired: Path) -> None:
    import pandas as pd

    judged = set(pd.read_parquet(repaired / "audit_after" / "responses.parquet")["cluster"])
    rows = [json.loads(line) for line in (repaired / "pairs.jsonl").read_text().splitlines()]
    trained = {row["occupation"] for row in rows}
    assert judged
    assert not judged & trained
    assert judged <= set(read(repaired / "data_card.json")["split"]["held_out"])


def test_a_second_call_only_tells(repaired: Path) -> None:
    before = (repaired / "merged" / "model.safetensors").stat().st_mtime_ns
    journal = (repaired / "audit_after" / "journal.sqlite").stat().st_mtime_ns
    again = run(repaired)
    assert again.returncode in (0, 1)
    assert (repaired / "merged" / "model.safetensors").stat().st_mtime_ns == before
    assert (repaired / "audit_after" / "journal.sqlite").stat().st_mtime_ns == journal


def test_another_request_for_the_same_folder_is_refused(repaired: Path) -> None:
    other = subprocess.run(
        [*command(repaired), "--rank", "4"], capture_output=True, text=True, timeout=60
    )
    assert other.returncode == 2
    assert "another training" in other.stderr
    assert len(other.stderr.splitlines()) <= 2


def test_kill_9_in_training_and_merging_ends_in_the_same_weights(
    repaired: Path, tmp_path: Path
) -> None:
    """The data of the undisturbed run, then killed twice on the way to the merged model."""
    import shutil

    out = tmp_path / "run"
    shutil.copytree(repaired, out, ignore=shutil.ignore_patterns(
        "checkpoints", "adapter", "merged", "training.json", "merge_check.json", "report.html",
        "remediation.json", "audit_*", "compare", "gates", "logs", "settings"))  # fmt: skip
    state = read(out / "repair.json")
    state["steps"] = {k: v for k, v in state["steps"].items() if k in ("data", "reference")}
    (out / "repair.json").write_text(json.dumps(state))
    for stage, awaited in (("train", "checkpoints"), ("merge", "merged.partial")):
        kill_when(command(out, stage), (out / awaited).exists)
        done = run(out, stage)
        assert done.returncode == 0, done.stderr[-2000:]
    for name in ("adapter/adapter_model.safetensors", "merged/model.safetensors"):
        assert (out / name).read_bytes() == (repaired / name).read_bytes(), name


def test_kill_9_while_the_model_writes_gives_the_same_pairs(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = subprocess.run(
        [*command(whole, "data"), *EXACT], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    wanted = answered(whole / "data")
    kill_when([*command(killed, "data"), *EXACT], lambda: answered(killed / "data") >= wanted // 3)
    assert 0 < answered(killed / "data") < wanted
    assert not (killed / "pairs.jsonl").exists()
    done = subprocess.run(
        [*command(killed, "data"), *EXACT], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (killed / "pairs.jsonl").read_bytes() == (whole / "pairs.jsonl").read_bytes()


def test_kill_9_in_verification_asks_only_for_what_is_missing(
    repaired: Path, tmp_path: Path
) -> None:
    """Killed while the repaired model is audited; what it had answered is not asked again."""
    import shutil

    import numpy as np
    import pandas as pd

    out = tmp_path / "run"
    shutil.copytree(
        repaired, out, ignore=shutil.ignore_patterns(
            "checkpoints", "audit_after", "compare", "remediation.json", "report.html"),
    )  # fmt: skip
    state = read(out / "repair.json")
    del state["steps"]["audit_after"]
    (out / "repair.json").write_text(json.dumps(state))
    audit = out / "audit_after"
    kill_when(command(out, "verify"), lambda: answered(audit) > 0)
    kept = journal_rows(audit)
    assert not (out / "remediation.json").exists()
    done = run(out, "verify")
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert len(kept) < answered(audit)
    assert kept.items() <= journal_rows(audit).items()
    once, twice = (
        pd.read_parquet(folder / "audit_after" / "responses.parquet").set_index(["item", "sample"])
        for folder in (repaired, out)
    )
    scored = once.index[once["route"] == "likelihood"]
    for item in scored:
        first, second = (json.loads(frame.loc[item, "logprobs"]) for frame in (once, twice))
        assert first.keys() == second.keys()
        np.testing.assert_allclose(list(first.values()), list(second.values()), atol=1e-3)
    assert set(once.index) == set(twice.index)
    before, after = (read(folder / "remediation.json") for folder in (repaired, out))
    assert before["verdict"] == after["verdict"]
    likely = [row["metric"] for row in before["primary"] if row["route"] == "likelihood"]
    assert likely
    assert [row["metric"] for row in after["primary"] if row["route"] == "likelihood"] == likely


def journal_rows(folder: Path) -> dict[str, str]:
    """Key → payload of every answer in the folder's journal."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "journal.sqlite")) as db:
        return dict(db.execute("SELECT key, payload FROM answers"))
