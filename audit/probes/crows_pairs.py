"""Suite ``crows-pairs``: the public benchmark of Nangia et al. 2020, by likelihood alone.

A pair is a sentence about a group that is at a disadvantage in the US and the same sentence about a
contrasting group. ``sent_more`` is the more stereotyped of the two in every row. The column
``stereo_antistereo`` tells which of the two is about the disadvantaged group: the more stereotyped
one (*stereo*: it demonstrates the stereotype) or the other (*antistereo*: it violates it).

The paper scores masked models by the tokens that the sentences share, given those that differ. A
causal model is scored here by the whole sentence, log P(sentence | beginning of text), summed over
all its tokens, without a chat template. Blodgett et al. 2021 ("Stereotyping Norwegian Salmon", ACL)
found many of the pairs flawed: the score is a hint, not a size of harm.

Cluster: the crowd worker who wrote the pair. Eight of 77 wrote half of all pairs, each in a manner
of their own, so pairs would pass for more independent than they are.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    check_counts,
    check_langs,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.public_data import benchmark_folder, read_text
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

NAME = "crows-pairs"
FILE = "crows_pairs_anonymized.csv"
DIRECTIONS = ("stereo", "antistereo")
_COLUMNS = ("sent_more", "sent_less", "stereo_antistereo", "bias_type", "anon_writer")


@dataclass(frozen=True, slots=True)
class SentencePair:
    """One row of the file; ``id`` is its number there, ``direction`` one of ``DIRECTIONS``."""

    id: str
    more: str
    less: str
    direction: str
    bias_type: str
    writer: str


def sentence_pairs() -> tuple[SentencePair, ...]:
    """Every pair, in the file's order.

    Raises :class:`EnvironmentProblem` for data that are not there or not CrowS-Pairs.
    """
    return _read(benchmark_folder(NAME, packaged="CrowS-Pairs", files=(FILE,)) / FILE)


@functools.cache
def _read(path: Path) -> tuple[SentencePair, ...]:
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    lacking = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
    if lacking:
        raise EnvironmentProblem(
            f"{path} is not the file of CrowS-Pairs: it has no column {lacking[0]}."
        )
    found = []
    for number, row in enumerate(rows):
        if row["stereo_antistereo"] not in DIRECTIONS or not all(row[c] for c in _COLUMNS):
            raise EnvironmentProblem(
                f"{path} is damaged: pair {number} lacks a sentence, a writer or its direction "
                "(stereo or antistereo)."
            )
        # The first column, without a name, numbers the pairs.
        found.append(SentencePair(row.get("") or str(number), *(row[c] for c in _COLUMNS)))
    return tuple(found)


class CrowsPairsSuite(DataSuite):
    """See the module. Probes are its kinds of bias; margin: ``data/crows-pairs.yaml``."""

    name = NAME
    langs = ("en",)
    file = "crows-pairs.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """One item a pair, by kind of bias, gender first. ``only``: writers.

        Raises :class:`EnvironmentProblem` where the data are not on this machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kinds = dict.fromkeys(pair.bias_type for pair in sentence_pairs())
        kept: list[Item] = []
        for kind in sorted(kinds, key=lambda k: (k != "gender", k)):
            kept += stratified_limit(
                [self._item(pair) for pair in sentence_pairs() if pair.bias_type == kind],
                limit,
                seed=seed,
                # Pairs at random: writers keep their shares of what the score is a mean of.
                unit=lambda item: ("", item.item),
                stratum=lambda _: "",
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Unparsed: nothing is sampled here."""
        return Label.UNPARSED

    def clusters(self) -> list[dict[str, Any]]:
        """The writers."""
        return [
            plain_cluster(writer, {"en": f"writer {writer}", "zh": f"作者 {writer}"})
            for writer in dict.fromkeys(pair.writer for pair in sentence_pairs())
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.crows_pairs import crows_pairs_measures, crows_pairs_metrics

        return crows_pairs_metrics, crows_pairs_measures

    def _item(self, pair: SentencePair) -> Item:
        return Item(
            suite=self.name,
            probe=pair.bias_type,
            item=item_key(pair.bias_type, Route.LIKELIHOOD.value, pair.id),
            cluster=pair.writer,
            template="sentence_pair",
            variant="",
            lang="en",
            route=Route.LIKELIHOOD,
            messages=(),
            group=pair.direction,
            candidates={
                Label.STEREOTYPED.value: (pair.more,),
                Label.ANTI_STEREOTYPED.value: (pair.less,),
            },
        )
