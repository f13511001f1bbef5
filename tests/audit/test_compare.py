"""`audit compare` on run folders: what pairs, what is refused, what compare.json says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.compare import Comparison, compare_runs, save
from audit.left_out import LeftOut, OtherQuestions, Why, by_probe
from audit.metrics import answer_changes, estimates
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.run_cases import audit, one_sentence
from tests.audit.simulated_runs import ITEMS, SUITE, answers, write_run

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (estimates, answer_changes):
        monkeypatch.setattr(module, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "RESAMPLES_SLICE", 50)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("name", answers)``: see :func:`write_run`."""
    return lambda name, frame, **more: write_run(tmp_path / name, frame, **more)


def change_of(found: Comparison, metric: str, route: str = "likelihood") -> Any:
    return next(c for c in found.changes if (c.metric, c.route) == (metric, route))


def test_a_planted_repair_is_found_in_every_metric_of_the_gap(write: Write, tmp_path: Path) -> None:
    before, after = write("before", answers(3.0, 1)), write("after", answers(0.3, 2))
    path = save(compare_runs(before, after), tmp_path / "out")
    content = json.loads(path.read_text())
    assert path == tmp_path / "out" / "compare.json"
    assert (content["n_paired"], content["n_reworded"]) == (len(ITEMS), 0)
    primary = [row for row in content["changes"] if row["role"] == "primary"]
    assert [row["metric"] for row in primary] == [p.name for p in SUITE.primary]
    for row in primary:
        if row["metric"] in ("stereotype_gap", "stereotype_gap_logodds", "labour_slope"):
            assert row["outcome"] == "reduced"
            assert row["shrinkage_low"] <= 0.9 <= row["shrinkage_high"]
    found = compare_runs(before, after)
    assert found.to_json() == compare_runs(before, after).to_json()
    assert found.verdicts["occupations/stereotype_gap/likelihood"][0] == "biased"


def test_before_and_after_are_the_numbers_of_the_two_results(write: Write) -> None:
    """Without missing answers: the same estimate and, with the same seed, the same interval."""
    runs = [write("before", answers(2.0, 1)), write("after", answers(1.0, 2))]
    found = compare_runs(*runs)
    for metric in (p.name for p in SUITE.primary):
        row = change_of(found, metric)
        for folder, side in zip(runs, ("before", "after"), strict=True):
            results = json.loads((folder / "results.json").read_text())["metrics"]
            told = next(
                r
                for r in results
                if (r["metric"], r["slice"], r["route"]) == (metric, "all", "likelihood")
            )
            assert getattr(row, side) == pytest.approx(told["estimate"])
            assert getattr(row, f"{side}_low") == pytest.approx(told["ci_low"])
            assert getattr(row, f"{side}_high") == pytest.approx(told["ci_high"])
        assert row.change == pytest.approx(row.after - row.before)


def test_the_same_run_twice_changes_nothing_and_says_so(write: Write) -> None:
    frame = answers(2.0, 1)
    found = compare_runs(
        write("one", frame, fingerprint="same"), write("two", frame, fingerprint="same")
    )
    assert {c.change for c in found.changes} == {0.0}
    assert {c.p_value for c in found.changes} == {1.0}
    assert any("same weights" in note for note in found.notes)
    assert all((a.gained, a.lost, a.p_value) == (0, 0, 1.0) for a in found.answers)


