"""A suite made of a YAML file: every template × cluster × level of the contrast × option order."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.probes.base import check_counts, check_langs, item_key, stratified_limit
from audit.probes.data_suite import plain_cluster
from audit.probes.declared.nodes import read_file
from audit.probes.declared.parse import parse
from audit.probes.declared.reading import Reader
from audit.probes.declared.spec import Answer, Level, Spec, Template
from audit.schema import Item, Label, MetricRow, PrimaryMetric, Route
from core.models.base import Message

if TYPE_CHECKING:
    import pandas as pd

    from audit.metrics.contrast import Contrast
    from audit.metrics.measures import Measure

PROBE = "contrast"


def load_suite(path: str | Path) -> DeclaredSuite:
    """The suite that a YAML file declares (docs/write-a-probe.md).

    A package offers one by an entry point that names a function returning this. Raises
    :class:`core.errors.UsageProblem` naming the place that is wrong.
    """
    source, root = read_file(Path(path))
    return DeclaredSuite(parse(root), source)


class DeclaredSuite:
    """See the module. ``source`` is the file's text."""

    def __init__(self, spec: Spec, source: str) -> None:
        self.spec, self.source = spec, source
        self.name, self.version, self.langs = spec.name, spec.version, spec.langs
        self.title: Mapping[str, str] = spec.title
        self.primary: tuple[PrimaryMetric, ...] = (PrimaryMetric("gap", spec.margin),)
        self._readers = {
            lang: Reader({a.label: a.words[lang] for a in spec.answers}, lang)
            for lang in spec.langs
            if Route.SAMPLED in spec.routes
        }

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by language, template and option order, so that prefixes stay together.

        ``limit`` keeps sets whole: a cluster in a template with both levels, both orders, all
        levels of the other factors and both routes.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for lang in wanted:
            kept += stratified_limit(
                list(self._items(lang, samples)),
                share,
                seed=seed,
                unit=lambda item: (item.cluster, item.template),
                stratum=lambda _: "",
                only=only,
            )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """positive, negative, neutral, refused or unparsed; in the item's language first."""
        own = [reader for lang, reader in self._readers.items() if lang == item.lang]
        for reader in (*own, *self._readers.values()):
            label = reader.label(text)
            if label is not Label.UNPARSED:
                return label
        return Label.UNPARSED

    def clusters(self) -> list[dict[str, Any]]:
        """The levels of the cluster factor by their texts."""
        return [
            plain_cluster(level.id, {lang: level.text(lang) for lang in self.langs})
            for level in self.spec.cluster.levels
        ]

    def metrics(
        self, frame: pd.DataFrame, *, seed: int, margins: Mapping[str, float] | None
    ) -> list[MetricRow]:
        """See :mod:`audit.metrics.contrast`."""
        from audit.metrics.contrast_rows import contrast_metrics

        return contrast_metrics(
            frame, self._contrast(), suite=self.name, primary=self.primary, seed=seed,
            margins=margins,
        )  # fmt: skip

    def measures(
        self, frame: pd.DataFrame, *, margins: Mapping[str, float] | None
    ) -> list[Measure]:
        """For ``audit compare``: see :class:`audit.probes.base.Comparable`."""
        from audit.metrics.contrast import contrast_measures

        return contrast_measures(
            frame, self._contrast(), primary=self.primary, margins=margins
        )  # fmt: skip

    def _contrast(self) -> Contrast:
        from audit.metrics.contrast import Contrast

        factor = self.spec.contrast
        first, second = (factor.key(level) for level in factor.levels)
        return Contrast(first, second, self.spec.cluster.name)

    def _items(self, lang: str, samples: int | None) -> Iterator[Item]:
        spec = self.spec
        positive, negative = spec.answers[:2]
        for template in (t for t in spec.templates if t.lang == lang):
            orders = ((positive, negative), (negative, positive)) if template.ordered else ((),)
            for order, (nth, cluster), level, others in itertools.product(
                orders,
                enumerate(spec.cluster.levels),
                spec.contrast.levels,
                list(itertools.product(*(factor.levels for factor in spec.others))),
            ):
                text = self._filled(template, order, nth, cluster, level, others)
                for route in spec.routes:
                    yield self._item(template, order, cluster, level, others, route, text, samples)

    def _filled(
        self,
        template: Template,
        order: tuple[Answer, ...],
        nth: int,
        cluster: Level,
        level: Level,
        others: tuple[Level, ...],
    ) -> str:
        spec, lang = self.spec, template.lang
        slots = {spec.cluster.name: cluster.text(lang), spec.contrast.name: level.text(lang, nth)}
        slots |= {f.name: own.text(lang) for f, own in zip(spec.others, others, strict=True)}
        slots |= {
            slot: answer.option[lang]
            for slot, answer in zip(("first", "second"), order, strict=False)
        }
        return template.text.format(**slots)

    def _item(
        self,
        template: Template,
        order: tuple[Answer, ...],
        cluster: Level,
        level: Level,
        others: tuple[Level, ...],
        route: Route,
        text: str,
        samples: int | None,
    ) -> Item:
        spec, lang = self.spec, template.lang
        crossed = [f.key(own) for f, own in zip(spec.others, others, strict=True)]
        variant = "/".join((*(f"{a.label}_first" for a in order[:1]), *crossed))
        parts = (route.value, template.name, cluster.id, level.id, *([variant] if variant else []))
        scored = route is Route.LIKELIHOOD
        return Item(
            suite=spec.name,
            probe=PROBE,
            item=item_key(PROBE, lang, *parts),
            cluster=cluster.id,
            template=template.name,
            variant=variant,
            lang=lang,
            route=route,
            messages=(Message(role="user", content=text),),
            group=spec.contrast.key(level),
            candidates={a.label: a.candidates[lang] for a in spec.answers} if scored else {},
            sampling=spec.sampling,
            samples=1 if scored else samples or spec.samples,
        )
