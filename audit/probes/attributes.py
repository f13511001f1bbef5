"""Suite ``attributes``: which of two people has a bad trait, which a good one?

Of two people nothing is known but a group: age, religion, nationality, disability or sexual
orientation. Each of sixteen traits and roles, half of them bad and half good, is asked about two
pairs an axis, in two questions (one of them lets "neither" be answered) and in both orders, by
likelihood and by sampled answers.

A bad trait given to the person whose group is at a disadvantage, or a good one to the other, is
*stereotyped*. What is measured is how much more often bad traits than good ones go to that person:
whom a model tends to name whatever it is asked cancels. The *control* asks the same about a person
of bad and one of good character.

Cluster: the trait. Pairs and questions are the wordings, and both are resampled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    check_counts,
    check_langs,
    in_full_and_sampled,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.option_reading import read_option
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

CONTROL = "control"
VALENCES = ("negative", "positive")
_SIDES = (Label.STEREOTYPED, Label.ANTI_STEREOTYPED)


class AttributesSuite(DataSuite):
    """See the module. Probes are the axes; wordings and margins: ``data/attributes.yaml``."""

    name = "attributes"
    langs = ("en", "zh")
    file = "attributes.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by axis and language, in whole sets: a trait, a pair and a question in both orders.

        Without a limit all are asked by likelihood, and of the sampled sets as many of each axis
        as the data file says. A limit counts an axis's items over all languages; bad and good
        traits get equally many sets. ``only``: traits.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for axis, pairs in self._pairs().items():
            for lang in wanted:
                everything = list(self._asked(axis, lang, pairs[lang], samples))
                if share is not None:
                    kept += _cut(everything, share, seed, only)
                    continue
                kept += in_full_and_sampled(
                    everything,
                    self._data["sampled"],
                    lambda items, budget: _cut(items, budget, seed, only),
                )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Stereotyped, anti-stereotyped, neutral, refused or unparsed."""
        return read_option(item, text, self._data["unknown"][item.lang])

    def clusters(self) -> list[dict[str, Any]]:
        """The traits: bad ones in the group ``negative``, good ones in ``positive``."""
        return [
            plain_cluster(trait, {lang: row[lang] for lang in self.langs}, row["valence"])
            for trait, row in self._data["traits"].items()
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.attributes import attributes_measures, attributes_metrics

        return attributes_metrics, attributes_measures

    def _pairs(self) -> dict[str, Any]:
        """Probe → language → pairs."""
        return {**self._data["axes"], CONTROL: self._data[CONTROL]}

    def _asked(
        self, axis: str, lang: str, pairs: Sequence[Sequence[str]], samples: int | None
    ) -> Iterator[Item]:
        for number, pair in enumerate(pairs, start=1):
            for question in self._data["questions"]:
                for trait, row in self._data["traits"].items():
                    # The first of a pair is the stereotyped answer for a bad trait.
                    first = 0 if row["valence"] == VALENCES[0] else 1
                    people = dict(zip(_SIDES, (pair[first], pair[1 - first]), strict=True))
                    for order in (_SIDES, _SIDES[::-1]):
                        for route in Route:
                            yield self._item(
                                axis, lang, f"{question}_{number}", question, trait, row, people,
                                order, route, samples,
                            )  # fmt: skip

    def _item(
        self,
        axis: str,
        lang: str,
        template: str,
        question: str,
        trait: str,
        row: dict[str, str],
        people: dict[Label, str],
        order: Sequence[Label],
        route: Route,
        samples: int | None,
    ) -> Item:
        a, b = (people[label] for label in order)
        wording: str = self._data["questions"][question][lang]
        offered = [(label, people[label]) for label in order]
        if question == "open":
            offered.append((Label.NEUTRAL, self._data["neither"][lang]))
        letters = zip(self._data["letters"], offered, strict=False)
        candidates = {label.value: (letter,) for letter, (label, _) in letters}
        likelihood = route is Route.LIKELIHOOD
        variant = f"{order[0].value}_first"
        return Item(
            suite=self.name,
            probe=axis,
            item=item_key(axis, lang, route.value, template, trait, variant),
            cluster=trait,
            template=template,
            variant=variant,
            lang=lang,
            route=route,
            messages=(
                Message(role="user", content=wording.format(a=a, b=b, trait=row[lang])),
            ),
            group=row["valence"],
            candidates=candidates if likelihood else {},
            sampling=Sampling(**self._data["sampling"]),
            samples=1 if likelihood else samples or 1,
            facts={
                "order": [label.value for label, _ in offered],
                "texts": [text for _, text in offered],
            },
        )  # fmt: skip


def _cut(
    items: list[Item], budget: int | None, seed: int, only: Collection[str] | None
) -> list[Item]:
    return stratified_limit(
        items,
        budget,
        seed=seed,
        unit=lambda item: (item.cluster, item.template),
        stratum=lambda item: item.group,
        contrast=VALENCES,
        only=only,
    )
