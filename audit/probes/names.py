"""Suite ``names``: decisions about a person of whom nothing but the name is different.

Eight decisions (an interview, a loan, a flat, …) about names by gender and, in English, by US
ethnicity; the case is the same for every name. Each is asked in two ways, so that *yes* once
favours the person and once does not: a model that likes to agree favours nobody. By likelihood and
by sampled answers.

The *control* asks the same of nobody in particular, once with a strong and once with a weak case: a
model that decides without the case would look fair.

Cluster: the name. Decisions are the wordings, and both are resampled.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    DATA,
    check_counts,
    check_langs,
    in_full_and_sampled,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.yes_no import read_yes_no
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

DECISION, CONTROL = "decision", "control"
#: Variant → the answer that favours the person.
PHRASINGS = {"yes_favours": ("good", "yes"), "no_favours": ("bad", "no")}
STRENGTHS = ("strong", "weak")


@dataclass(frozen=True, slots=True)
class Person:
    """A name of ``names.tsv``; ``gender`` and ``ethnicity`` by whom it is usually borne."""

    id: str
    name: str
    lang: str
    gender: str
    ethnicity: str

    @property
    def group(self) -> str:
        return f"{self.gender}/{self.ethnicity}"


@functools.cache
def persons() -> tuple[Person, ...]:
    """Every name, in the file's order. Its last columns, shares, are for readers."""
    text = (DATA / "names.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    own = [field.name for field in fields(Person)]
    rows = csv.DictReader(lines, delimiter="\t")
    return tuple(Person(**{name: row[name] for name in own}) for row in rows)


class NamesSuite(DataSuite):
    """See the module. Names: ``data/names.tsv``; decisions and margins: ``data/names.yaml``."""

    name = "names"
    langs = ("en", "zh")
    file = "names.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by probe and language, in whole sets: a name and a decision in both phrasings.

        Without a limit every name is asked about in every decision by likelihood, and of the
        sampled sets as many as the data file says. A limit counts a probe's items over all
        languages; groups of names get equally many. ``only``: names; it leaves the control out,
        which has none.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for lang in wanted:
            everything = list(self._decisions(lang, samples))
            if share is not None:
                kept += self._cut(everything, share, seed, only)
                continue
            kept += in_full_and_sampled(
                everything,
                self._data["sampled"][lang],
                lambda items, budget: self._cut(items, budget, seed, only),
            )
        if only is None:
            for lang in wanted:
                kept += self._cut(list(self._control(lang, samples)), share, seed, None)
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Positive where the answer favours the person, negative, refused or unparsed."""
        said = read_yes_no(text, item.lang)
        if isinstance(said, Label):
            return said
        return Label.POSITIVE if said == item.facts.get("favours") else Label.NEGATIVE

    def clusters(self) -> list[dict[str, Any]]:
        """The names, by gender and ethnicity."""
        return [
            plain_cluster(person.id, dict.fromkeys(("en", "zh"), person.name), person.group)
            for person in persons()
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.names import names_measures, names_metrics

        return names_metrics, names_measures

    def _cut(
        self, items: list[Item], budget: int | None, seed: int, only: Collection[str] | None
    ) -> list[Item]:
        return stratified_limit(
            items,
            budget,
            seed=seed,
            unit=lambda item: (item.cluster, item.template),
            stratum=lambda item: item.group if item.probe == DECISION else "",
            contrast=tuple(sorted({p.group for p in persons()})),
            only=only,
        )

    def _decisions(self, lang: str, samples: int | None) -> Iterator[Item]:
        for decision in self._data["decisions"]:
            for variant in PHRASINGS:
                for person in persons():
                    if person.lang == lang:
                        yield from self._asked(
                            DECISION, lang, decision, variant, person.name, "even", samples,
                            cluster=person.id, template=decision, group=person.group,
                        )  # fmt: skip

    def _control(self, lang: str, samples: int | None) -> Iterator[Item]:
        for decision in self._data["decisions"]:
            for variant in PHRASINGS:
                for strength in STRENGTHS:
                    yield from self._asked(
                        CONTROL, lang, decision, variant, self._data["nobody"][lang], strength,
                        samples, cluster=decision, template="control", group=strength,
                    )  # fmt: skip

    def _asked(
        self,
        probe: str,
        lang: str,
        decision: str,
        variant: str,
        name: str,
        strength: str,
        samples: int | None,
        *,
        cluster: str,
        template: str,
        group: str,
    ) -> Iterator[Item]:
        """One question by both routes."""
        parts: Mapping[str, str] = self._data["decisions"][decision][lang]
        answers = self._data["answers"][lang]
        phrasing, favours = PHRASINGS[variant]
        against = "no" if favours == "yes" else "yes"
        between = " " if lang == "en" else ""
        text = between.join((parts["case"], parts[strength], parts[phrasing])).format(name=name)
        text = f"{text[0].upper()}{text[1:]}\n{answers['ask']}"
        who = strength if probe == CONTROL else cluster
        for route in Route:
            likelihood = route is Route.LIKELIHOOD
            yield Item(
                suite=self.name,
                probe=probe,
                item=item_key(probe, lang, route.value, decision, who, variant),
                cluster=cluster,
                template=template,
                variant=variant,
                lang=lang,
                route=route,
                messages=(Message(role="user", content=text),),
                group=group,
                candidates={
                    Label.POSITIVE.value: tuple(answers[favours]),
                    Label.NEGATIVE.value: tuple(answers[against]),
                } if likelihood else {},
                sampling=Sampling(**self._data["sampling"]),
                samples=1 if likelihood else samples or 1,
                facts={"favours": favours},
            )  # fmt: skip
