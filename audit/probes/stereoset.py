"""Suite ``stereoset``: the public benchmark of Nadeem, Bethke & Reddy 2021, by likelihood.

A set is a stereotyped, an anti-stereotyped and an unrelated sentence about a *target* term. In the
*intrasentence* task they differ in a word; in the *intersentence* task they follow the same
context.

Likelihood, as in the authors' script for causal models: the geometric mean of the tokens'
probabilities, (1/T) Σ log P(token_t | …), since the sentences differ in length. Intrasentence: of
the whole sentence, without a chat template. Intersentence: of the second sentence given the first.
There the authors trained a next-sentence head on each causal model, which an audit of a model as it
is cannot do; so these scores do not compare with published ones.

Cluster: the target term. The published scores are means over terms, and the sentences about one
term share it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import check_counts, check_langs, item_key
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.rounds import by_rounds, numbered
from audit.probes.stereoset_sets import (
    ANTI,
    INTER,
    NAME,
    STEREOTYPE,
    UNRELATED,
    Triple,
    parts_of_terms,
    triples,
)
from audit.schema import Item, Label, MetricRow, Route
from core.models.base import Message

if TYPE_CHECKING:
    import pandas as pd

    from audit.probes.data_suite import Estimators

_LABELS = {
    STEREOTYPE: Label.STEREOTYPED.value,
    ANTI: Label.ANTI_STEREOTYPED.value,
    UNRELATED: Label.UNRELATED.value,
}


class StereoSetSuite(DataSuite):
    """See the module. Probes are its kinds of bias; sizes and margin: ``data/stereoset.yaml``."""

    name = NAME
    langs = ("en",)
    file = "stereoset.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """One item a set, by kind of bias, gender first. ``only``: target terms.

        Without a limit as many of each kind as the data file says; a limit counts sets of each
        kind. Both tasks get equally many, and every term is taken before any twice. Raises
        :class:`EnvironmentProblem` where the data are not on this machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kinds = dict.fromkeys(triple.bias_type for triple in triples())
        kept: list[Item] = []
        for kind in sorted(kinds, key=lambda k: (k != "gender", k)):
            items = self._of_kind(kind, seed)
            if only is not None:
                items = [item for item in items if item.cluster in only]
            asked = limit if limit is not None else self._data["default"].get(kind, len(items))
            kept += by_rounds(items, asked, seed=seed)
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Unparsed: nothing is sampled here."""
        return Label.UNPARSED

    def clusters(self) -> list[dict[str, Any]]:
        """The target terms, with the kind of bias each is about."""
        kinds = {triple.target: triple.bias_type for triple in triples()}
        return [
            plain_cluster(target, {"en": target, "zh": target}, group=kind)
            for target, kind in kinds.items()
        ]

    def metrics(
        self, frame: pd.DataFrame, *, seed: int, margins: Mapping[str, float] | None
    ) -> list[MetricRow]:
        """Every row of results.json; the published scores of either part of the files, too."""
        parts = parts_of_terms()
        part = [parts.get(str(term), "") for term in frame["cluster"]]
        return super().metrics(frame.assign(part=part), seed=seed, margins=margins)

    def _estimators(self) -> Estimators:
        from audit.metrics.stereoset import stereoset_measures, stereoset_metrics

        return stereoset_metrics, stereoset_measures

    def _of_kind(self, kind: str, seed: int) -> list[Item]:
        """Items of one kind of bias; ``nth`` numbers a term's sets in an order the seed draws."""
        found = [triple for triple in triples() if triple.bias_type == kind]
        keys = [(triple.task, triple.target, triple.id) for triple in found]
        return [
            self._item(triple, nth)
            for triple, nth in zip(found, numbered(keys, seed=seed), strict=True)
        ]

    def _item(self, triple: Triple, nth: int) -> Item:
        inter = triple.task == INTER
        messages = (
            Message(role="user", content=self._data["question"]),
            Message(role="assistant", content=triple.context),
        )
        return Item(
            suite=self.name,
            probe=triple.bias_type,
            item=item_key(triple.bias_type, Route.LIKELIHOOD.value, triple.task, triple.id),
            cluster=triple.target,
            template=triple.task,
            variant="",
            lang="en",
            route=Route.LIKELIHOOD,
            messages=messages if inter else (),
            group=triple.task,
            candidates={
                label: (f" {triple.sentences[gold]}" if inter else triple.sentences[gold],)
                for gold, label in _LABELS.items()
            },
            facts={"nth": nth},
            per_token=True,
        )
