"""``--from RUN`` through the command line and the audit step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.compare import compare_runs
from audit.runner import RunOptions, run_audit
from core.console import run_command
from core.errors import UsageProblem
from remediate.cli import cli
from remediate.counterfactual_data.splits import split_occupations
from remediate.repair import Repair, RepairOptions
from remediate.stages.audits import SAMPLES, audit
from tests.audit.run_cases import Quiet

pytestmark = pytest.mark.model
LIMIT = 8


@pytest.fixture(scope="module")
def source(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of the held-out side as an own one would be, in a folder of its own."""
    import torch

    torch.set_num_threads(1)
    only = {"occupations": split_occupations(0).held_out}
    return run_audit(
        RunOptions(
            str(tiny), ("occupations",), out=tmp_path_factory.mktemp("runs") / "earlier",
            backend="transformers", limit=LIMIT, only=only,
        ),
        Quiet(),
    ).folder  # fmt: skip


def repair(tiny: Path, out: Path, source: Path | None, **other: Any) -> Repair:
    usual: dict[str, Any] = {
        "suites": ("occupations",), "backend": "transformers", "limit": LIMIT, "source": source,
    }  # fmt: skip
    return Repair(RepairOptions(str(tiny), out, **(usual | other)), Quiet())


def test_the_audit_before_is_taken_and_pairs_with_any_other(
    tiny: Path, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "repair"
    first = repair(tiny, out, source)
    audit(first, "audit_before", first.model_path)
    run = json.loads((out / "audit_before" / "run.json").read_text())
    assert run["taken_from"]["folder"] == str(source)
    assert (out / "audit_before" / "report.html").is_file()
    # The source has one text a question, a repair asks for more: what it has is taken as it is.
    found = compare_runs(out / "audit_before", source, allow_subset=True)
    sampled = int((pd.read_parquet(source / "responses.parquet")["route"] == "sampled").sum())
    assert sampled > 0
    assert found.n_only_before == (SAMPLES - 1) * sampled
    assert (found.n_only_after, found.n_reworded) == (0, 0)
    assert found.n_paired == run["n_requests"] - found.n_only_before
    assert all(change.change == 0 for change in found.changes if change.change is not None)
    # What is done stays: with and without --from the repair goes on, but not from another run.
    for again in (source, None):
        second = repair(tiny, out, again)
        audit(second, "audit_before", second.model_path)
    other = repair(tiny, out, tmp_path)
    with pytest.raises(UsageProblem, match="is there already, and not from"):
        audit(other, "audit_before", other.model_path)


def words(tiny: Path, out: Path, *more: str) -> list[str]:
    return [
        str(tiny), "--out", str(out), "--backend", "transformers", "--suite", "occupations",
        "--limit", str(LIMIT), *more,
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["run", "data"])
def test_a_run_that_differs_is_refused_before_anything_is_done(
    command: str, tiny: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "repair"
    given = [command, *words(tiny, out, "--from", str(source), "--seed", "1")]
    assert run_command(cli, given) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "seed 0, here 1 (--seed)" in told
    assert len(told) < 500
    assert not (out / "data").exists()
    assert not (out / "audit_before").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--from", "nowhere"], "'nowhere' does not exist"),
        (["--sweep-only"], "--sweep-only needs --sweep"),
        (["--sweep", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    ],
)
def test_wrong_usage_is_told_before_a_folder_is_made(
    more: list[str], says: str, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(cli, words(tiny, tmp_path / "repair", *more)) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "repair").exists()
