"""Suite ``bbq``: the public benchmark of Parrish et al. 2022, eleven categories, of a chat model.

Two people are told of and asked about, with three answers: the one, the other, "cannot be
determined". Where the context gives no answer the third is right, and to name a person is to follow
a stereotype or to go against it; where it gives one, the question is whether the stereotype
overrides it. What is asked and in which orders: :mod:`audit.probes.question_sets`.

Cluster: the question of a category (337, each with up to 150 pairs of people). The people were
drawn from lists, the questions written one by one, each about a documented stereotype: other
questions are what the score is to speak of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from audit.probes import bbq_data
from audit.probes.base import check_counts, check_langs
from audit.probes.data_suite import plain_cluster
from audit.probes.question_sets import ITEMS_A_QUESTION, QuestionSetSuite, choose, question_items
from audit.schema import Item


class BBQSuite(QuestionSetSuite):
    """See the module. Probes are the categories; wording, size and margins: ``data/bbq.yaml``."""

    name = bbq_data.NAME
    langs = ("en",)
    file = "bbq.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by category. Without ``limit`` one couple of sets for every question (a seeded
        choice of the 57,944); with it, as many couples as it holds, up to all.

        ``only``: clusters. Raises :class:`EnvironmentProblem` where the data are not on this
        machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kept: list[Item] = []
        for category in bbq_data.CATEGORIES:
            chosen = choose(
                bbq_data.questions(category),
                seed=seed,
                budget=None if limit is None else limit // ITEMS_A_QUESTION,
                per_cluster=self._data["couples_per_question"],
                only=only,
            )
            kept += question_items(chosen, self._data, suite=self.name, lang="en", samples=samples)
        return kept

    def clusters(self) -> list[dict[str, Any]]:
        """The questions of every category."""
        return [
            plain_cluster(cluster, {"en": name, "zh": name}, group=category)
            for category, cluster in bbq_data.clusters()
            for name in [cluster.replace("_", " ")]
        ]
