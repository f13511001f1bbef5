"""A grid file becomes named trainings, or is told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageProblem
from remediate.dpo.config import TrainingConfig
from remediate.sweep.grid import MOST, Sweep, read_sweep

BASE = TrainingConfig(steps=40, batch=8, micro_batch=8, rank=4, alpha=8, seed=3)


def sweep(tmp_path: Path, text: str) -> Sweep:
    path = tmp_path / "grid.yaml"
    path.write_text(text, encoding="utf-8")
    return read_sweep(str(path), BASE)


def test_lists_are_crossed_and_the_rest_is_the_commands(tmp_path: Path) -> None:
    found = sweep(tmp_path, "grid: {rank: [8, 16], learning_rate: [1e-4, 3.0e-4]}")
    assert [cell.name for cell in found.cells] == [
        "r8-lr0.0001", "r8-lr0.0003", "r16-lr0.0001", "r16-lr0.0003",
    ]  # fmt: skip
    first = found.cells[0].config
    assert (first.rank, first.alpha, first.learning_rate) == (8, 16, 1e-4)
    assert (first.steps, first.batch, first.seed) == (40, 8, 3)
    assert found.varied == ["rank", "alpha", "learning_rate"]
    assert found.grid == "grid.yaml"


def test_blocks_follow_each_other_and_may_be_named(tmp_path: Path) -> None:
    found = sweep(
        tmp_path,
        "grid:\n- {loss: parity, target: [parity, labour]}\n- {name: short, loss: ipo, batch: 2}\n"
        "- {tuner: lora+, alpha: 4}",
    )
    assert [cell.name for cell in found.cells] == [
        "parity-parity", "parity-labour", "short", "lora+-a4",
    ]  # fmt: skip
    short = found.cells[2].config
    assert (short.loss, short.batch, short.micro_batch) == ("ipo", 2, 2)
    assert found.cells[3].config.alpha == 4


def test_the_built_in_grid_is_a_small_one_with_the_losses_teams_know() -> None:
    found = read_sweep("default", TrainingConfig())
    assert 4 <= len(found.cells) <= 8
    assert {"parity", "ipo", "sigmoid_sft"} == {cell.config.loss for cell in found.cells}
    assert max(cell.config.steps for cell in found.cells) == TrainingConfig().steps
    assert found.grid == "default"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("grid: {ranks: [8]}", "'ranks', which is no setting.*learning_rate"),
        ("grid: {rank: [8, 'sixteen']}", "rank to 'sixteen', which is not a whole number"),
        ("grid: {rank: [true]}", "rank to True, which is not a whole number"),
        ("grid: {learning_rate: fast}", "learning_rate to 'fast', which is not a number"),
        ("grid: {loss: 3}", "loss to 3, which is not a word"),
        ("grid: {loss: [dpo]}", "The cell dpo .* cannot be trained: --loss dpo is not known"),
        ("grid: {loss: ipo, target: labour}", "ipo-labour .*needs --loss parity"),
        ("grid: {rank: []}", "no value for 'rank'"),
        ("grid: []", "must be a mapping"),
        ("grid: [[1]]", "must be a mapping"),
        ("cells: {rank: 8}", "must hold 'grid' and nothing else"),
        ("{", "is no YAML"),
        ("grid: {name: x, rank: [1, 2]}", "'x' .* names 2 cells"),
        ("grid: [{name: x, rank: 1}, {name: x, rank: 2}]", "Two cells .* called x"),
        ("grid: [{name: x, rank: 1}, {name: y, rank: 1}]", "x and y .* are the same"),
        ("grid: {name: ../x, rank: 1}", "is called '../x'"),
        ("grid: {name: sweep.json, rank: 1}", "is called 'sweep.json'"),
        ("grid: {batch: 12, micro_batch: 8}", "12 is no multiple"),
        (f"grid: {{seed: {list(range(MOST + 1))}}}", f"makes {MOST + 1} cells"),
    ],
)
def test_a_wrong_grid_is_told_in_a_sentence(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"(?s){says}"):
        sweep(tmp_path, text)


def test_a_grid_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"none\.yaml cannot be read.*'default'"):
        read_sweep(str(tmp_path / "none.yaml"), BASE)


def test_the_grid_in_the_docs_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "repair.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n")[1].split("```")[0]
    assert [cell.name for cell in sweep(tmp_path, block).cells] == [
        "parity-r8-lr0.0001", "parity-r8-lr0.0003", "parity-r16-lr0.0001", "parity-r16-lr0.0003",
        "labour", "ipo-beta0.1-s80", "ipo-beta0.3-s80",
    ]  # fmt: skip
