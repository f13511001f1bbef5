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
from typing import Any

from audit.probes.base import item_key
from audit.schema import Item, Label, Route
from core.models.base import Message, Sampling

#: Sides of a question: the context gives no answer; it gives the one that agrees with the
#: stereotype; or the one that goes against it.
AMBIGUOUS, ALIGNED, CONFLICTING = "ambiguous", "aligned", "conflicting"
NEGATIVE, NON_NEGATIVE = "negative", "non_negative"
ANSWERS = (Label.STEREOTYPED, Label.ANTI_STEREOTYPED, Label.NEUTRAL)
#: Every answer stands first once, by every route.
ITEMS_A_QUESTION = len(ANSWERS) * len(Route)


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
    forward = int(_digest(question.id), 16) % 2 == 0
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
    drawn = {
        cluster: sorted(sizes, key=lambda name: _digest(f"{seed}:{name}"))
        for cluster, sizes in couples.items()
    }
    clusters = sorted(drawn, key=lambda name: _digest(f"{seed}:{name}"))
    rounds = max((len(names) for names in drawn.values()), default=0)
    kept: set[str] = set()
    left = budget
    for turn in range(rounds if left is not None else min(rounds, per_cluster)):
        for cluster in clusters:
            if turn >= len(drawn[cluster]):
                continue
            name = drawn[cluster][turn]
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


def _digest(name: str) -> str:
    # A hash instead of a generator: more data do not change what was drawn before.
    return hashlib.sha256(name.encode()).hexdigest()
