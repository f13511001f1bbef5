"""Suite ``cbbq``: the Chinese benchmark of Huang & Xiong 2024, fourteen categories.

Asked and measured like ``bbq`` (:mod:`audit.probes.question_sets`, :mod:`audit.metrics.bbq`); what
is known of its files is in :mod:`audit.probes.cbbq_data`. No package carries them: they are read
from a local folder. Cluster: the template of a category and kind of context.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from audit.probes import cbbq_data
from audit.probes.base import check_counts, check_langs
from audit.probes.data_suite import plain_cluster
from audit.probes.question_sets import (
    AMBIGUOUS,
    ITEMS_A_QUESTION,
    QuestionSetSuite,
    choose,
    question_items,
)
from audit.schema import Item


class CBBQSuite(QuestionSetSuite):
    """See the module. Probes are the categories; wording, size and margins: ``data/cbbq.yaml``."""

    name = cbbq_data.NAME
    langs = ("zh",)
    file = "cbbq.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by category, half of a limit for either kind of context.

        Without ``limit`` one couple for every template; with it, as many as it holds, up to all.
        ``only``: clusters. Raises :class:`EnvironmentProblem` where the data are not on this
        machine.
        """
        check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        kept: list[Item] = []
        for category in cbbq_data.CATEGORIES:
            asked = cbbq_data.questions(category)
            for ambiguous in (True, False):
                chosen = choose(
                    [q for q in asked if (q.side == AMBIGUOUS) == ambiguous],
                    seed=seed,
                    budget=None if limit is None else limit // ITEMS_A_QUESTION // 2,
                    per_cluster=self._data["couples_per_question"],
                    only=only,
                )
                kept += question_items(
                    chosen, self._data, suite=self.name, lang="zh", samples=samples
                )
        return kept

    def clusters(self) -> list[dict[str, Any]]:
        """The templates of every category."""
        return [
            plain_cluster(cluster, {"en": cluster, "zh": cluster}, group=category)
            for category in cbbq_data.CATEGORIES
            for cluster in dict.fromkeys(q.cluster for q in cbbq_data.questions(category))
        ]
