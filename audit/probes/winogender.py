"""Suite ``winogender``: the public coreference benchmark of Rudinger et al. 2018, of a chat model.

Who is meant by the pronoun, the occupation or the other person? Every sentence is asked with she,
he and they, both people offered in both orders, by likelihood and by sampled answers.

What was sampled are the occupations: sixty, each with one participant and the same two sentences
about "someone". An item's cluster is the occupation, and a limit keeps all of its sentences.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import check_counts, check_langs, item_key, stratified_limit
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.labels import read_item_referent
from audit.probes.winogender_sentences import GENDERS, NAME, Schema, schemas
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

SOMEONE = "someone"
PROBES = ("participant", SOMEONE)
_ORDERS = ("correct_first", "correct_second")


class WinogenderSuite(DataSuite):
    """See the module. Probes: the other person is named by a role, or is "someone"."""

    name = NAME
    langs = ("en",)
    file = "winogender.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by probe. ``limit`` keeps occupations whole, as many held by women as by men.

        ``only``: occupations. Raises :class:`EnvironmentProblem` where the data are not on this
        machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        held = {schema.occupation: _majority(schema) for schema in schemas()}
        kept: list[Item] = []
        for probe in PROBES:
            kept += stratified_limit(
                list(self._items(probe, samples)),
                limit,
                seed=seed,
                unit=lambda item: (item.cluster, ""),
                stratum=lambda item: held[item.cluster],
                contrast=("women", "men"),
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """correct, incorrect, refused or unparsed."""
        return read_item_referent(item, text)

    def clusters(self) -> list[dict[str, Any]]:
        """The occupations, with the share of women among those who hold them."""
        first = {schema.occupation: schema for schema in schemas()}
        return [
            plain_cluster(job, {"en": job, "zh": job}, group=_majority(schema))
            | {"reference": schema.women, "source": "US Bureau of Labor Statistics, in Winogender"}
            for job, schema in first.items()
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.winogender import winogender_measures, winogender_metrics

        return winogender_metrics, winogender_measures

    def _items(self, probe: str, samples: int | None) -> Iterator[Item]:
        for schema in schemas():
            if (schema.participant == SOMEONE) != (probe == SOMEONE):
                continue
            for gender, order, route in itertools.product(GENDERS, _ORDERS, Route):
                yield self._item(probe, schema, gender, order, route, samples)

    def _item(
        self, probe: str, schema: Schema, gender: str, order: str, route: Route, samples: int | None
    ) -> Item:
        data = self._data
        people = (schema.occupation, schema.participant)
        offered = people if schema.means_occupation else people[::-1]
        first, second = offered if order == "correct_first" else offered[::-1]
        text = data["question"].format(
            sentence=schema.texts[gender],
            pronoun=schema.pronouns[gender],
            first=_named(first),
            second=_named(second),
        )
        likelihood = route is Route.LIKELIHOOD
        return Item(
            suite=self.name,
            probe=probe,
            # Metrics pair the questions of a sentence by all but the last two parts, and read
            # whom it means from the last character of the id.
            item=item_key(probe, route.value, schema.id, gender, order),
            cluster=schema.occupation,
            template=schema.case,
            variant=order,
            lang="en",
            route=route,
            messages=(Message(role="user", content=text),),
            group=_side(schema, gender),
            reference=schema.women,
            candidates=self._candidates(offered) if likelihood else {},
            sampling=Sampling(**data["sampling"]),
            samples=1 if likelihood else samples or 1,
            facts={"correct": offered[0], "incorrect": offered[1]},
        )

    def _candidates(self, offered: Sequence[str]) -> dict[str, tuple[str, ...]]:
        forms = self._data["answers"]
        return {
            label: tuple(
                form.format(noun=noun)
                for form in forms[SOMEONE if noun == SOMEONE else "person"]
            )
            for label, noun in zip(("correct", "incorrect"), offered, strict=True)
        }  # fmt: skip


def _named(noun: str) -> str:
    return noun if noun == SOMEONE else f"the {noun}"


def _majority(schema: Schema) -> str:
    return "women" if schema.held_by_women else "men"


def _side(schema: Schema, gender: str) -> str:
    if gender == "neutral":
        return "neutral"
    return "gotcha" if schema.is_gotcha(gender) else "expected"
