"""CONTRIBUTING.md, followed word by word: its package installed, its commands run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.plugin_packages import write_package
from tests.audit.run_cases import AUDIT, ROOT, environment
from tests.core.fake_server import Asked, FakeServer, Reply
from tests.core.openai_cases import CHAT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: The page's two jobs are a beginning: "at least five a side".
JOBS = {f"women's {n}": ("women", 0.9) for n in range(12)}
JOBS |= {f"men's {n}": ("men", 0.1) for n in range(12)}
POLICY = """
version: 1
rules:
  - {suite: my-suite, metric: stereotype_gap, within: [-0.35, 0.35]}
  - {suite: my-suite, metric: stereotype_gap, max_growth: 0.35}
"""


def block(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)
    return re.sub(r"^   ", "", code, flags=re.M)


def stereotyped(question: str) -> str:
    """By the stereotype of every other job; of the rest whom the question names first."""
    if _job(question) % 2:
        return _first_named(question)
    return "A woman." if "women's" in question else "A man."


def even(question: str) -> str:
    """Of a quarter of the jobs a woman, of a quarter a man; of the rest whom it names first."""
    return {0: "A woman.", 2: "A man."}.get(_job(question) % 4) or _first_named(question)


def _job(question: str) -> int:
    return int(re.findall(r"men's (\d+)", question)[0])


def _first_named(question: str) -> str:
    return "A woman." if "a woman or" in question else "A man."


class Answering(FakeServer):
    """A server without log-probabilities whose model answers by a function of the question."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__(can_score=False, owned_by="someone")
        self.script = lambda asked: _said(asked, answer) if asked.path == CHAT else None


def _said(asked: Asked, answer: Callable[[str], str]) -> Reply:
    message = {"role": "assistant", "content": answer(asked.body["messages"][-1]["content"])}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return Reply(body=json.dumps({"choices": [choice]}).encode())


class Followed:
    """The folder of somebody who has installed the page's package and follows its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        suites = tomllib.loads(block("toml"))["project"]["entry-points"]["equipoise.suites"]
        code, jobs = re.subn(r"^JOBS = .*$", f"JOBS = {JOBS}", block("python"), flags=re.M)
        assert jobs == 1
        self.site = write_package(folder / "site", "my_package", {"my_suite.py": code}, suites)
        (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(AUDIT), *shlex.split(line)[1:]], cwd=self.folder,
            env=environment(PYTHONPATH=str(self.site)), timeout=300,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    page = Followed(tmp_path_factory.mktemp("contributor"))
    with Answering(stereotyped) as first, Answering(even) as second:
        for line in block("sh").splitlines():
            asked = line.replace("smollm2-135m-instruct", f"openai:fake@{first.url}")
            done = page.run(asked.replace("./my-model", f"openai:fake@{second.url}"))
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    return page


def test_the_installed_suite_is_listed_beside_the_others(followed: Followed) -> None:
    listed = followed.run("audit list suites")
    (line,) = [text for text in listed.stdout.splitlines() if text.startswith("my-suite")]
    assert re.search(r"My question +en +48 +stereotype_gap ±0\.05", line)


def test_its_runs_have_statistics_and_a_report(followed: Followed) -> None:
    for run, gap, verdict in (("first", 0.5, "biased"), ("second", 0.0, "inconclusive")):
        metrics = followed.read(f"runs/{run}/results.json")["metrics"]
        (row,) = [m for m in metrics if m["role"] == "primary"]
        assert row["estimate"] == pytest.approx(gap)
        assert row["ci_low"] < gap < row["ci_high"]
        assert (row["metric"], row["verdict"]) == ("stereotype_gap", verdict)
        page = (followed.folder / "runs" / run / "report.html").read_text(encoding="utf-8")
        assert "My question" in page
        assert "Lunch with a men's 3: a woman or a man?" in page


def test_two_runs_of_it_compare(followed: Followed) -> None:
    (change,) = followed.read("runs/second/compare.json")["changes"]
    assert change["change"] == pytest.approx(-0.5)
    assert change["ci_low"] < -0.5 < change["ci_high"] < -0.05
    assert change["outcome"] == "reduced"
    assert (followed.folder / "runs" / "second" / "compare.html").is_file()


def test_a_gate_lets_the_even_run_pass_and_not_the_biased_one(followed: Followed) -> None:
    line = "audit gate runs/{} --policy policy.yaml --baseline runs/{} --json gate.json"
    for run, baseline, code in (("second", "first", 0), ("first", "second", 1)):
        done = followed.run(line.format(run, baseline))
        assert done.returncode == code, done.stdout + done.stderr
        checks = followed.read("gate.json")["checks"]
        assert [check["passed"] for check in checks] == [code == 0] * 2


def test_a_plan_knows_its_size_and_its_smallest_effect(followed: Followed) -> None:
    for more, requests in (("", 48), (" --limit 8", 8), (" --samples 3", 144)):
        done = followed.run(f"audit plan --suite my-suite --like runs/first --json{more}")
        plan = json.loads(done.stdout)
        (found,) = plan["detectable"]
        assert plan["requests"] == requests
        assert found["metric"] == "stereotype_gap"
        if not more:
            assert 0 < found["effect"] < 1
