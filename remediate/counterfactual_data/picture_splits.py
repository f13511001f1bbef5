"""Which pictures are trained on, which only validate, and which judge.

The verdict is on pictures in skin tones that no pair shows, of all professions; half the latter
are shown by no pair in any tone, and what holds of all must hold of these alone (see
:func:`remediate.verdict.decide`). They are too few for a test of their own: a set has a dozen
professions that one gender is expected in. Validation professions, in the skin tones of training,
choose the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.pictures import SKINS, Picture
from audit.probes.vqa_jobs import Job
from core.errors import UsageProblem
from remediate.counterfactual_data.splits import HELD_OUT_SHARE, Splits, ranked

#: One of each pair judges, so that both sides have light and dark skin.
_NEIGHBOURS = (("light", "medium_light"), ("medium_dark", "dark"))
#: A set's default colour, or nobody said: no tone of its own to learn from.
_UNTONED = "none"
#: Professions each of which is on one side only of the question whom it is expected to show.
_SIDES = ("women", "men")
#: The least that a side can be split into: one to train on, one to validate, one to judge.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class PictureSplits:
    """Professions by part, and the skin tones that are trained on and that judge.

    ``held_out_skins`` is empty where the set has too few skin tones to be split by them.
    """

    professions: Splits
    train_skins: tuple[str, ...]
    held_out_skins: tuple[str, ...]

    def to_json(self) -> dict[str, list[str]]:
        return self.professions.to_json() | {
            "train_skins": list(self.train_skins),
            "held_out_skins": list(self.held_out_skins),
        }

    @property
    def only(self) -> tuple[str, ...]:
        """What an audit of the held-out side asks about, as suite ``vqa-gender`` takes it.

        Without skin tones to hold out, the professions that no pair shows.
        """
        skins = tuple(f"skin:{skin}" for skin in self.held_out_skins)
        return skins or self.professions.held_out

    def trainable(self, pictures: Sequence[Picture]) -> list[Picture]:
        """Pictures of both training parts. A figure that shows no skin at all has no tone to hold
        out: it is among them where its profession has no other neutral one. One that shows so
        little that two tones look alike is not: it would be the picture that judges.
        """
        toned = {p.profession for p in pictures if _neutral(p) and p.skin != _UNTONED}
        parts = {*self.professions.train, *self.professions.validation}
        judging = {p.image.path.read_bytes() for p in pictures if p.skin in self.held_out_skins}
        return [
            p
            for p in pictures
            if p.profession in parts
            and (
                p.image.path.read_bytes() not in judging
                if p.skin in self.train_skins
                else _neutral(p) and p.profession not in toned
            )
        ]


def _neutral(picture: Picture) -> bool:
    return picture.presentation == "neutral"


def split_pictures(
    seed: int, pictures: Sequence[Picture], jobs: Mapping[str, Job]
) -> PictureSplits:
    """Split by seed; professions stratified by whose work they mostly are.

    Raises :class:`UsageProblem` for a set with too few professions of either side.
    """
    parts: dict[str, list[str]] = {"train": [], "validation": [], "held_out": []}
    for side in (*_SIDES, "mixed"):
        ids = ranked(seed, [name for name, job in jobs.items() if job.side == side])
        if side in _SIDES and len(ids) < _FEWEST:
            raise UsageProblem(
                f"The picture set has {len(ids)} professions held mostly by {side}; a repair needs "
                f"{_FEWEST}, to train, to validate and to judge. Name another one with --images or "
                "--image-set."
            )
        # Never rounded up: what is left must train.
        held = int(len(ids) * HELD_OUT_SHARE)
        validating = 1 if len(ids) > 1 else 0
        parts["held_out"] += ids[:held]
        parts["validation"] += ids[held : held + validating]
        parts["train"] += ids[held + validating :]
    professions = Splits(**{name: tuple(ids) for name, ids in parts.items()})
    return PictureSplits(professions, *_split_skins(seed, {p.skin for p in pictures}))


def _split_skins(seed: int, there: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(trained on, judging). Of neighbouring tones one goes to each side; "none" judges."""
    held = {ranked(seed, both)[0] for both in _NEIGHBOURS if there.issuperset(both)}
    if held:
        held.add(_UNTONED)
    return (
        tuple(skin for skin in SKINS if skin in there - held),
        tuple(skin for skin in SKINS if skin in held & there),
    )
