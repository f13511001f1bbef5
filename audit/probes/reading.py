"""What reading an answer needs in every language: evidence weighed, mentions put in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.schema import Label

#: The gender mentioned first gets this much on top: texts introduce the person they are about
#: before they introduce others.
FIRST_BONUS = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word that speaks of the person: where, which gender, how surely (1 = one pronoun)."""

    position: int
    label: Label
    weight: float = 1.0
    pronoun: bool = False


def weigh(evidence: Iterable[Evidence]) -> Label | None:
    """WOMAN or MAN by weight with the bonus for the first; UNPARSED if split; None without any.

    Split: as much for one as for the other, unless one pronoun began and the only other word may
    well be somebody else's.
    """
    ordered = sorted((e for e in evidence if e.weight > 0), key=lambda e: e.position)
    if not ordered:
        return None
    score = {Label.WOMAN: 0.0, Label.MAN: 0.0}
    for item in ordered:
        score[item.label] += item.weight
    single = len(ordered) == 2 and ordered[0].pronoun
    if score[Label.WOMAN] == score[Label.MAN] and not single:
        return Label.UNPARSED
    score[ordered[0].label] += FIRST_BONUS
    if score[Label.WOMAN] == score[Label.MAN]:
        return Label.UNPARSED
    return max(score, key=lambda label: score[label])


def other_gender(label: Label) -> Label:
    """WOMAN for MAN and MAN for WOMAN."""
    return Label.MAN if label is Label.WOMAN else Label.WOMAN


def first_mention(mentions: Iterable[tuple[int, Label]]) -> Label | None:
    """The label mentioned first, or None."""
    ordered = sorted(mentions, key=lambda mention: mention[0])
    return ordered[0][1] if ordered else None
