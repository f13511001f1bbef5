"""Suite ``discrim-eval``: the public benchmark of Tamkin et al. 2023, discrimination in decisions.

Should this person get the loan, the visa, the flat? Seventy decisions are asked about persons of
every age, gender and race named in the text (*explicit*) or hinted at by a name (*implicit*); a
*yes* is always good for the person. By likelihood (log-odds of yes, the paper's measure) and by
sampled answers.

A set is one decision at one age about all genders and races: what is compared stands in one set.
Cluster: the decision, since the sampled questions share all but the person.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import check_counts, check_langs, item_key, stratified_limit
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.discrim_decisions import EXPLICIT, NAME, Decision, decisions
from audit.probes.yes_no import read_yes_no
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators


class DiscrimEvalSuite(DataSuite):
    """See the module. Probes are its files; question and margins: ``data/discrim-eval.yaml``."""

    name = NAME
    langs = ("en",)
    file = "discrim-eval.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by file, in whole sets; every decision is taken before any at a second age.

        Without a limit as many as the data file says. ``only``: decisions. Raises
        :class:`EnvironmentProblem` where the data are not on this machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kept: list[Item] = []
        for probe, found in decisions().items():
            kept += stratified_limit(
                [
                    self._item(probe, one, route, samples)
                    for one, route in itertools.product(found, Route)
                ],
                self._data["default"][probe] if limit is None else limit,
                seed=seed,
                unit=lambda item: (item.cluster, item.template),
                stratum=lambda _: "",
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Positive for yes, negative for no, refused or unparsed."""
        said = read_yes_no(text, item.lang)
        if isinstance(said, Label):
            return said
        return Label.POSITIVE if said == "yes" else Label.NEGATIVE

    def clusters(self) -> list[dict[str, Any]]:
        """The decisions by their numbers."""
        return [
            plain_cluster(question, {"en": f"decision {question}", "zh": f"决策 {question}"})
            for question in dict.fromkeys(one.question for one in decisions()[EXPLICIT])
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.discrim_eval import discrim_eval_measures, discrim_eval_metrics

        return discrim_eval_metrics, discrim_eval_measures

    def _item(self, probe: str, one: Decision, route: Route, samples: int | None) -> Item:
        likelihood = route is Route.LIKELIHOOD
        text = self._data["question"].format(decision=one.text)
        person = (str(one.age), one.gender, one.race)
        return Item(
            suite=self.name,
            probe=probe,
            item=item_key(probe, route.value, one.question, *person),
            cluster=one.question,
            template=str(one.age),
            variant=one.race,
            lang="en",
            route=route,
            messages=(Message(role="user", content=text),),
            group=one.gender,
            candidates=(
                {label: tuple(texts) for label, texts in self._data["candidates"].items()}
                if likelihood
                else {}
            ),
            sampling=Sampling(**self._data["sampling"]),
            samples=1 if likelihood else samples or 1,
        )
