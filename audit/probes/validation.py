"""How well the readers of answers agree with a person: precision and recall per label.

Rows are real outputs labelled by hand: ``suite``, ``item`` (the item's key), ``response`` and
``label``. Each is read again by the suite itself, so what is scored is what runs.
Run ``python -m audit.probes.validation FILE.tsv`` for a Markdown table.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.probes.base import get_suite
from audit.schema import Item, Label
from core.errors import UsageProblem

COLUMNS = ("suite", "item", "response", "label")


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Agreement on one label within one probe and language (``all`` pools them).

    ``support`` is the number a person gave the label, ``read`` the number the reader gave it.
    A ratio without a denominator is None.
    """

    suite: str
    probe: str
    lang: str
    label: Label
    support: int
    read: int
    agreed: int

    @property
    def precision(self) -> float | None:
        return self.agreed / self.read if self.read else None

    @property
    def recall(self) -> float | None:
        return self.agreed / self.support if self.support else None


@dataclass(frozen=True, slots=True)
class RefusalRates:
    """Answers that decline by hand and those of them read so; the others, and those read so."""

    refusals: int
    found: int
    others: int
    mistaken: int

    @property
    def missed_rate(self) -> float:
        return 1 - self.found / self.refusals

    @property
    def mistaken_rate(self) -> float:
        return self.mistaken / self.others

    def __str__(self) -> str:
        return (
            f"Refusals: {self.refusals - self.found} of {self.refusals} missed "
            f"({self.missed_rate:.3f}); {self.mistaken} of {self.others} other answers taken for "
            f"one ({self.mistaken_rate:.4f})."
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row on which person and reader differ; for working on the reader."""

    item: str
    response: str
    person: Label
    reader: Label


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a tab-separated file. Lines that start with ``#`` before the header are comments.

    Raises :class:`UsageProblem` if a column of :data:`COLUMNS` is missing.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = file.readlines()
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    reader = csv.DictReader(lines, delimiter="\t")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageProblem(f"{path} lacks the column {', '.join(missing)}. Add it and try again.")
    return list(reader)


def score_labeller(
    rows: Iterable[Mapping[str, str]],
) -> tuple[list[LabelScore], list[Disagreement]]:
    """Scores by suite, probe, language and label (with ``all``), and every disagreement.

    Raises :class:`UsageProblem` for an item or a label that does not exist.
    """
    items: dict[str, dict[str, Item]] = {}
    person: Counter[tuple[str, str, str, Label]] = Counter()
    reader: Counter[tuple[str, str, str, Label]] = Counter()
    agreed: Counter[tuple[str, str, str, Label]] = Counter()
    wrong: list[Disagreement] = []
    for row in rows:
        suite = get_suite(row["suite"])
        if suite.name not in items:
            every = suite.items(langs=suite.langs, seed=0, limit=None, samples=None)
            items[suite.name] = {item.item: item for item in every}
        item = items[suite.name].get(row["item"])
        if item is None:
            raise UsageProblem(f"The suite '{suite.name}' has no item '{row['item']}'.")
        truth, read = _label(row["label"]), suite.label(item, row["response"])
        for probe, lang in ((item.probe, item.lang), ("all", "all")):
            person[suite.name, probe, lang, truth] += 1
            reader[suite.name, probe, lang, read] += 1
            agreed[suite.name, probe, lang, truth] += truth is read
        if truth is not read:
            wrong.append(Disagreement(item.item, row["response"], truth, read))
    scores = [
        LabelScore(*key, support=person[key], read=reader[key], agreed=agreed[key])
        for key in sorted(person.keys() | reader.keys())
    ]
    return scores, wrong


def refusal_rates(scores: Iterable[LabelScore]) -> RefusalRates:
    """Of refusals and of other answers, over all suites of the scores."""
    pooled = [score for score in scores if score.probe == "all"]
    declining = [score for score in pooled if score.label is Label.REFUSED]
    refusals = sum(score.support for score in declining)
    found = sum(score.agreed for score in declining)
    return RefusalRates(
        refusals=refusals,
        found=found,
        others=sum(score.support for score in pooled) - refusals,
        mistaken=sum(score.read for score in declining) - found,
    )


def _label(text: str) -> Label:
    try:
        return Label(text)
    except ValueError:
        known = ", ".join(label.value for label in Label)
        raise UsageProblem(f"There is no label '{text}'. Labels: {known}.") from None


def to_markdown(scores: Sequence[LabelScore]) -> str:
    """One row a score."""
    lines = [
        "| suite | probe | lang | label | by hand | precision | recall |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {s.suite} | {s.probe} | {s.lang} | {s.label} | {s.support} "
        f"| {_ratio(s.precision)} | {_ratio(s.recall)} |"
        for s in scores
    ]
    return "\n".join(lines)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table and how refusals fared; with ``--errors`` every disagreement too."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path, help="tab-separated: " + ", ".join(COLUMNS))
    parser.add_argument("--errors", action="store_true", help="list what is read differently")
    arguments = parser.parse_args(argv)
    scores, wrong = score_labeller(read_rows(arguments.file))
    print(to_markdown(scores))
    rates = refusal_rates(scores)
    if rates.refusals and rates.others:
        print(f"\n{rates}")
    if arguments.errors:
        for row in wrong:
            print(f"\n{row.item}: by hand {row.person}, read {row.reader}\n    {row.response!r}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
