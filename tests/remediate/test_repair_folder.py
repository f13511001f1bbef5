"""A repair's folder: what is erased, what is refused, what goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageProblem
from remediate.repair import STATE, Repair, RepairOptions
from remediate.sweep.grid import read_sweep
from tests.audit.run_cases import Quiet


def repair(out: Path, model: str = "some-model", **other: Any) -> Repair:
    return Repair(RepairOptions(model, out, **other), Quiet())


def test_starting_over_erases_an_earlier_repair(tmp_path: Path) -> None:
    repair(tmp_path / "run")
    (tmp_path / "run" / "pairs.jsonl").write_text("old")
    repair(tmp_path / "run", resume=False, seed=1)
    assert not (tmp_path / "run" / "pairs.jsonl").exists()
    assert json.loads((tmp_path / "run" / STATE).read_text())["identity"]["seed"] == 1


def test_starting_over_leaves_other_peoples_files_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageProblem, match="no repair"):
        repair(tmp_path, resume=False)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_starting_over_does_not_erase_the_run_it_begins_from(tmp_path: Path) -> None:
    out = tmp_path / "run"
    repair(out)
    (out / "audit_before").mkdir()
    with pytest.raises(UsageProblem, match="--from"):
        repair(out, resume=False, source=out / "audit_before")
    assert (out / "audit_before").is_dir()


def test_what_follows_a_finished_sweep_need_not_name_it_again(tmp_path: Path) -> None:
    grid = read_sweep("default", RepairOptions("m", tmp_path).training)
    repair(tmp_path / "run", sweep=grid)
    with pytest.raises(UsageProblem, match="another sweep"):
        repair(tmp_path / "run")
    path = tmp_path / "run" / STATE
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"steps": {"train": {"cell": "a"}}}))
    repair(tmp_path / "run")
    with pytest.raises(UsageProblem, match="another training"):
        repair(tmp_path / "run", training=RepairOptions("m", tmp_path).training.__class__(rank=3))


@pytest.mark.model
def test_other_weights_under_the_same_name_are_refused(tmp_path: Path) -> None:
    from tests.core.tiny_models import save_model

    model = save_model(tmp_path / "model")
    first = repair(tmp_path / "run", str(model))
    assert first.model_path == model
    assert repair(tmp_path / "run", str(model)).model_path == model
    weights = model / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-3] ^= 0xFF
    weights.write_bytes(bytes(changed))
    with pytest.raises(UsageProblem, match="are others than when"):
        _ = repair(tmp_path / "run", str(model)).model_path
