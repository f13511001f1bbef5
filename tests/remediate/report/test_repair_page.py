"""The page says what remediation.json says, and goes without what a repair left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from remediate.report.build import build_report
from tests.remediate.report.reading import Page
from tests.remediate.report.sample_repair import GATES, JOBS, PRIMARY, content, make_repair, share


@pytest.fixture(scope="module")
def page(sample_page: Path) -> Page:
    return Page(sample_page)


def _scaled(metric: str, value: float) -> str:
    points = metric in ("stereotype_gap", "parity_skew")
    text = f"{abs(value) * (100 if points else 1):.{1 if points else 2}f}"
    unit = {"stereotype_gap_logodds": " nats"}.get(metric, " points" if points else "")
    return ("−" if value < 0 else "+") + text + unit


def test_the_changes_table_holds_the_numbers_of_remediation_json(page: Page) -> None:
    found = content()
    told = {row["metric"]: row for row in found["prompt_baseline"]["primary"]}
    rows = page.tables["changes/changes"][1:]
    assert len(rows) == len(PRIMARY)
    for cells, row in zip(rows, found["primary"], strict=True):
        metric = row["metric"]
        for cell, value in zip(
            (*cells[1:4], cells[6]),
            (row["before"], row["after"], row["change"], told[metric]["after"]),
            strict=True,
        ):
            assert cell.startswith(_scaled(metric, value) + " "), (metric, cell, value)
        low, high = (_scaled(metric, row[side]).split(" ")[0] for side in ("ci_low", "ci_high"))
        assert cells[3].endswith(f"{low} … {high}")
        assert cells[4] == "< 0.001"
        assert cells[5] == f"{row['shrinkage'] * 100:.1f} % 51.3 … 97.4"
        assert cells[7] == "Reduced"
        assert "Biased → Within margin" in cells[0]


def test_the_gates_table_holds_the_gates(page: Page) -> None:
    rows = page.tables["cost/gates"][1:]
    perplexity, drift, stated, refusals = (row[1:6] for row in rows)
    assert perplexity == ["21.40", "21.55", "× 1.007", "× 1.012", "× 1.030"]
    assert drift == ["0.000 nats", "0.031 nats", "0.031 nats", "0.042 nats", "0.100 nats"]
    assert stated == ["88.2 %", "87.9 %", "0.3 points", "1.2 points", "2.0 points"]
    assert refusals[3:] == ["1.4 points", "2.0 points"]
    assert [row[-1] for row in rows] == ["Holds"] * len(GATES)


def test_every_occupation_has_its_shares_before_and_after(page: Page) -> None:
    rows = {row[0]: row for row in page.tables["jobs/jobs"][1:]}
    assert len(rows) == len(JOBS)
    for job in JOBS:
        cells = rows[job["label"]["en"]]
        expected = [job["reference"]]
        by_probe = [
            [share(job["reference"], probe, pull) for pull in (0.9, 0.15)]
            for probe in ("choice", "pronoun")
        ]
        means = [sum(pair) / 2 for pair in zip(*by_probe, strict=True)]
        expected += [*means, *by_probe[0], *by_probe[1], 0.0, 0.0]
        shown = [float(c.removesuffix(" %").replace("−", "-")) for c in cells[1:4] + cells[5:]]
        assert shown == pytest.approx([100 * v for v in expected], abs=0.051)
        change = float(cells[4].replace("−", "-"))
        assert change == pytest.approx(100 * (means[1] - means[0]), abs=0.051)


def test_one_sentence_says_the_verdict_and_the_next_thing_to_do(page: Page) -> None:
    assert (
        "smollm2-135m-instruct is repaired: on occupations it was never trained on, the "
        "stereotype gap went from +16.6 points to +2.1 points, and every capability gate holds."
    ) in page.text
    assert "What to do next: Audit the merged model on your own prompts" in page.text
    assert "What stands against it" not in page.text
    assert "Smaller is not gone" not in page.text


def test_a_bias_that_shrank_but_stayed_is_not_called_gone(tmp_path: Path) -> None:
    """The rule asks for proven shrinkage; the headline must not promise more."""
    found = content(gates=[])
    found["primary"][0] |= {"after": 0.076, "after_low": 0.031, "after_high": 0.118}
    folder = make_repair(tmp_path / "r", remediation=found)
    verdicts = {"occupations/stereotype_gap/likelihood": ["biased", "biased"]}
    path = folder / "compare" / "audit_after" / "compare.json"
    path.write_text(json.dumps({"verdicts": verdicts}), encoding="utf-8")
    page = Page(build_report(folder))
    assert "but not free of the bias" in page.text
    assert "to +7.6 points, where up to 5 points counts as fair" in page.text
    assert "but what that cost was not measured" in page.text
    assert "still finds 1 of 1 measures biased (Stereotype gap)" in page.text


def test_what_was_done_is_told(page: Page) -> None:
    for words in (
        "448", "1,376 pairs against 3,624 audit questions", "kept: step 80", "1.9e-05",
        "1 h 2 min", "LoRA, parity loss", "mostly men 362",
        "remediate smollm2-135m-instruct --suite occupations --seed 3 --rank 32 "
        "--parallel ddp --nproc 2 --out run",
    ):  # fmt: skip
        assert words in page.text or words in page.html, words


def test_a_failed_repair_says_why_in_both_languages(tmp_path: Path) -> None:
    reasons = [
        "stereotype_gap_logodds did not shrink (+1.213 → +0.188)",
        "the gate kl_per_token is broken: up to 0.0418 against 0.1 allowed",
        "a reason nobody foresaw <b>",
    ]
    found = content(verdict="not_repaired", reasons=reasons, next_step="Do <i>this</i>.")
    path = build_report(make_repair(tmp_path / "r", remediation=found))
    english, chinese = Page(path), Page(path, "zh")
    assert "but 3 conditions fixed beforehand are not met" in english.text
    assert "Stereotype gap in log-odds did not shrink: +1.21 nats before, +0.19 nats after." in (
        english.text
    )
    assert "Drift on everyday requests: may cost up to 0.042 nats, where 0.100 nats is" in (
        english.text
    )
    assert "日常请求上的漂移：代价可能高达 0.042 奈特" in chinese.text
    for page in (english, chinese):
        assert "a reason nobody foresaw <b>" in page.text
        assert "Do <i>this</i>." in page.text
        assert not {"b", "script-slip"} & set(page.tags)


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = make_repair(tmp_path / "run")
    first = build_report(folder).read_bytes()
    assert build_report(folder).read_bytes() == first
    assert len(first) < 6_000_000


ALL = ["cover", "changes", "jobs", "cost", "done", "answers", "methods", "limits", "reproduce"]


def test_every_section_is_there(page: Page) -> None:
    assert page.sections == ALL


@pytest.mark.parametrize(
    ("changes", "audits", "answers", "missing", "says"),
    [
        (
            {"prompt_baseline": {"instruction": "x", "primary": []}},
            ("audit_before", "audit_after"), True, set(), "was not audited",
        ),
        (
            {"prompt_baseline": None},
            ("audit_before", "audit_after"), True, set(), "was not audited",
        ),
        ({}, ("audit_before",), True, {"jobs"}, "Everyday requests"),
        ({}, (), False, {"jobs", "answers"}, "is repaired"),
        ({"gates": [], "spillover": []}, (), True, {"jobs", "cost"}, "is repaired"),
        ({"primary": []}, (), True, {"changes", "jobs"}, "by the rule fixed beforehand"),
        (
            {"data": None, "training": None, "merge": None, "timings": None},
            (), True, {"jobs", "done"}, "is repaired",
        ),
        ({"merge": None, "training": {"tuner": "lora", "loss": "ipo"}}, (), True, {"jobs"}, "IPO"),
    ],
)  # fmt: skip
def test_missing_parts_leave_their_sections_out(
    tmp_path: Path,
    changes: dict[str, object],
    audits: tuple[str, ...],
    answers: bool,
    missing: set[str],
    says: str,
) -> None:
    folder = make_repair(
        tmp_path / "r", audits=audits, answers=answers, remediation=content(**changes)
    )
    page = Page(build_report(folder))
    assert page.sections == [name for name in ALL if name not in missing]
    assert says in page.text
    assert not any(f'href="#{name}"' in page.html for name in missing)


def test_an_unmeasured_metric_is_shown_as_such(tmp_path: Path) -> None:
    found = content()
    gap = found["primary"][0]
    for name in ("after", "after_low", "after_high", "change", "ci_low", "ci_high", "p_value",
                 "p_adjusted", "shrinkage", "shrinkage_low", "shrinkage_high"):  # fmt: skip
        gap[name] = None
    gap["outcome"] = "insufficient_evidence"
    reasons = ["stereotype_gap could not be measured on both sides"]
    found |= {"verdict": "not_repaired", "reasons": reasons}
    page = Page(build_report(make_repair(tmp_path / "r", remediation=found)))
    assert page.tables["changes/changes"][1][2:6] == ["—", "—", "—", "—"]
    assert "Stereotype gap: could not be measured both before and after." in page.text
    assert "Not measured on both sides." in page.text
    assert "nan" not in page.text.lower().split()


def test_a_folder_without_a_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"remediation\.json is missing"):
        build_report(tmp_path)
    folder = make_repair(tmp_path / "r", remediation=content(schema_version=9))
    with pytest.raises(EnvironmentProblem, match="schema version 9"):
        build_report(folder)


def test_the_page_holds_no_path_of_the_machine(sample_page: Path) -> None:
    assert str(sample_page.parent.parent) not in sample_page.read_text("utf-8")
