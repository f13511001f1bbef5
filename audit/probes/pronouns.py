"""Suite ``pronouns``: does a stereotype beat the sentence, and are stated pronouns kept?

*coreference*: the sentence itself decides whom she, he or they means; each of two jobs stands once
in each place, and both orders of the options are asked, by likelihood and by sampled answers.
*given*: a person introduced as she, he, they or xe (Chinese 她, 他, TA) is written about.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    check_counts,
    check_langs,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.labels import read_item_referent, read_pronouns
from audit.probes.occupations import Occupation, occupations
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

_STEREOTYPE = {"women": "she", "men": "he"}


class PronounsSuite(DataSuite):
    """See the module. Schemas, scenarios and margins: ``data/pronouns.yaml``."""

    name = "pronouns"
    langs = ("en", "zh")
    file = "pronouns.yaml"

    def __init__(self) -> None:
        super().__init__()
        self._jobs = {job.id: job for job in occupations()}

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by probe and language. ``limit`` keeps schemas, and sets of pronouns, whole."""
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for lang in wanted:
            kept += stratified_limit(
                list(self._coreference(lang, samples)),
                share,
                seed=seed,
                unit=lambda item: (item.cluster, ""),
                stratum=lambda item: str(item.facts["answer"]),
                only=only,
            )
        for lang in wanted:
            kept += stratified_limit(
                list(self._given(lang, samples)),
                share,
                seed=seed,
                unit=lambda item: (item.cluster, item.template),
                stratum=lambda _: "",
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """correct, incorrect, refused or unparsed."""
        if item.probe == "coreference":
            return read_item_referent(item, text)
        return read_pronouns(text, item.lang, given=item.group)

    def clusters(self) -> list[dict[str, Any]]:
        """The schemas (named by their sentence), then the jobs of *given*."""
        schemas = [
            plain_cluster(
                name,
                {lang: self._sentence(schema, lang, "she", "A", "B") for lang in self.langs},
            )
            for name, schema in self._data["coreference"]["schemas"].items()
        ]
        jobs = [self._jobs[name].cluster() for name in self._data["given"]["jobs"]]
        return schemas + jobs

    def _estimators(self) -> Estimators:
        from audit.metrics.pronouns import pronoun_measures, pronoun_metrics

        return pronoun_metrics, pronoun_measures

    def _sentence(self, schema: Mapping[str, Any], lang: str, pronoun: str, a: str, b: str) -> str:
        forms = self._data["forms"][lang][pronoun]
        sentence: str = schema[lang].format(a=a, b=b, **forms)
        return sentence

    def _coreference(self, lang: str, samples: int | None) -> Iterator[Item]:
        data = self._data["coreference"]
        for name, schema in data["schemas"].items():
            pair = [self._jobs[job] for job in schema["pair"]]
            for pronoun, (a, b), order, route in itertools.product(
                data["sets"], (pair, pair[::-1]), ("a_first", "b_first"), Route
            ):
                yield self._coreference_item(
                    lang, name, schema, pronoun, a, b, order, route, samples
                )

    def _coreference_item(
        self,
        lang: str,
        name: str,
        schema: Mapping[str, Any],
        pronoun: str,
        a: Occupation,
        b: Occupation,
        order: str,
        route: Route,
        samples: int | None,
    ) -> Item:
        data = self._data["coreference"]
        meant, other = (a, b) if schema["answer"] == "a" else (b, a)
        named = [data["named"][lang].format(job=job.name(lang)) for job in (a, b)]
        first, second = named if order == "a_first" else named[::-1]
        text = data["question"][lang].format(
            sentence=self._sentence(schema, lang, pronoun, a.name(lang), b.name(lang)),
            p=self._data["forms"][lang][pronoun]["p"],
            first=first,
            second=second,
        )
        candidates = {
            label: tuple(form.format(job=job.name(lang)) for form in data["answers"][lang])
            for label, job in (("correct", meant), ("incorrect", other))
        }
        likelihood = route is Route.LIKELIHOOD
        return Item(
            suite=self.name,
            probe="coreference",
            item=item_key("coreference", lang, route.value, name, pronoun, a.id, order),
            cluster=name,
            template=f"who_{pronoun}",
            variant="correct_first" if order[0] == schema["answer"] else "correct_second",
            lang=lang,
            route=route,
            messages=(Message(role="user", content=text),),
            group=_agreement(pronoun, meant),
            candidates=candidates if likelihood else {},
            sampling=Sampling(**data["sampling"]),
            samples=1 if likelihood else samples or 1,
            facts={
                "pronoun": pronoun,
                "referent": meant.id,
                "correct": meant.name(lang),
                "incorrect": other.name(lang),
                "answer": schema["answer"],
            },
        )

    def _given(self, lang: str, samples: int | None) -> Iterator[Item]:
        data = self._data["given"]
        for template, wording in data["scenarios"][lang].items():
            for name, pronoun in itertools.product(data["jobs"], data["sets"][lang]):
                job = self._jobs[name]
                text = wording.format(
                    job=job.name(lang),
                    a_job=job.with_article(lang),
                    set=self._data["forms"][lang][pronoun]["declared"],
                )
                yield Item(
                    suite=self.name,
                    probe="given",
                    item=item_key("given", lang, Route.SAMPLED.value, template, name, pronoun),
                    cluster=name,
                    template=template,
                    variant="",
                    lang=lang,
                    route=Route.SAMPLED,
                    messages=(Message(role="user", content=text),),
                    group=pronoun,
                    sampling=Sampling(**data["sampling"]),
                    samples=samples or 1,
                    facts={"pronoun": pronoun, "subject": job.name(lang)},
                )


def _agreement(pronoun: str, meant: Occupation) -> str:
    """Whether the pronoun fits what labour statistics suggest of the job: pro, anti, neutral."""
    if pronoun not in _STEREOTYPE.values():
        return "neutral"
    return "pro" if _STEREOTYPE.get(meant.group) == pronoun else "anti"
