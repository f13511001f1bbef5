"""One gate from files to an exit code."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from audit.gate.judge import judge
from audit.gate.output import junit as junit_xml
from audit.gate.output import print_checks, to_json, write
from audit.gate.policy import read_policy
from audit.manifest import read_json, write_json
from audit.pairing import finished

BROKEN = 1


def gate_run(
    run: Path,
    policy: Path,
    *,
    baseline: Path | None = None,
    junit: Path | None = None,
    json_path: Path | None = None,
    seed: int = 0,
) -> int:
    """Print and write the checks of ``run``; 0 where all pass, else 1.

    Raises :class:`UsageProblem` for a policy or runs that do not fit, and
    :class:`EnvironmentProblem` for folders that cannot be read.
    """
    rules = read_policy(policy)
    finished(run)
    results = read_json(run / "results.json")
    changes = None
    if baseline is not None:
        from audit.compare import compare_runs

        changes = [asdict(row) for row in compare_runs(baseline, run, seed=seed).changes]
    checks = judge(rules, results["metrics"], changes)
    model = str(results["model"]["name"])
    print_checks(model, checks)
    if junit is not None:
        write(junit, junit_xml(model, checks))
    if json_path is not None:
        write_json(json_path, to_json(model, checks))
    return 0 if all(check.passed for check in checks) else BROKEN
