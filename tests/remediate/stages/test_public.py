"""Public benchmarks beside a repair: asked where their texts are, left out where not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.probes import public_data
from core.errors import EnvironmentProblem
from remediate.repair import Repair, RepairOptions
from remediate.stages import public
from tests.audit.public_files import made_pairs, write_crows_pairs, write_winobias
from tests.audit.run_cases import Quiet


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No package, an empty cache, and a folder that the texts may be put into."""
    monkeypatch.setattr(public_data, "_PACKAGE", "no_such_package")
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def repair(model: Path, out: Path) -> Repair:
    return Repair(RepairOptions(str(model), out, backend="transformers", limit=96), Quiet())


def test_only_what_is_here_is_asked(nowhere: Path) -> None:
    assert public.suites_here(("en",)) == ()
    write_winobias(nowhere / "winobias")
    assert public.suites_here(("en", "zh")) == ("winobias",)
    write_crows_pairs(nowhere / "crows-pairs", made_pairs())
    assert public.suites_here(("en",)) == public.SUITES
    assert public.suites_here(("zh",)) == ()


def test_a_part_of_the_texts_is_told_not_skipped(nowhere: Path) -> None:
    write_winobias(nowhere / "winobias")
    (nowhere / "winobias" / "male_occupations.txt").unlink()
    with pytest.raises(EnvironmentProblem, match=r"lacks male_occupations\.txt"):
        public.suites_here(("en",))


@pytest.mark.model
def test_before_and_after_are_asked_and_compared(tiny: Path, nowhere: Path, tmp_path: Path) -> None:
    write_winobias(nowhere / "winobias")
    one = repair(tiny, tmp_path / "run")
    public.ask(one, public.BEFORE, tiny)
    assert public.compared(one) == []
    public.ask(one, public.AFTER, tiny)
    rows = {row["metric"]: row for row in public.compared(one)}
    assert rows["winobias_gap"]["suite"] == "winobias"
    assert rows["winobias_gap"]["change"] == 0  # the same model twice
    kept = json.loads((one.folder / "compare" / public.AFTER / "compare.json").read_text())
    assert kept["n_paired"] > 0


@pytest.mark.model
def test_nothing_is_asked_where_nothing_is_found(tiny: Path, nowhere: Path, tmp_path: Path) -> None:
    one = repair(tiny, tmp_path / "run")
    public.ask(one, public.BEFORE, tiny)
    public.ask(one, public.AFTER, tiny)
    assert public.compared(one) == []
    assert not (one.folder / public.BEFORE).exists()
