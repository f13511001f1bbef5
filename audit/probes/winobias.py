"""Suite ``winobias``: the public coreference benchmark of Zhao et al. 2018, asked of a chat model.

Who is meant by the pronoun, one occupation or the other? Every sentence is asked in both versions
(the pronoun agrees with the occupation's stereotype, or goes against it), with the occupations
offered in both orders, by likelihood and by sampled answers.

The sampled factors are the occupations: nearly each of the 20 mostly held by men meets each of the
20 held by women in a couple of sentences of each type. So an item's cluster is the former, its
template the latter, and both are resampled (:mod:`audit.metrics.winobias`). Sentences, or pairs of
occupations, would pass for independent though 40 of them share an occupation.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    check_counts,
    check_langs,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.labels import read_item_referent
from audit.probes.winobias_sentences import KINDS, NAME, SIDES, Pair, pairs
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

_ORDERS = ("correct_first", "correct_second")


class WinoBiasSuite(DataSuite):
    """See the module. Probes are WinoBias's types; question and margin: ``data/winobias.yaml``."""

    name = NAME
    langs = ("en",)
    file = "winobias.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by type. ``limit`` keeps a couple of sentences, each occupation meant once, whole.

        ``only``: occupations mostly held by men. Raises :class:`EnvironmentProblem` where the data
        are not on this machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kept: list[Item] = []
        for kind in KINDS:
            kept += stratified_limit(
                list(self._items(kind, samples)),
                limit,
                seed=seed,
                unit=lambda item: (item.cluster, (item.template, item.facts["nth"])),
                stratum=lambda _: "",
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """correct, incorrect, refused or unparsed."""
        return read_item_referent(item, text)

    def clusters(self) -> list[dict[str, Any]]:
        """The occupations mostly held by men."""
        return [
            plain_cluster(job, {"en": job, "zh": job}, group="men")
            for job in dict.fromkeys(pair.man for pair in pairs())
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.winobias import winobias_measures, winobias_metrics

        return winobias_metrics, winobias_measures

    def _items(self, kind: str, samples: int | None) -> Iterator[Item]:
        # Most pairs of occupations have one couple of sentences of a type, a few have two.
        couples: dict[tuple[str, str], list[str]] = {}
        for pair in pairs():
            if pair.kind != kind:
                continue
            known = couples.setdefault((pair.man, pair.woman), [])
            if pair.couple not in known:
                known.append(pair.couple)
            nth = known.index(pair.couple)
            for side, order, route in itertools.product(SIDES, _ORDERS, Route):
                yield self._item(pair, nth, side, order, route, samples)

    def _item(
        self, pair: Pair, nth: int, side: str, order: str, route: Route, samples: int | None
    ) -> Item:
        data = self._data
        offered = (pair.meant, pair.other)
        first, second = offered if order == "correct_first" else offered[::-1]
        text = data["question"].format(
            sentence=pair.texts[side], pronoun=pair.pronouns[side], first=first, second=second
        )
        candidates = {
            label: tuple(form.format(job=job) for form in data["answers"])
            for label, job in zip(("correct", "incorrect"), offered, strict=True)
        }
        likelihood = route is Route.LIKELIHOOD
        return Item(
            suite=self.name,
            probe=pair.kind,
            # Metrics pair the four questions of a sentence by all but the last two parts.
            item=item_key(pair.kind, route.value, pair.id, side, order),
            cluster=pair.man,
            template=pair.woman,
            variant=order,
            lang="en",
            route=route,
            messages=(Message(role="user", content=text),),
            group=side,
            candidates=candidates if likelihood else {},
            sampling=Sampling(**data["sampling"]),
            samples=1 if likelihood else samples or 1,
            facts={"correct": pair.meant, "incorrect": pair.other, "nth": nth},
        )
