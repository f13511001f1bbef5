"""compare.html: two runs of the same questions, before and after."""

from __future__ import annotations

from audit.compare import COMPARE, Comparison
from audit.reports.compare.changes import SuiteChanges, suites_of
from audit.reports.compare.dress import render
from audit.reports.compare.figures import paired
from audit.reports.compare.runs import run_views, suite_titles
from audit.reports.compare.words import Bilingual, join, noted, say
from audit.reports.numbers import count, p_text, plain, with_unit
from audit.reports.text import same
from audit.reports.view import metric_text


def render_comparison(comparison: Comparison, command: str) -> str:
    """The whole page as text."""
    runs = run_views({"before": comparison.before, "after": comparison.after})
    suites = suites_of(comparison, suite_titles(runs))
    return render(
        "compare.html.j2",
        model=" → ".join(dict.fromkeys(run.model for run in runs)),
        made_from=COMPARE,
        runs=runs,
        suites=suites,
        figures={s.anchor: paired(s.primary, f"{s.anchor}-forest") for s in suites},
        facts=_facts(comparison),
        notes=noted(comparison.notes),
        methods=_methods(comparison, suites),
        command=command,
        percent=lambda share: with_unit(share, "share"),
        points=lambda change: with_unit(change, "points", sign=True),
        bounds=_bounds,
        p_text=p_text,
        count=count,
    )


def _facts(comparison: Comparison) -> list[tuple[Bilingual, Bilingual]]:
    found = [
        (say("pairs.paired"), same(count(comparison.n_paired))),
        (say("pairs.answered"), same(count(comparison.n_answered))),
    ]
    left_out = comparison.n_only_before + comparison.n_only_after + comparison.n_reworded
    if left_out:
        text = say(
            "pairs.left_out_text", before=count(comparison.n_only_before),
            after=count(comparison.n_only_after), reworded=count(comparison.n_reworded),
        )  # fmt: skip
        found.append((say("pairs.left_out"), text))
    return found


def _bounds(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "—"
    return " … ".join(plain(v, "points", sign=True) for v in (low, high))


def _methods(comparison: Comparison, suites: list[SuiteChanges]) -> list[Bilingual]:
    primary = [c for s in suites for c in s.primary]
    out = [say("methods.paired")]
    tests = [
        say("methods.test_of", test=test, metrics=join([metric_text(m, "label") for m in metrics]))
        for test, metrics in _by_test(comparison).items()
    ]
    if tests:
        named = Bilingual("; ".join(t.en for t in tests), "；".join(t.zh for t in tests))
        out.append(say("methods.change_tests", tests=named))
    if primary:
        out += [say(f"methods.{key}") for key in ("change_correction", "shrinkage", "outcomes")]
    if any(s.answers for s in suites):
        out.append(say("methods.mcnemar"))
    return out


def _by_test(comparison: Comparison) -> dict[str, list[str]]:
    """Test → the declared metrics it judged."""
    found: dict[str, list[str]] = {}
    for row in comparison.changes:
        test = row.test.partition("; ")[0]
        if row.role == "primary" and test and row.metric not in found.setdefault(test, []):
            found[test].append(row.metric)
    return found
