"""A repair's folder, read once. What a repair may leave out is None or empty here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.manifest import read_json
from audit.reports.load import Run, load_run
from core.errors import EnvironmentProblem, UsageProblem
from remediate.suites import PICTURE_SUITE, TEXT_SUITE

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """``content`` is remediation.json, ``identity`` what the repair was asked for.

    ``answers``: side → request ("en/3") → greedy answer, of the requests both sides answered.
    ``verdicts``: ``suite/metric/route`` → the two audits' own verdicts.
    """

    folder: Path
    content: Mapping[str, Any]
    identity: Mapping[str, Any]
    before: Run | None
    after: Run | None
    prompted: Run | None
    verdicts: Mapping[str, tuple[str, str]]
    answers: Mapping[str, tuple[str, str]]

    @property
    def aim(self) -> str:
        """The suite that was repaired."""
        asked = self.identity.get("suites") or ()
        return PICTURE_SUITE if PICTURE_SUITE in asked else TEXT_SUITE

    @property
    def about_pictures(self) -> bool:
        return self.aim == PICTURE_SUITE

    @property
    def model(self) -> str:
        return str(self.content.get("model") or "model")

    def part(self, name: str) -> dict[str, Any]:
        """An object of remediation.json; empty where it is missing or null."""
        value = self.content.get(name)
        return dict(value) if isinstance(value, Mapping) else {}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A list of objects of remediation.json; empty where it is missing or null."""
        value = self.content.get(name)
        return [dict(row) for row in value] if isinstance(value, list) else []


def read_versioned(path: Path, version: int, *, command: str, what: str) -> dict[str, Any]:
    """What a report is made of, as the ``command`` that made the ``what`` left it.

    Raises :class:`UsageProblem` where it is missing, :class:`EnvironmentProblem` where another
    version wrote it.
    """
    if not path.is_file():
        raise UsageProblem(
            f"{path} is missing, so there is nothing to report. Run `{command}` with the same "
            "--out."
        )
    content = read_json(path)
    if content.get("schema_version") != version:
        raise EnvironmentProblem(
            f"{path} has schema version {content.get('schema_version')}, not {version}. "
            f"Use the version of equipoise that made the {what}."
        )
    return content


def load_repair(folder: Path) -> RepairRecord:
    """Read *folder*. See :func:`remediate.report.build.build_report` for what it raises."""
    content = read_versioned(
        folder / "remediation.json", SCHEMA_VERSION, command="remediate", what="repair"
    )
    return RepairRecord(
        folder=folder,
        content=content,
        identity=_optional(folder / "repair.json").get("identity") or {},
        before=_run(folder / "audit_before"),
        after=_run(folder / "audit_after"),
        prompted=_run(folder / "audit_prompted"),
        verdicts=_verdicts(folder),
        answers=_answers(folder / "gates"),
    )


def _verdicts(folder: Path) -> dict[str, tuple[str, str]]:
    """Of the held-out audits, and of the public benchmarks where they were asked."""
    found: dict[str, tuple[str, str]] = {}
    for name in ("audit_after", "public_after"):
        compared = _optional(folder / "compare" / name / "compare.json")
        for key, own in (compared.get("verdicts") or {}).items():
            found[key] = str(own[0]), str(own[1])
    return found


def _run(folder: Path) -> Run | None:
    return load_run(folder) if (folder / "results.json").is_file() else None


def _optional(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _answers(folder: Path) -> dict[str, tuple[str, str]]:
    was, now = (
        _optional(folder / f"{name}.json").get("answers") or {} for name in ("before", "after")
    )
    return {key: (str(was[key]["text"]), str(now[key]["text"])) for key in was if key in now}
