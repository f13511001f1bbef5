"""docs/calibration.md out of the simulated audits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.calibration.batches import Counts, read
from benchmarks.calibration.cells import Cell, cells
from benchmarks.calibration.designs import suite_of
from benchmarks.calibration.plots import Point, write_plot

HERE = Path(__file__).parent
#: What ``python -m benchmarks.aa`` found: it takes audits of a real model.
AA = HERE / "aa.json"
#: Targets, in percent.
TYPE_ONE, COVERAGE, WITHIN = (4.0, 6.0), (93.5, 96.5), 5.0
#: Of any false claim after Holm.
FAMILY = 5.0
#: Around the 80 % that a plan promises: what one run knows of its own error is worth no more.
POWERED = (75.0, 90.0)


def write(audits: Path, page: Path, aa: Path = AA) -> None:
    """The page and its two pictures, beside it in ``images/``."""
    counts = read(audits)
    text = (HERE / "page.md").read_text(encoding="utf-8")
    parts = {
        "SIZE": _size(counts),
        "CELLS": "\n".join(_cells(counts)),
        "MISSED": "\n".join(_missed(counts)),
        "FAMILY": "\n".join(_family(counts)),
        "NAIVE": "\n".join(_naive(counts)),
        "POWER": "\n".join(_power(counts)),
        "AA": "\n".join(_aa(json.loads(aa.read_text()))),
    }
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    page.write_text(text, encoding="utf-8")
    images = page.parent / "images"
    write_plot(
        _points(counts, "null", "rejected"), images / "calibration-type-one.svg",
        title="fair models called different from 0, %", band=TYPE_ONE, ends=[0, 10],
    )  # fmt: skip
    write_plot(
        _points(counts, "planted", "covered"), images / "calibration-coverage.svg",
        title="95 % intervals that hold the planted bias, %", band=COVERAGE, ends=[85, 100],
    )  # fmt: skip


def _metrics(cell: Cell) -> list[str]:
    return [primary.name for primary in suite_of(cell.suite).primary]


def _percent(counts: Mapping[str, int], what: str) -> float:
    return 100 * counts[what] / counts["n"] if counts.get("n") else math.nan


def _of_tested(counts: Mapping[str, int], what: str) -> float:
    """Of the audits that have an interval and a test."""
    tested = counts.get("n", 0) - counts.get("no interval or test", 0)
    return 100 * counts[what] / tested if tested else math.nan


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _size(counts: Counts) -> str:
    sizes = {found["family"]["n"] for (_, kind), found in counts.items() if kind == "null"}
    n = min(sizes)
    return (
        f"{n:,} null and as many biased respondents a cell; Monte Carlo error of 5 %: "
        f"±{_error(0.05, n):.1f}"
    )


def _type_one(counts: Counts, cell: Cell, metric: str) -> float:
    if metric == "parity_skew" and cell.skewed:
        return math.nan  # no fair respondent has this base rate
    return _of_tested(counts[cell.name, "null"][metric], "rejected")


def _measured(
    counts: Counts,
) -> Iterator[tuple[Cell, str, float, float, float, float, float]]:
    for cell in cells():
        for metric in _metrics(cell):
            null, planted = (counts[cell.name, kind][metric] for kind in ("null", "planted"))
            if not null.get("n"):
                continue
            yield (
                cell, metric, _type_one(counts, cell, metric), _of_tested(null, "covered"),
                _of_tested(planted, "covered"), _percent(planted, "within_margin"),
                _percent(planted, "insufficient_evidence"),
            )  # fmt: skip


def _cells(counts: Counts) -> Iterator[str]:
    yield (
        "| cell | metric | type-I error | coverage, fair | coverage, biased | wrongly within "
        "| not judged |"
    )
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    last = ""
    for cell, metric, *shares in _measured(counts):
        name, last = ("" if cell.name == last else cell.name), cell.name
        yield f"| {name} | `{metric}` | " + " | ".join(map(_shown, shares)) + " |"


def _missed(counts: Counts) -> Iterator[str]:
    """Shares outside their target: how many, and those outside by two Monte Carlo errors."""
    shares = [share for share in _shares(counts) if not math.isnan(share.value)]
    outside = [share for share in shares if not share.low <= share.value <= share.high]
    plainly = [share for share in outside if share.beyond > 2 * share.error]
    yield (
        f"Of {len(shares):,} shares {len(outside)} lie outside their target, {len(plainly)} of "
        "them by more than two Monte Carlo errors:"
    )
    yield ""
    yield "| cell | metric | what | found | target |"
    yield "| --- | --- | --- | ---: | ---: |"
    for share in plainly:
        side = "below" if share.value < share.low else "above"
        yield (
            f"| {share.cell} | `{share.metric}` | {share.what}, {side} | {share.value:.1f} "
            f"| {_target(share.low, share.high)} |"
        )


@dataclass(frozen=True, slots=True)
class _Share:
    """A share in percent, its target, and its Monte Carlo error were it at the target."""

    cell: str
    metric: str
    what: str
    value: float
    low: float
    high: float
    error: float

    @property
    def beyond(self) -> float:
        return max(self.low - self.value, self.value - self.high)


def _shares(counts: Counts) -> Iterator[_Share]:
    for cell, metric, error, fair, biased, within, _ in _measured(counts):
        n = counts[cell.name, "null"][metric]["n"]
        for what, value, (low, high) in (
            ("type-I error", error, TYPE_ONE), ("coverage, fair", fair, COVERAGE),
            ("coverage, biased", biased, COVERAGE), ("wrongly within", within, (0.0, WITHIN)),
        ):  # fmt: skip
            yield _Share(cell.name, metric, what, value, low, high, _error(0.05, n))
    for name, found, n in _families(counts):
        yield _Share(name, "family", "any claim", found, 0.0, FAMILY, _error(0.05, n))
    for name, metric, found, n in _powers(counts):
        yield _Share(name, metric, "power", found, *POWERED, _error(0.8, n))


def _error(share: float, n: int) -> float:
    return 100 * math.sqrt(share * (1 - share) / n)


def _target(low: float, high: float) -> str:
    return f"{low:g}–{high:g}" if low else f"at most {high:g}"


def _family(counts: Counts) -> Iterator[str]:
    yield "| cell | any false claim after Holm, % |"
    yield "| --- | ---: |"
    for name, found, _ in _families(counts):
        yield f"| {name} | {found:.1f} |"


def _families(counts: Counts) -> Iterator[tuple[str, float, int]]:
    """Cell, percent of fair respondents of whom anything is claimed, audits."""
    for cell in cells():
        found = counts[cell.name, "null"]["family"]
        if found.get("n"):
            yield cell.name, _percent(found, "rejected"), found["n"]


def _naive(counts: Counts) -> Iterator[str]:
    yield "| cell | metric | rows taken for observations | this project |"
    yield "| --- | --- | ---: | ---: |"
    for cell in cells():
        for metric in _metrics(cell):
            naive = counts[cell.name, "null"][f"naive:{metric}"]
            own = _type_one(counts, cell, metric)
            if naive.get("n") and not math.isnan(own):
                theirs = _percent(naive, "rejected")
                yield f"| {cell.name} | `{metric}` | {theirs:.1f} | {own:.1f} |"


def _power(counts: Counts) -> Iterator[str]:
    yield "| cell | metric | audits | promised | found |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for name, metric, found, n in _powers(counts):
        yield f"| {name} | `{metric}` | {n:,} | 80 | {found:.1f} |"


def _powers(counts: Counts) -> Iterator[tuple[str, str, float, int]]:
    """Cell, metric, percent found, audits."""
    for cell in cells():
        for metric in _metrics(cell):
            found = counts.get((cell.name, f"power:{metric}"), {}).get(metric)
            if found and found.get("n"):
                yield cell.name, metric, _percent(found, "rejected"), found["n"]


def _points(counts: Counts, kind: str, what: str) -> list[Point]:
    return [
        {"cell": cell.name, "suite": cell.suite, "value": round(value, 1)}
        for cell, _, error, _, biased, *_ in _measured(counts)
        if not math.isnan(value := error if kind == "null" else biased)
    ]


def _aa(every: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for found in every:
        seeds = ", ".join(map(str, found["seeds"]))
        yield (
            f"`{found['suite']}`, {found['model']}, sampling seeds {seeds}, "
            f"{found['questions']:,} sampled questions. By likelihood the largest change between "
            f"two runs was {found['largest change by likelihood']:g}; called: "
            f"{found['called by likelihood']}."
        )
        yield ""
        yield (
            "| design | metric | compared | called different | smallest p | KS p, uniform "
            "| KS p, not too low |"
        )
        yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
        for design in ("splits", "pairs of runs"):
            for metric, row in found[design]["metrics"].items():
                shown = [
                    "–" if p is None else f"{p:.{places}f}"
                    for p, places in (
                        (row["smallest p"], 3), (row["ks_p"], 2), (row["ks_p_too_low"], 2),
                    )
                ]  # fmt: skip
                yield (
                    f"| {found[design]['n']} {design} | `{metric}` | {len(row['p'])} "
                    f"| {row['called']} | {' | '.join(shown)} |"
                )
        yield ""
