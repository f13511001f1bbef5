"""How many pairs of what a training set holds, and in which order they are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remediate.counterfactual_data.pairs import Pair, Part
from remediate.counterfactual_data.wordings import SHARES, alternate, shuffled


@dataclass(frozen=True, slots=True)
class Selection:
    """Training pairs in the order they are trained on, and validation pairs."""

    train: list[Pair]
    validation: list[Pair]


def select(
    pairs: Sequence[Pair],
    *,
    n_train: int,
    n_validation: int,
    seed: int,
    shares: Mapping[str, float] = SHARES,
    validating: Sequence[str] = ("choice", "pronoun"),
) -> Selection:
    """``n_train`` training pairs by ``shares`` of probes, at most ``n_validation`` to validate.

    Probes ``validating`` share the validation equally.

    Occupations take turns within a probe, both groups alike, so that a short training set is as
    balanced as a long one; a probe with fewer pairs than its share repeats them. The order mixes
    the probes evenly: every batch sees all of them.
    """
    train: list[tuple[float, str, Pair]] = []
    for probe, share in shares.items():
        own = [p for p in pairs if p.part is Part.TRAIN and p.probe == probe]
        wanted = round(n_train * share)
        if not own or not wanted:
            continue
        order = _by_turns(own, seed)
        for number in range(wanted):
            # Evenly spaced places on [0, 1): a merge of all probes by place interleaves them.
            place = (number + 0.5) / wanted
            train.append((place, probe, order[number % len(order)]))
    per_probe = max(1, n_validation // len(validating))
    kept = [
        pair
        for probe in validating
        for pair in _by_turns(
            [p for p in pairs if p.part is Part.VALIDATION and p.probe == probe], seed
        )[:per_probe]
    ]
    return Selection([pair for _, _, pair in sorted(train, key=lambda row: row[:2])], kept)


def _by_turns(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """Each occupation once, then each a second time …; groups alternate within a round."""
    known = {pair.id: pair for pair in pairs}
    turns: dict[str, int] = {}
    rounds: dict[int, dict[str, list[Pair]]] = {}
    for key in shuffled(seed, list(known)):
        pair = known[key]
        turn = turns[pair.occupation] = turns.get(pair.occupation, -1) + 1
        rounds.setdefault(turn, {}).setdefault(pair.group, []).append(pair)
    return [pair for turn in sorted(rounds) for pair in alternate(rounds[turn])]
