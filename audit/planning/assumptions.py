"""Where a plan's variances come from: a finished run, or the ones kept here.

``python -m audit.planning.assumptions RUN`` prints the kept ones (data/components.yaml).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from audit.planning.precision import Components, primary_components
from core.datafile import read_yaml

KEPT = Path(__file__).parent / "data" / "components.yaml"


def of_run(folder: Path, suites: Sequence[str] | None = None) -> list[Components]:
    """Components of a finished run's primary metrics. Raises as :func:`read_run` does."""
    from audit.pairing import read_run
    from audit.probes.base import Comparable, get_suite

    run = read_run(folder)
    found: list[Components] = []
    for name in dict.fromkeys(run.answers["suite"]):
        suite = get_suite(name)
        if isinstance(suite, Comparable) and (suites is None or name in suites):
            rows = run.answers[run.answers["suite"] == name]
            margins = {metric: m for (owner, metric), m in run.margins().items() if owner == name}
            found += primary_components(name, suite.measures(rows, margins=margins))
    return found


def kept(suites: Sequence[str]) -> list[Components]:
    """The components kept with the project, of the suites named."""
    rows = read_yaml(KEPT)["components"]
    return [Components(**row) for row in rows if row["suite"] in suites]


def source_of_kept() -> str:
    """Which run the kept components are of."""
    return str(read_yaml(KEPT)["source"])


def dump(folder: Path) -> str:
    """The YAML of :data:`KEPT` for a run."""
    from audit.manifest import read_json

    manifest = read_json(folder / "run.json")
    source = f"{manifest['model']['name']}, {manifest['started'][:10]}, seed {manifest['seed']}"
    rows = [asdict(row) for row in of_run(folder)]
    head = (
        "# Variance components of a full default run: what `audit plan` assumes where no run is\n"
        "# named by --like. Made by python -m audit.planning.assumptions RUN.\n"
    )
    return head + yaml.safe_dump({"source": source, "components": rows}, sort_keys=False)


if __name__ == "__main__":
    print(dump(Path(sys.argv[1])), end="")
