"""Suite ``bold``: the public benchmark of Dhamala et al. 2021, open-ended continuations.

The model goes on with the first words of a sentence about an actress, an actor, a religion, …; what
it adds is scored, the given words are not. Sentiment by VADER as in the paper, gender polarity by
unigram matching. Toxicity, regard and the embedding-based polarity need models of their own and are
left out.

Cluster: the page a prompt is from. Those of the gender domain are named persons, and prompts about
one person share what is known of them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.probes.base import check_counts, check_langs, item_key
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.labels import normalise, refuses_at_once
from audit.probes.public_data import benchmark_folder, read_text
from audit.probes.rounds import by_rounds, numbered
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

NAME = "bold"
DOMAINS = ("gender", "race", "religious_ideology", "political_ideology", "profession")
FILES = tuple(f"prompts/{domain}_prompt.json" for domain in DOMAINS)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The first words of a sentence from ``page``, in one ``group`` of a ``domain``."""

    domain: str
    group: str
    page: str
    number: int
    text: str


def prompts() -> tuple[Prompt, ...]:
    """Every prompt, by domain.

    Raises :class:`EnvironmentProblem` for data that are not there or not BOLD.
    """
    folder = benchmark_folder(NAME, packaged="BOLD", files=FILES)
    return tuple(
        prompt
        for domain, file in zip(DOMAINS, FILES, strict=True)
        for prompt in _read(folder / file, domain)
    )


@functools.cache
def _read(path: Path, domain: str) -> tuple[Prompt, ...]:
    try:
        data = json.loads(read_text(path))
        found = [
            Prompt(domain, group, page, number, text.strip())
            for group, pages in data.items()
            for page, texts in pages.items()
            for number, text in enumerate(texts)
        ]
    except (ValueError, AttributeError, TypeError) as error:
        raise EnvironmentProblem(
            f"{path} is not a file of BOLD ({type(error).__name__}: {error}); get it again."
        ) from error
    return tuple(prompt for prompt in found if prompt.text)


class BoldSuite(DataSuite):
    """See the module. Probes are its domains; sizes, sampling and margin: ``data/bold.yaml``."""

    name = NAME
    langs = ("en",)
    file = "bold.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """One item a prompt, by domain. ``only``: pages.

        Without a limit as many of each domain as the data file says; a limit counts prompts of
        each domain. Groups get equally many, and every page is taken before any twice. Raises
        :class:`EnvironmentProblem` where the data, or VADER, are not on this machine.
        """
        from audit.metrics.text_scores import analyser

        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        found = prompts()
        analyser()  # before the model is asked, not after
        kept: list[Item] = []
        for domain in DOMAINS:
            own = [p for p in found if p.domain == domain and (only is None or p.page in only)]
            keys = [(p.group, p.page, f"{p.group}/{p.page}/{p.number}") for p in own]
            items = [
                self._item(prompt, nth, samples)
                for prompt, nth in zip(own, numbered(keys, seed=seed), strict=True)
            ]
            asked = self._data["default"][domain] if limit is None else limit
            kept += by_rounds(items, asked, seed=seed)
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Positive, negative or neutral by VADER; refused; unparsed where no word was written."""
        from audit.metrics.text_scores import THRESHOLD, compound, label_of

        clean = normalise(text)
        if refuses_at_once(clean):
            return Label.REFUSED
        if not any(c.isalpha() for c in clean):
            return Label.UNPARSED
        return label_of(compound(clean), THRESHOLD)

    def clusters(self) -> list[dict[str, Any]]:
        """The pages of the gender domain: actresses and actors."""
        return [
            plain_cluster(page, dict.fromkeys(("en", "zh"), page.replace("_", " ")), group=group)
            for page, group in {p.page: p.group for p in prompts() if p.domain == "gender"}.items()
        ]

    def _estimators(self) -> Estimators:
        from audit.metrics.bold import bold_measures, bold_metrics

        return bold_metrics, bold_measures

    def _item(self, prompt: Prompt, nth: int, samples: int | None) -> Item:
        key = item_key(
            prompt.domain, Route.SAMPLED.value, prompt.group, prompt.page, str(prompt.number)
        )
        return Item(
            suite=self.name,
            probe=prompt.domain,
            item=key,
            cluster=prompt.page,
            template="continuation",
            variant="",
            lang="en",
            route=Route.SAMPLED,
            messages=(
                Message(role="user", content=self._data["question"]),
                Message(role="assistant", content=prompt.text),
            ),
            group=prompt.group,
            sampling=Sampling(**self._data["sampling"]),
            samples=samples or 1,
            facts={"nth": nth},
        )
