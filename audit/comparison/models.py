"""models.json: the declared metrics of three or more runs, a row a run and metric.

The numbers are the runs' own, each as its results.json gives it. What is added is whether they
were measured alike (:mod:`audit.comparison.alike`), against the first run that has the metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.compare import RunFacts, run_facts
from audit.comparison.alike import Claim, Difference, Questions, difference
from audit.manifest import write_json
from audit.pairing import RunFolder, read_run
from audit.reports.load import metric_rows
from audit.schema import MetricRow
from core.errors import UsageProblem

MODELS_SCHEMA_VERSION = 1
MODELS = "models.json"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A declared metric of a run; ``run`` is its name in the table.

    ``difference`` is None where it was measured like the first run's.
    """

    run: str
    metric: MetricRow
    difference: Difference | None

    def to_json(self) -> dict[str, Any]:
        row = self.metric
        return {
            "run": self.run, "suite": row.suite, "metric": row.metric, "route": row.route,
            "estimate": row.estimate, "ci_low": row.ci_low, "ci_high": row.ci_high,
            "margin": row.margin, "verdict": row.verdict,
            "not_comparable": None if self.difference is None else str(self.difference),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelsTable:
    """``runs`` maps each run's name to what it is, as given; ``rows`` follow that order."""

    runs: dict[str, RunFacts]
    rows: tuple[ModelRow, ...]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(suite, metric), suites together, in the order the runs declare them."""
        found = dict.fromkeys((r.metric.suite, r.metric.metric) for r in self.rows)
        suites = list(dict.fromkeys(suite for suite, _ in found))
        return [key for suite in suites for key in found if key[0] == suite]

    def cell(self, run: str, column: tuple[str, str]) -> ModelRow | None:
        """None where the run did not measure it."""
        for row in self.rows:
            if (row.run, row.metric.suite, row.metric.metric) == (run, *column):
                return row
        return None

    def to_json(self) -> dict[str, Any]:
        """Plain values, without NaN."""
        return {
            "schema_version": MODELS_SCHEMA_VERSION,
            "runs": [{"run": name, **asdict(facts)} for name, facts in self.runs.items()],
            "rows": [row.to_json() for row in self.rows],
        }


def tabulate(folders: Sequence[Path]) -> ModelsTable:
    """Read finished runs, in the order given.

    Raises :class:`UsageProblem` for fewer than two runs, an unfinished one or none with a declared
    metric, :class:`EnvironmentProblem` for folders that cannot be read.
    """
    if len(folders) < 2:
        raise UsageProblem("A table of runs wants at least two run folders.")
    runs = [read_run(folder) for folder in folders]
    named = dict(zip(_names(runs), runs, strict=True))
    firsts: dict[tuple[str, str], Claim] = {}
    questions, rows = Questions(), []
    for name, run in named.items():
        for row in _declared(run):
            own = Claim(run, row)
            first = firsts.setdefault((row.suite, row.metric), own)
            found = None if first is own else difference(first, own, questions)
            rows.append(ModelRow(name, row, found))
    if not rows:
        raise UsageProblem("None of these runs has a declared metric: there is nothing to compare.")
    return ModelsTable({name: run_facts(run) for name, run in named.items()}, tuple(rows))


def save_models(table: ModelsTable, out: Path) -> Path:
    """Write ``out``/models.json whole or not at all; the folder is made."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / MODELS
    write_json(path, table.to_json())
    return path


def _declared(run: RunFolder) -> list[MetricRow]:
    rows = metric_rows(run.results, run.folder)
    return [row for row in rows if row.role == "primary" and row.slice == "all"]


def _names(runs: Sequence[RunFolder]) -> list[str]:
    """The models' names, with the folder's where two runs are of one model; always distinct."""
    seen = Counter(run.name for run in runs)
    names: list[str] = []
    for run in runs:
        name = run.name if seen[run.name] == 1 else f"{run.name} ({run.folder.resolve().name})"
        unique, n = name, 1
        while unique in names:
            n += 1
            unique = f"{name} #{n}"
        names.append(unique)
    return names
