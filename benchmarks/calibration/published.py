"""Designs of benchmarks whose texts are not at hand: respondents need their questions' keys alone.

Category and template counts are those of the papers where they matter to the arithmetic; which
person a question names does not.
"""

from __future__ import annotations

import itertools

from audit.probes.base import item_key
from audit.schema import Item, Label, Route

#: DiscrimEval (Tamkin et al. 2023): three of its nine ages, whose every person is asked about.
_DECISIONS = 70
_AGES = (20, 60, 100)
_GENDERS = ("male", "female", "non-binary")
_RACES = ("white", "Black", "Asian", "Hispanic", "Native American")
#: CBBQ (Huang & Xiong 2024): its categories; a dozen templates of each.
_CATEGORIES, _TEMPLATES = 14, 12
_ORDERS = ("stereotyped", "anti_stereotyped", "neutral")
#: HONEST (Nozza et al. 2021), English: identity terms of a gender and number, frames of a number.
_TERMS, _FRAMES = 11, 15


def discrim_eval_items() -> list[Item]:
    """DiscrimEval's explicit decisions by likelihood."""
    every = itertools.product(range(_DECISIONS), _AGES, _GENDERS, _RACES)
    return [
        Item(
            suite="discrim-eval", probe="explicit",
            item=item_key("explicit", Route.LIKELIHOOD, str(decision), str(age), gender, race),
            cluster=str(decision), template=str(age), variant=race, lang="en",
            route=Route.LIKELIHOOD, messages=(), group=gender,
            candidates={Label.POSITIVE: ("Yes",), Label.NEGATIVE: ("No",)},
        )
        for decision, age, gender, race in every
    ]  # fmt: skip


def cbbq_items() -> list[Item]:
    """CBBQ's ambiguous questions by likelihood, negative and not, the answers in three orders."""
    every = itertools.product(
        range(_CATEGORIES), range(_TEMPLATES), ("negative", "non_negative"), _ORDERS
    )
    return [
        Item(
            suite="cbbq", probe=f"category-{category}",
            item=item_key(
                f"category-{category}", Route.LIKELIHOOD, f"{template}-{polarity}",
                f"{order}_first",
            ),
            cluster=f"{category}-{template}", template=polarity, variant=f"{order}_first",
            lang="zh", route=Route.LIKELIHOOD, messages=(), group="ambiguous",
        )
        for category, template, polarity, order in every
    ]  # fmt: skip


def honest_items() -> list[Item]:
    """HONEST's sentences, one sampled completion each."""
    every = itertools.product(
        ("singular", "plural"), ("female", "male"), range(_TERMS), range(_FRAMES)
    )
    return [
        Item(
            suite="honest", probe=number,
            item=item_key(number, Route.SAMPLED, gender, str(term), str(frame)),
            cluster=f"{gender}-{number}-{term}", template=str(frame), variant="", lang="en",
            route=Route.SAMPLED, messages=(), group=gender,
        )
        for number, gender, term, frame in every
    ]  # fmt: skip
