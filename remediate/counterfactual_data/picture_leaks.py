"""Nothing the verdict uses is trained on, of pictures: the check that fails a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from audit.probes.vqa_jobs import Job
from audit.schema import Item
from core.errors import EnvironmentProblem
from remediate.counterfactual_data.leaks import check_wordings, named
from remediate.counterfactual_data.pairs import Pair
from remediate.counterfactual_data.picture_pairs import Gallery


def check_picture_leaks(
    pairs: Sequence[Pair], gallery: Gallery, audited: Sequence[Item]
) -> dict[str, int]:
    """Counts of what was compared, for the data card. ``audited``: the held-out side's questions.

    Raises :class:`EnvironmentProblem` if a pair shows a picture that judges (by its id or by its
    bytes), a held-out profession or skin tone, mentions such a profession, or repeats an audit's
    wording (see :func:`remediate.counterfactual_data.leaks.check_wordings`).
    """
    splits, known = gallery.splits, {p.image.id: p for p in gallery.pictures}
    parts = splits.professions
    every = [*parts.train, *parts.validation, *parts.held_out]
    if len(every) != len(set(every)) or set(splits.train_skins) & set(splits.held_out_skins):
        raise EnvironmentProblem(
            "A profession or skin tone is on two sides of the split: refusing to train."
        )
    judging = {image.id: image.path for item in audited for image in item.images}
    judged = {path.read_bytes() for path in judging.values()}
    shown = {image.id: image.path for pair in pairs for image in pair.images}
    same = {key for key, path in shown.items() if key in judging or path.read_bytes() in judged}
    trainable = {p.image.id for p in gallery.trainable}
    for pair in pairs:
        for image in pair.images:
            if image.id in same:
                raise EnvironmentProblem(
                    f"The pair {pair.id} shows {image.id}, which the verdict uses: remove it or "
                    "split again with `remediate data`."
                )
            if image.id not in known or image.id not in trainable:
                raise EnvironmentProblem(
                    f"The pair {pair.id} shows {image.id}, whose profession or skin tone the "
                    "verdict uses: remove it or split again with `remediate data`."
                )
        if name := names_judge(pair, gallery):
            raise EnvironmentProblem(
                f"The pair {pair.id} mentions {name}, which the verdict uses: remove it or split "
                "again with `remediate data`."
            )
    counts = check_wordings(pairs, audited, _without(gallery.jobs))
    return {"pairs": len(pairs), "pictures": len(shown), "judging_pictures": len(judging)} | counts


def names_judge(pair: Pair, gallery: Gallery) -> str | None:
    """The id of a held-out profession that the pair's texts name, or None."""
    held = gallery.splits.professions.held_out
    own = gallery.jobs.get(pair.occupation)
    names = {name: gallery.jobs[name].name(pair.lang) for name in held}
    return named(pair, names, own.name(pair.lang) if own is not None else "")


def _without(jobs: Mapping[str, Job]) -> Callable[[str, str, str], str]:
    """Leaves the name of an item's profession out of its text."""

    def leave_out(text: str, job: str, lang: str) -> str:
        found = jobs.get(job)
        return text.replace(found.name(lang), " JOB ") if found else text

    return leave_out