def edit(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Change a run's answers; returns them."""
    frame = change(pd.read_parquet(folder / "responses.parquet"))
    frame.to_parquet(folder / "responses.parquet", index=False)
    return frame


def test_reworded_questions_are_refused_and_all_of_them_named(write: Write) -> None:
    before, after = write("before", answers(2.0, 1)), write("after", answers(2.0, 2))

    def reworded(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[[3, 5, 8], "prompt"] += " Please."
        frame.loc[8, "group"] = "other"
        return frame

    frame = edit(after, reworded)
    first = frame["item"][3]
    with pytest.raises(OtherQuestions, match=rf"^3 questions are worded.*occupations:{first}") as e:
        compare_runs(before, after)
    found = compare_runs(before, after, allow_subset=True)
    assert (found.n_reworded, found.n_paired) == (3, len(ITEMS) - 3)
    assert e.value.left_out == found.left_out
    assert [(one.item, one.differs) for one in found.left_out] == [
        (frame["item"][3], ("prompt",)),
        (frame["item"][5], ("prompt",)),
        (frame["item"][8], ("group", "prompt")),
    ]


def test_questions_of_one_run_alone_are_refused_and_all_of_them_named(
    write: Write, tmp_path: Path
) -> None:
    frame = answers(2.0, 1)
    before, after = write("before", frame), write("after", frame.iloc[4:])
    with pytest.raises(UsageProblem, match=r"^4 answers of .*before are not in .*after"):
        compare_runs(before, after)
    with pytest.raises(UsageProblem, match=r"^4 answers of .*before are not in .*after"):
        compare_runs(after, before)
    found = compare_runs(after, before, allow_subset=True)
    assert (found.n_only_before, found.n_only_after) == (0, 4)
    assert any("left out" in note for note in found.notes)
    told = json.loads(save(found, tmp_path / "out").read_text())["left_out"]
    assert {row["item"] for row in told} == set(frame["item"][:4])
    assert {row["why"] for row in told} == {"only_after"}


def test_what_does_not_pair_is_told_by_suite_and_probe() -> None:
    lost = [LeftOut(Why.ONLY_BEFORE, "s", "p", item, 0) for item in "abcd"]
    other = [LeftOut(Why.ONLY_BEFORE, "s", "q", "a", n) for n in (0, 1)]
    worded = [LeftOut(Why.REWORDED, "s", "p", "e", 0, ("prompt", "group"))]
    assert by_probe([*lost, *other, *worded]) == [
        "s, p: 4 of the first run, not in the second: a, b, c, …",
        "s, q: 2 of the first run, not in the second: a",
        "s, p: 1 worded or built differently (prompt, group): e",
    ]


def test_other_answers_offered_to_the_same_questions_are_refused(write: Write) -> None:
    before, after = write("before", answers(2.0, 1)), write("after", answers(2.0, 2))

    def offered(frame: pd.DataFrame) -> pd.DataFrame:
        likely = frame.index[frame["route"] == "likelihood"]
        more = json.dumps({"man": -1.0, "woman": -1.0, "neutral": -2.0})
        backwards = json.dumps({"woman": -1.0, "man": -1.0})
        frame.loc[likely[:2], "logprobs"] = more
        frame.loc[likely[2], "logprobs"] = backwards  # the same two
        frame.loc[likely[3], ["label", "logprobs"]] = ["unparsed", ""]  # nothing is known of it
        return frame

    edit(after, offered)
    with pytest.raises(OtherQuestions, match=r"^2 questions are worded or built") as found:
        compare_runs(before, after)
    assert {one.differs for one in found.value.left_out} == {("candidates",)}


def test_suites_of_other_versions_are_refused_unless_allowed(write: Write) -> None:
    before, after = write("before", answers(2.0, 1)), write("after", answers(2.0, 2))
    manifest = json.loads((after / "run.json").read_text())
    manifest["suites"] = [{"name": "occupations", "version": "9.9"}, {"name": "x", "version": "1"}]
    (after / "run.json").write_text(json.dumps(manifest))
    different = f"occupations {SUITE.version} before, 9.9 after"
    with pytest.raises(UsageProblem, match=f"^{different}: .*--allow-versions") as refused:
        compare_runs(before, after)
    assert refused.value.exit_code == 2
    with pytest.raises(UsageProblem, match=different):
        compare_runs(before, after, allow_subset=True)
    found = compare_runs(before, after, allow_versions=True)
    assert f"{different}: answers may be read by other rules" in found.notes
    assert found.n_paired == len(ITEMS)


def test_nothing_shared_is_refused_even_as_a_subset(write: Write) -> None:
    frame = answers(2.0, 1)
    halves = (
        write("first", frame[frame["route"] == "sampled"]),
        write("second", frame[frame["route"] == "likelihood"]),
    )
    with pytest.raises(UsageProblem, match="share no question"):
        compare_runs(*halves, allow_subset=True)


def test_folders_that_are_no_finished_run(write: Write, tmp_path: Path) -> None:
    whole = write("whole", answers(2.0, 1))
    with pytest.raises(UsageProblem, match="interrupted, not complete"):
        compare_runs(whole, write("half", answers(2.0, 1), status="interrupted"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(EnvironmentProblem, match="no run folder"):
        compare_runs(tmp_path / "empty", whole)
    damaged = write("damaged", answers(2.0, 1))
    (damaged / "responses.parquet").write_bytes(b"no parquet")
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        compare_runs(whole, damaged)
    twice = pd.read_parquet(whole / "responses.parquet")
    pd.concat([twice, twice.iloc[:1]]).to_parquet(damaged / "responses.parquet", index=False)
    with pytest.raises(EnvironmentProblem, match="twice"):
        compare_runs(whole, damaged)


def test_an_answer_that_one_run_refuses_is_taken_from_the_other_too(write: Write) -> None:
    """Else a model that refuses only its stereotyped answers would look repaired."""
    frame = answers(4.0, 1)
    silent = frame.copy()
    stereotyped = (frame["route"] == "sampled") & (
        frame["label"] == frame["group"].map({"women": "woman", "men": "man"})
    )
    lost = stereotyped & (np.random.default_rng(0).random(len(frame)) < 0.4)
    silent.loc[lost, "label"] = "refused"
    found = compare_runs(write("before", frame), write("after", silent))
    row = change_of(found, "stereotype_gap", "sampled")
    assert row.change == 0.0
    refused = next(m for m in found.missing if (m.route, m.kind) == ("sampled", "refused"))
    sampled = int((frame["route"] == "sampled").sum())
    assert refused.before == 0.0
    assert refused.after == pytest.approx(lost.sum() / sampled)
    assert refused.ci_low is not None
    assert refused.ci_low > 0
    assert found.n_answered == len(frame) - lost.sum()
    assert any("refused or unreadable" in note for note in found.notes)


def test_paired_single_answers_are_counted_by_hand(write: Write) -> None:
    frame = answers(0.0, 1)
    flipped = frame.copy()
    sampled = frame["route"] == "sampled"
    stereotype = frame["group"].map({"women": "woman", "men": "man"})
    turned = frame.index[sampled & (frame["label"] == stereotype)][:9]
    flipped.loc[turned, "label"] = flipped.loc[turned, "label"].map(
        {"woman": "man", "man": "woman"}
    )
    found = compare_runs(write("before", frame), write("after", flipped))
    (row,) = found.answers
    assert (row.outcome, row.gained, row.lost) == ("stereotyped", 0, 9)
    assert row.p_value == pytest.approx(2 / 2**9)
    assert row.n == int((sampled & stereotype.notna()).sum())


def test_margins_of_the_earlier_run_hold_unless_told_otherwise(write: Write) -> None:
    before, after = write("before", answers(2.0, 1)), write("after", answers(1.0, 2))
    results = json.loads((before / "results.json").read_text())
    results["suites"][0]["primary"][0]["margin"] = 0.11
    (before / "results.json").write_text(json.dumps(results))
    found = compare_runs(before, after)
    assert change_of(found, "stereotype_gap").margin == 0.11
    assert any("margins of the earlier run" in note for note in found.notes)
    told = compare_runs(before, after, margins={"stereotype_gap": 0.2})
    assert change_of(told, "stereotype_gap").margin == 0.2
    with pytest.raises(UsageProblem, match="no_such"):
        compare_runs(before, after, margins={"no_such": 0.2})


def test_the_command_prints_writes_and_refuses(write: Write, tmp_path: Path) -> None:
    before, after = write("before", answers(3.0, 1)), write("after", answers(0.3, 2))
    done = audit("compare", str(before), str(after), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    line = next(text for text in done.stdout.splitlines() if "stereotype_gap " in text)
    assert "reduced" in line
    assert "…" not in line.replace(" … ", "")  # no number is cut short
    assert done.stdout.strip().splitlines()[-1] == str(tmp_path / "out" / "compare.json")
    assert json.loads((tmp_path / "out" / "compare.json").read_text())["schema_version"] == 1
    half = write("half", answers(3.0, 1).iloc[10:])
    refused = audit("compare", str(before), str(half))
    assert refused.returncode == 2
    assert "10 answers" in one_sentence(refused.stderr)
    probes = refused.stderr.splitlines()[:-1]
    assert all(line.startswith("occupations, ") for line in probes)
    assert sum(int(line.split()[2]) for line in probes) == 10
    other = half / "run.json"
    other.write_text(other.read_text().replace(f'"{SUITE.version}"', '"9.9"'))
    words = ["compare", str(before), str(half), "--allow-subset", "--out", str(tmp_path / "out")]
    refused = audit(*words)
    assert refused.returncode == 2
    assert "--allow-versions" in one_sentence(refused.stderr)
    done = audit(*words, "--allow-versions")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("Left out: ")] == [
        f"Left out: {line}" for line in probes
    ]
    assert not (half / "compare.json").exists()
