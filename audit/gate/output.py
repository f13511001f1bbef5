"""What a gate shows: a table for people, JUnit XML and JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich import box
from rich.table import Table
from rich.text import Text

from audit.gate.judge import Check
from core.console import table_console

_STYLE = {
    "passed": "green", "broken": "bold red", "inconclusive": "yellow",
    "insufficient_evidence": "yellow",
}  # fmt: skip


def print_checks(model: str, checks: Sequence[Check]) -> None:
    """A row a demand, then one sentence."""
    console = table_console(140)
    table = Table(title=Text(f"gate · {model}"), title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("suite", "metric", "demanded", "found", "outcome"):
        table.add_column(name)
    for check in checks:
        allowed = " (allowed)" if check.passed and check.outcome != "passed" else ""
        table.add_row(
            check.suite, check.rule, check.demand, check.found,
            Text(check.outcome.value + allowed, style=_STYLE[check.outcome]),
        )  # fmt: skip
    console.print(table)
    console.print(_sentence(checks))


def _sentence(checks: Sequence[Check]) -> str:
    failed = sum(not check.passed for check in checks)
    if failed:
        return f"The gate is broken: {failed} of {len(checks)} demands are not met."
    allowed = sum(check.outcome != "passed" for check in checks)
    doubt = f", {allowed} of them unsettled as the rules allow" if allowed else ""
    return f"The gate holds: all {len(checks)} demands pass{doubt}."


def junit(model: str, checks: Sequence[Check]) -> str:
    """The checks as a JUnit test suite, which CI systems show."""
    failed = sum(not check.passed for check in checks)
    root = ElementTree.Element(
        "testsuite", name=f"audit gate {model}", tests=str(len(checks)), failures=str(failed)
    )
    for check in checks:
        case = ElementTree.SubElement(
            root, "testcase", classname=check.suite, name=f"{check.rule}: {check.demand}"
        )
        if not check.passed:
            failure = ElementTree.SubElement(case, "failure", type=check.outcome.value)
            failure.set("message", f"found {check.found}, demanded {check.demand}")
        elif check.outcome != "passed":
            allowed = ElementTree.SubElement(case, "system-out")
            allowed.text = f"{check.outcome}, allowed: {check.found}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def to_json(model: str, checks: Sequence[Check]) -> dict[str, Any]:
    """``{schema_version, model, passed, checks}``."""
    return {
        "schema_version": 1,
        "model": model,
        "passed": all(check.passed for check in checks),
        "checks": [asdict(check) for check in checks],
    }


def write(path: Path, text: str) -> None:
    """Raises :class:`EnvironmentProblem` where the file cannot be written."""
    from core.errors import EnvironmentProblem

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be written ({error.strerror}).") from error
