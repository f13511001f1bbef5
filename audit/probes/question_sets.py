"""Questions with three answers, one of which follows a stereotype: what ``bbq`` and ``cbbq`` share.

A question's answers are the one that follows the stereotype, the one against it and "unknown". They
are offered in three rotated orders, each standing at each place once; in which direction they are
rotated is fixed by the question's name, so half of the questions have each.

Questions come in *couples* of matched sets that are chosen whole. Where the context gives the
answer, the couple has as many right answers that agree with the stereotype as go against it: a
model that is always right must not look biased because of what was drawn.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.probes.base import drawn, item_key
from audit.probes.data_suite import DataSuite
from audit.probes.option_reading import read_option
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

#: Sides of a question: the context gives no answer; it gives the one that agrees with the
#: stereotype; or the one that goes against it.
AMBIGUOUS, ALIGNED, CONFLICTING = "ambiguous", "aligned", "conflicting"
NEGATIVE, NON_NEGATIVE = "negative", "non_negative"
ANSWERS = (Label.STEREOTYPED, Label.ANTI_STEREOTYPED, Label.NEUTRAL)
#: Every answer stands first once, by every route.
ITEMS_A_QUESTION = len(ANSWERS) * len(Route)


class QuestionSetSuite(DataSuite):
    """How an answer is read and what is measured; a subclass says what is asked."""

    def label(self, item: Item, text: str) -> Label:
        """stereotyped, anti_stereotyped, neutral, refused or unparsed."""
        return read_option(item, text, self._data["unknown"])

    def _estimators(self) -> Estimators:
        from audit.metrics.bbq import bbq_measures, bbq_metrics

        return bbq_metrics, bbq_measures


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``id`` is unique in its category and stable; ``couple`` is chosen whole.

    ``cluster`` is the template it was made from, with its category; ``answers`` are the texts by
    label (``ANSWERS``); ``side`` one of the three above and ``polarity`` one of the two.
    """

    id: str
    category: str
    cluster: str
    couple: str
    polarity: str
    side: str
    context: str
    question: str
    answers: Mapping[Label, str]


def orders(question: Question) -> dict[str, tuple[Label, ...]]:
    """Variant → the labels in the order offered; the variant says which stands first."""
    forward = int(hashlib.sha256(question.id.encode()).hexdigest(), 16) % 2 == 0
    base = ANSWERS if forward else ANSWERS[::-1]
    rotated = (base[at:] + base[:at] for at in range(len(base)))
    return {f"{order[0].value}_first": order for order in rotated}


def question_items(
    questions: Iterable[Question],
    data: Mapping[str, Any],
    *,
    suite: str,
    lang: str,
    samples: int | None,
) -> Iterator[Item]:
    """Every question in every order by both routes. ``data``: the suite's data file."""
    for question in questions:
        for variant, order in orders(question).items():
            for route in Route:
                yield _item(question, variant, order, route, data, suite, lang, samples)


def choose(
    questions: Sequence[Question],
    *,
    seed: int,
    budget: int | None,
    per_cluster: int,
    only: Collection[str] | None,
) -> list[Question]:
    """Whole couples of one category: each cluster once before any twice, drawn by ``seed``.

    ``budget``: questions at most, but one couple at least; None: ``per_cluster`` couples of every
    cluster, and only where there is a budget may a cluster give more. ``only``: the clusters to
    choose from.
    """
    couples: dict[str, dict[str, int]] = defaultdict(dict)
    for question in questions:
        if only is None or question.cluster in only:
            sizes = couples[question.cluster]
            sizes[question.couple] = sizes.get(question.couple, 0) + 1
    in_turn = {
        cluster: sorted(sizes, key=lambda name: drawn(seed, name))
        for cluster, sizes in couples.items()
    }
    clusters = sorted(in_turn, key=lambda name: drawn(seed, name))
    rounds = max((len(names) for names in in_turn.values()), default=0)
    kept: set[str] = set()
    left = budget
    for turn in range(rounds if left is not None else min(rounds, per_cluster)):
        for cluster in clusters:
            if turn >= len(in_turn[cluster]):
                continue
            name = in_turn[cluster][turn]
            if left is not None:
                left -= couples[cluster][name]
                if left < 0 and kept:
                    return [q for q in questions if q.couple in kept]
            kept.add(name)
    return [q for q in questions if q.couple in kept]


def _item(
    question: Question,
    variant: str,
    order: Sequence[Label],
    route: Route,
    data: Mapping[str, Any],
    suite: str,
    lang: str,
    samples: int | None,
) -> Item:
    letters = dict(zip(order, data["letters"], strict=True))
    offered = [question.answers[label] for label in order]
    text = data["question"].format(
        context=question.context,
        question=question.question,
        **dict(zip("abc", offered, strict=True)),
    )
    likelihood = route is Route.LIKELIHOOD
    return Item(
        suite=suite,
        probe=question.category,
        # Metrics put the orders of a question together by all but the last part.
        item=item_key(question.category, route.value, question.id, variant),
        cluster=question.cluster,
        template=question.polarity,
        variant=variant,
        lang=lang,
        route=route,
        messages=(Message(role="user", content=text),),
        group=question.side,
        candidates={
            label.value: (letters[label], question.answers[label]) for label in ANSWERS
        } if likelihood else {},
        sampling=Sampling(**data["sampling"]),
        samples=1 if likelihood else samples or 1,
        facts={"order": [label.value for label in order], "texts": offered},
    )  # fmt: skip
