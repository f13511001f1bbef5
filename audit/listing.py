"""Tables of ``audit list``."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from audit.probes.base import Suite, get_suite, list_suites, read_yaml
from audit.probes.public_data import DATA_VARIABLE
from core.errors import EnvironmentProblem
from core.models import catalogue
from core.models.packaged import PACKAGED_ENTRY


def print_suites() -> None:
    """Every suite with its languages, size and primary metrics."""
    table = Table(box=None, pad_edge=False)
    for name in ("suite", "what", "in", "asks", "primary metrics ± margin"):
        table.add_column(
            name, no_wrap=name != "what", justify="right" if name == "asks" else "left"
        )
    missing: list[str] = []
    for suite in list_suites():
        try:
            requests = str(_requests(suite))
        except EnvironmentProblem as problem:  # a public benchmark whose data are not here
            requests = "no data"
            missing.append(str(problem))
        table.add_row(
            suite.name,
            suite.title["en"],
            ", ".join(suite.langs),
            requests,
            "\n".join(f"{p.name} ±{p.margin:g}" for p in suite.primary),
        )
    console = Console(highlight=False)
    console.print(table)
    for sentence in missing:
        console.print(sentence)


def print_benchmarks() -> None:
    """Every public benchmark: what it measures, whose it is, and whether its texts are here."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, facts in read_yaml("benchmarks.yaml").items():
        suite = get_suite(name)
        try:
            here = f"yes, {_requests(suite)} requests a run"
        except EnvironmentProblem as problem:
            here = f"no. {problem}"
        table.add_row(name, f"{facts['measures']} ({', '.join(p.name for p in suite.primary)})")
        for label, told in (
            ("here", here),
            ("texts", "; ".join([*facts["texts"], f"folder ${DATA_VARIABLE}/{name}"])),
            ("licence", facts["licence"]),
            ("paper", f"{facts['paper']}; {facts['source']}"),
        ):
            table.add_row(f"  {label}", told)
    Console(highlight=False, markup=False).print(table)


def _requests(suite: Suite) -> int:
    """How many a run in the suite's first language asks. Raises EnvironmentProblem without data."""
    items = suite.items(langs=suite.langs[:1], seed=0, limit=None, samples=None)
    return sum(item.n_requests for item in items)


def print_models(*, grep: str, modality: str | None, runnable: bool, as_json: bool) -> None:
    """The catalogue's rows that contain ``grep``, the packaged model first."""
    found = catalogue.search(grep, modality)
    if grep.lower() in PACKAGED_ENTRY.short_name and modality in (None, "text"):
        found = [PACKAGED_ENTRY, *(e for e in found if e.short_name != PACKAGED_ENTRY.short_name)]
    if runnable:
        _print_runnable(found, as_json)
        return
    if as_json:
        print(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, indent=1))
        return
    for entry in found:
        size = f"{entry.params_b:g}B" if entry.params_b else ""
        print(f"{entry.short_name:42} {entry.modality:7} {size:>8}  {entry.hf_id or entry.ms_id}")
    print(f"{len(found)} models.")


def _print_runnable(found: list[catalogue.CatalogueEntry], as_json: bool) -> None:
    from core.models.runnable import survey

    rows = survey(found)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        how = f"{row.backend} ({row.via})" if row.backend else "no"
        print(f"{row.name:42} {how:22} {row.reason} {row.advice}".rstrip())
    n = sum(row.backend is not None for row in rows)
    print(f"{n} of {len(rows)} run here.")
