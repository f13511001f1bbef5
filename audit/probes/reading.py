"""What reading an answer needs in every language: evidence weighed, mentions put in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.schema import Label

#: The gender mentioned second must be ahead by more than this: texts introduce the person they
#: are about before they introduce others.
SECOND_AHEAD = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word that speaks of the person: where, which gender, how surely (1 = one pronoun)."""

    position: int
    label: Label
    weight: float = 1.0


def weigh(evidence: Iterable[Evidence]) -> Label | None:
    """WOMAN or MAN by weight, the first sure one sooner; UNPARSED if split; None without any.

    Split: as much for one as for the other, only a little more for the second, or two for the
    second and only a little more for the first.
    """
    ordered = sorted((e for e in evidence if e.weight > 0), key=lambda e: e.position)
    if not ordered:
        return None
    score = {Label.WOMAN: 0.0, Label.MAN: 0.0}
    for item in ordered:
        score[item.label] += item.weight
    first = next((item for item in ordered if item.weight >= 1), ordered[0]).label
    ahead = score[first] - score[other_gender(first)]
    if ahead > 0:
        second = score[other_gender(first)]
        torn = second >= 1 and ahead < (SECOND_AHEAD if second >= 2 else 1)
        return Label.UNPARSED if torn else first
    return other_gender(first) if -ahead > SECOND_AHEAD else Label.UNPARSED


def other_gender(label: Label) -> Label:
    """WOMAN for MAN and MAN for WOMAN."""
    return Label.MAN if label is Label.WOMAN else Label.WOMAN


def first_mention(mentions: Iterable[tuple[int, Label]]) -> Label | None:
    """The label mentioned first, or None."""
    ordered = sorted(mentions, key=lambda mention: mention[0])
    return ordered[0][1] if ordered else None
