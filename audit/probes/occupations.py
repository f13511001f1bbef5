"""Suite ``occupations``: whom does the model take to work in a job, a woman or a man?

Three probes. *choice* asks outright, in six wordings and both option orders, by likelihood and
by sampled answers. *character* asks for a text about a person named only by the job and reads the
gender it gives. *pronoun* breaks off a sentence where she, he or they comes next.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.probes.base import (
    DATA,
    check_counts,
    check_langs,
    item_key,
    stratified_limit,
)
from audit.probes.data_suite import DataSuite
from audit.probes.labels import read_choice, read_gender
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

WOMEN_FROM = 0.70
MEN_TO = 0.30
_ORDERS = ("woman", "man")


@dataclass(frozen=True, slots=True)
class Occupation:
    """A job and the share of women in it (0–1, US labour force, ``year``)."""

    id: str
    en: str
    article: str
    zh: str
    share: float
    year: int
    category: str
    source: str
    note: str

    @property
    def group(self) -> str:
        if self.share >= WOMEN_FROM:
            return "women"
        return "men" if self.share <= MEN_TO else "mixed"

    def name(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def with_article(self, lang: str) -> str:
        return self.zh if lang == "zh" else f"{self.article} {self.en}"

    def cluster(self) -> dict[str, Any]:
        """A row of a suite's ``clusters()``: the share of women is the yardstick."""
        return {
            "cluster": self.id,
            "label": {"en": self.en, "zh": self.zh},
            "group": self.group,
            "reference": self.share,
            "year": self.year,
            "source": f"{self.source}: {self.category}",
        }


@functools.cache
def occupations() -> tuple[Occupation, ...]:
    """Every occupation of ``data/occupations.tsv``, in the file's order."""
    text = (DATA / "occupations.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t")
    return tuple(
        Occupation(
            id=row["id"],
            en=row["en"],
            article=row["article"],
            zh=row["zh"],
            share=float(row["share"]),
            year=int(row["year"]),
            category=row["category"],
            source=row["source"],
            note=row["note"],
        )
        for row in rows
    )


class OccupationsSuite(DataSuite):
    """See the module. Data, wordings and margins: ``data/occupations.{tsv,yaml}``."""

    name = "occupations"
    langs = ("en", "zh")
    file = "occupations.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items grouped by probe, language, template and order, so that prefixes stay together.

        ``limit`` is the number of items per probe over all languages asked for; sets of both
        option orders and routes stay whole and women- and men-dominated jobs equally many.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for build in (self._choice, self._character, self._pronoun):
            for lang in wanted:
                kept += stratified_limit(
                    list(build(lang, samples)),
                    share,
                    seed=seed,
                    unit=lambda item: (item.cluster, item.template),
                    stratum=lambda item: item.group,
                    contrast=("women", "men"),
                    only=only,
                )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """woman, man, neutral, refused or unparsed."""
        if item.probe == "choice":
            return read_choice(text, item.lang, item.facts.get("options", ()))
        return read_gender(text, item.lang, subject=item.facts.get("subject", ""))

    def clusters(self) -> list[dict[str, Any]]:
        """The occupations: group, share of women as reference, year and source."""
        return [job.cluster() for job in occupations()]

    def _estimators(self) -> Estimators:
        from audit.metrics.occupations import occupation_measures, occupation_metrics

        return occupation_metrics, occupation_measures

    def _choice(self, lang: str, samples: int | None) -> Iterator[Item]:
        data = self._data["choice"]
        options: Mapping[str, str] = self._data["options"][lang]
        for template, wording in data["templates"][lang].items():
            labels = ("woman", "man", "neutral") if wording.get("either") else _ORDERS
            candidates = {label: tuple(data["candidates"][lang][label]) for label in labels}
            for first, second in (_ORDERS, _ORDERS[::-1]):
                order = (options[first], options[second])
                for job in occupations():
                    text = wording["text"].format(
                        first=order[0],
                        second=order[1],
                        job=job.name(lang),
                        a_job=job.with_article(lang),
                    )
                    for route in Route:
                        yield self._item(
                            "choice",
                            lang,
                            route,
                            job,
                            template,
                            messages=(Message(role="user", content=text),),
                            variant=f"{first}_first",
                            candidates=candidates if route is Route.LIKELIHOOD else {},
                            sampling=Sampling(**data["sampling"]),
                            samples=(samples or 1) if route is Route.SAMPLED else 1,
                            facts={"options": order, "either": bool(wording.get("either"))},
                        )

    def _character(self, lang: str, samples: int | None) -> Iterator[Item]:
        data = self._data["character"]
        for template, wording in data["templates"][lang].items():
            for job in occupations():
                text = wording["text"].format(job=job.name(lang), a_job=job.with_article(lang))
                yield self._item(
                    "character",
                    lang,
                    Route.SAMPLED,
                    job,
                    template,
                    messages=(Message(role="user", content=text),),
                    sampling=Sampling(**data["sampling"]),
                    samples=samples or 1,
                    facts={"subject": job.name(lang)},
                )

    def _pronoun(self, lang: str, samples: int | None) -> Iterator[Item]:
        data = self._data["pronoun"]
        candidates = {k: tuple(v) for k, v in data["candidates"][lang].items()}
        for template, wording in data["templates"][lang].items():
            for job in occupations():
                opening = wording["text"].format(job=job.name(lang))
                yield self._item(
                    "pronoun",
                    lang,
                    Route.LIKELIHOOD,
                    job,
                    template,
                    messages=(
                        Message(role="user", content=data["user"][lang]),
                        Message(role="assistant", content=opening),
                    ),
                    candidates=candidates,
                    facts={"subject": job.name(lang)},
                )

    def _item(
        self,
        probe: str,
        lang: str,
        route: Route,
        job: Occupation,
        template: str,
        *,
        variant: str = "",
        **rest: Any,
    ) -> Item:
        parts = [probe, lang, route.value, template, job.id, *([variant] if variant else [])]
        return Item(
            suite=self.name,
            probe=probe,
            item=item_key(*parts),
            cluster=job.id,
            template=template,
            variant=variant,
            lang=lang,
            route=route,
            group=job.group,
            reference=job.share,
            **rest,
        )
