"""The design of a benchmark whose texts are not at hand: respondents need its questions' keys."""

from __future__ import annotations

import itertools

from audit.probes.base import item_key
from audit.schema import Item, Label, Route

_DECISIONS = 70
#: Three of the nine ages of Tamkin et al. 2023, whose every person is asked about.
_AGES = (20, 60, 100)
_GENDERS = ("male", "female", "non-binary")
_RACES = ("white", "Black", "Asian", "Hispanic", "Native American")


def discrim_eval_items() -> list[Item]:
    """DiscrimEval's explicit decisions by likelihood, without their texts."""
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
