"""A run folder, read and checked once. Everything after this works on clean Python values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from audit.reports.numbers import finite
from audit.schema import RESPONSE_COLUMNS, RESULTS_SCHEMA_VERSION, RUN_SCHEMA_VERSION, MetricRow
from core.errors import EnvironmentProblem, UsageProblem

_NUMBERS = (
    "estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "effect_size", "margin",
    "refusal_rate", "unparsed_rate",
)  # fmt: skip
_FIELDS = frozenset(f.name for f in fields(MetricRow))


@dataclass(frozen=True, slots=True)
class Run:
    """``responses`` has the columns of RESPONSE_COLUMNS; None where the file is missing."""

    folder: Path
    manifest: Mapping[str, Any]
    results: Mapping[str, Any]
    metrics: list[MetricRow]
    responses: pd.DataFrame | None

    @property
    def model(self) -> dict[str, Any]:
        """What is known of the model, from results first, then the manifest."""
        return {**_mapping(self.manifest.get("model")), **_mapping(self.results.get("model"))}

    @property
    def suites(self) -> list[dict[str, Any]]:
        """The suites of results.json, and any the metrics name that it forgot."""
        listed = [dict(s) for s in self.results.get("suites") or [] if isinstance(s, Mapping)]
        known = {s.get("name") for s in listed}
        forgotten = dict.fromkeys(r.suite for r in self.metrics if r.suite not in known)
        return [*listed, *({"name": name} for name in forgotten)]


def load_run(folder: Path, *, answers: bool = True) -> Run:
    """Read run.json, results.json and, unless not *answers*, responses.parquet of *folder*."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is no folder. Give the run folder that `audit run` made.")
    manifest = _read_json(folder / "run.json", RUN_SCHEMA_VERSION)
    results = _read_json(folder / "results.json", RESULTS_SCHEMA_VERSION)
    return Run(
        folder,
        manifest,
        results,
        metric_rows(results, folder),
        _responses(folder) if answers else None,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _read_json(path: Path, version: int) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageProblem(
            f"{path} is missing, so there is nothing to report. "
            "Finish the run with `audit run … --resume`, or give another folder."
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise EnvironmentProblem(
            f"{path} cannot be read ({problem}). Run the audit again."
        ) from problem
    if not isinstance(data, dict):
        raise EnvironmentProblem(f"{path} holds no object. Run the audit again.")
    if data.get("schema_version") != version:
        raise EnvironmentProblem(
            f"{path} has schema version {data.get('schema_version')}, not {version}. "
            "Use the version of equipoise that made the run."
        )
    return data


def metric_rows(results: Mapping[str, Any], folder: Path) -> list[MetricRow]:
    """``metrics`` of results.json; EnvironmentProblem names a row that is none."""
    rows: list[MetricRow] = []
    for number, raw in enumerate(results.get("metrics") or []):
        try:
            known = {k: v for k, v in raw.items() if k in _FIELDS}
            known |= {k: finite(known.get(k)) for k in _NUMBERS}
            known["ci_level"] = finite(known.get("ci_level")) or 0.95
            for key in ("suite", "metric", "slice"):
                known[key] = str(raw[key])
            for key in ("n_items", "n_clusters"):
                known[key] = int(finite(known.get(key)) or 0)
            for key in ("test", "correction", "verdict", "role", "route", "note"):
                known[key] = str(known.get(key) or "")
            rows.append(MetricRow(**known))
        except (AttributeError, KeyError, TypeError) as problem:
            raise EnvironmentProblem(
                f"{folder / 'results.json'}: row {number} of metrics is not a metric row "
                f"({problem!r}). Run the audit again."
            ) from problem
    return rows


def _responses(folder: Path) -> pd.DataFrame | None:
    path = folder / "responses.parquet"
    if not path.exists():
        return None
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as problem:  # pyarrow's errors derive from both
        raise EnvironmentProblem(
            f"{path} cannot be read ({problem}). Run `audit run … --resume` to write it again."
        ) from problem
    for column in RESPONSE_COLUMNS:
        if column not in frame:
            frame[column] = ""
    return frame
