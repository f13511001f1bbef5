"""docs/write-a-probe.md, followed word by word on a tiny model."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest

from audit.probes.base import Suite, get_suite
from tests.audit.run_cases import AUDIT, ROOT, environment, manifest, one_sentence

DOC = ROOT / "docs" / "write-a-probe.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOC.read_text(encoding="utf-8"), flags=re.S)


class Followed:
    """The folder of somebody who reads the page."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self.model = folder, model
        suite, policy = blocks("yaml")
        (folder / "loan-decision.yaml").write_text(suite, encoding="utf-8")
        (folder / "loan-policy.yaml").write_text(policy, encoding="utf-8")

    def run(self, line: str) -> Any:
        import subprocess

        words = shlex.split(line.replace("smollm2-135m-instruct", str(self.model)))
        assert words[0] == "audit"
        if words[1] == "run":
            words += ["--backend", "transformers"]
        return subprocess.run(
            [str(AUDIT), *words[1:]], cwd=self.folder, env=environment(), timeout=300,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Followed:
    page = Followed(tmp_path_factory.mktemp("reader"), tiny)
    for line in "".join(blocks("sh")).splitlines():
        done = page.run(line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    return page


def test_the_run_holds_what_the_page_says(followed: Followed) -> None:
    run = followed.folder / "runs" / "loans"
    suite = get_suite(str(followed.folder / "loan-decision.yaml"))
    asked = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    assert manifest(run)["n_requests"] == len(asked) == 12 * 4 * 2 * 2 * 2
    assert manifest(run)["suites"] == [{"name": "loan-decision", "version": suite.version}]
    results = json.loads((run / "results.json").read_text())
    (primary,) = [row for row in results["metrics"] if row["role"] == "primary"]
    assert (primary["metric"], primary["route"], primary["n_clusters"]) == ("gap", "likelihood", 12)
    assert primary["estimate"] is not None
    named = {row["metric"] for row in results["metrics"]}
    page = DOC.read_text(encoding="utf-8")
    assert named == {name for name in re.findall(r"`([a-z_]+)`", page) if name in named}
    copy = (run / "suite-loan-decision.yaml").read_text(encoding="utf-8")
    assert copy == blocks("yaml")[0]
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "Loans and names" in report
    for told in ("applicant:english", "a second-hand piano", "the first level of the contrast"):
        assert told in report, told
    compared = json.loads((followed.folder / "runs/loans-compared/compare.json").read_text())
    change = next(row for row in compared["changes"] if row["route"] == "likelihood")
    assert (change["suite"], change["metric"], change["change"]) == ("loan-decision", "gap", 0.0)
    assert change["before"] == pytest.approx(primary["estimate"])


def test_without_the_file_the_run_is_still_read(followed: Followed) -> None:
    away = followed.folder / "loan-decision.yaml"
    text = away.read_text(encoding="utf-8")
    away.unlink()
    try:
        for line in "".join(blocks("sh")).splitlines():
            if line.split()[1] in ("report", "compare", "gate"):
                assert followed.run(line).returncode == 0
    finally:
        away.write_text(text, encoding="utf-8")


def test_another_content_is_another_suite(followed: Followed) -> None:
    path = followed.folder / "loan-decision.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("a used car", "an old car"), encoding="utf-8")
    try:
        done = followed.run("audit run smollm2-135m-instruct --suite loan-decision.yaml "
                            "--out runs/loans")  # fmt: skip
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode == 2
    assert "suites" in one_sentence(done.stderr)


def test_a_wrong_file_is_told_before_a_model_is_loaded(followed: Followed) -> None:
    (followed.folder / "wrong.yaml").write_text("version: 1\nname: x\n")
    done = followed.run("audit run no-such-model --suite wrong.yaml")
    assert done.returncode == 2
    assert "wrong.yaml lacks title" in one_sentence(done.stderr)
    assert followed.run("audit plan --suite none.yml").returncode == 2


def test_the_package_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,), (toml,) = blocks("python"), blocks("toml")
    entry = tomllib.loads(toml)["project"]["entry-points"]["equipoise.suites"]["loan-decision"]
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "loan-decision.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = types.ModuleType("my_package.suites")
    exec(code, module.__dict__)
    suite = getattr(module, entry.partition(":")[2])()
    assert isinstance(suite, Suite)
    assert suite.name == "loan-decision"
