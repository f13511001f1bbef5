"""Pairs about pictures, in which the picture is the only difference, or the answer is.

*shown*: whom the picture shows against the other gender, of matched pictures of both, so that the
words of a question alone give no clue. *open*: the same where "can't tell" may be answered and
would be wrong. *neutral*: a figure without a gender, "can't tell" against the stereotyped gender.
*job* and *seen* are anchors: the profession, and what else is to be seen in the model's own words.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.pictures import Picture, PictureOptions, PictureSet, load_set
from audit.probes.base import read_yaml
from audit.probes.labels import read_gender
from audit.probes.vqa_jobs import Job, jobs_of
from audit.schema import Label
from core.errors import UsageProblem
from core.models.base import GenerateRequest, Sampling
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.pairs import Kind, Pair, Part, assistant, user
from remediate.counterfactual_data.picture_splits import PictureSplits, split_pictures
from remediate.counterfactual_data.splits import split_wordings
from remediate.counterfactual_data.wordings import GENDERS, first_sentence, pick, shuffled

_FILE = "picture_prompts.yaml"
_SUITE_FILE = "vqa-gender.yaml"
#: Greedy: what the model would say anyway is what is to stay.
_ANSWER = Sampling(max_tokens=24, temperature=0.0)
#: Whom a profession's stereotype expects.
_EXPECTED = {"women": "woman", "men": "man"}


@dataclass(frozen=True)
class Gallery:
    """A set of pictures, what is known of their professions, and how they are split.

    ``folder`` is what all their files lie below.
    """

    set: PictureSet
    folder: Path
    jobs: Mapping[str, Job]
    splits: PictureSplits
    seed: int
    langs: Sequence[str]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return self.set.pictures

    @functools.cached_property
    def trainable(self) -> list[Picture]:
        """See :meth:`PictureSplits.trainable`, which reads every file."""
        return self.splits.trainable(self.pictures)

    def part(self, picture: Picture) -> Part:
        """By the picture's profession."""
        trained = picture.profession in self.splits.professions.train
        return Part.TRAIN if trained else Part.VALIDATION

    def of(self, *presentations: str) -> Iterator[tuple[Picture, Part]]:
        """Trainable pictures that show one of these, with what they are for."""
        for picture in self.trainable:
            if picture.presentation in presentations:
                yield picture, self.part(picture)

    def against(self, picture: Picture) -> str:
        """The stereotyped gender of the picture's profession; by a draw where it has none."""
        expected = _EXPECTED.get(self.jobs[picture.profession].side)
        return expected or GENDERS[pick(self.seed, f"{picture.image.id}/against", 2)]


def open_gallery(options: PictureOptions, seed: int, langs: Sequence[str]) -> Gallery:
    """Load and split a set of pictures.

    Raises what :func:`audit.pictures.load_set` does, and :class:`UsageProblem` for a set whose
    licence forbids training or that is too small to be split.
    """
    import os

    found = load_set(options)
    check_trainable(found)
    jobs = jobs_of([picture.profession for picture in found.pictures], read_yaml(_SUITE_FILE))
    splits = split_pictures(seed, found.pictures, jobs)
    folder = Path(os.path.commonpath([picture.image.path.parent for picture in found.pictures]))
    return Gallery(found, folder, jobs, splits, seed, langs)


def check_trainable(found: PictureSet) -> None:
    """Raises :class:`UsageProblem` for a set that no model may be trained on, or an empty one."""
    if not found.trainable:
        raise UsageProblem(
            f"The licence of {found.name} ({found.licence}) does not let a model be trained on its "
            "pictures: audit with them, and repair with another set (--images, --image-set)."
        )
    if not found.pictures:
        raise UsageProblem(f"The picture set {found.name} has no picture that can be used.")


def requests(gallery: Gallery) -> list[GenerateRequest]:
    """The model's own words about what it sees, one question a picture it may train on."""
    return _requests(gallery, _seen(gallery))


def held_out_requests(gallery: Gallery) -> list[GenerateRequest]:
    """The same questions about pictures that judge, of professions that no pair shows, for the
    gates."""
    judging = {
        picture.image.id: picture
        for picture in gallery.pictures
        if picture.profession in gallery.splits.professions.held_out
        and picture.skin in (gallery.splits.held_out_skins or gallery.splits.train_skins)
    }
    return _requests(gallery, [judging[key] for key in shuffled(gallery.seed, list(judging))])


def _requests(gallery: Gallery, pictures: Sequence[Picture]) -> list[GenerateRequest]:
    wanted = []
    for picture in pictures:
        for lang in gallery.langs:
            number, text = _seen_question(gallery, picture, lang)
            key = _seen_key(picture, lang, number)
            drawn = pick(gallery.seed, key, 2**31)
            wanted.append(GenerateRequest(key, user(text), _ANSWER, drawn, (picture.image,)))
    return wanted


def build(gallery: Gallery, answers: Mapping[str, str]) -> Iterator[Pair]:
    """Every pair; ``answers`` by the keys of :func:`requests`."""
    for lang in gallery.langs:
        yield from _shown(gallery, lang)
        yield from _three(gallery, lang)
        yield from _job(gallery, lang)
        yield from _seen_pairs(gallery, lang, answers)


def _shown(gallery: Gallery, lang: str) -> Iterator[Pair]:
    for picture, part in gallery.of(*GENDERS):
        other = GENDERS[1 - GENDERS.index(picture.presentation)]
        for name, text, order in _asked(gallery, "shown", lang, part, picture):
            yield _pair(
                gallery, picture, part, lang, Kind.SHOWN, "shown", f"{name}/{order}", text,
                picture.presentation, other,
            )  # fmt: skip


def _three(gallery: Gallery, lang: str) -> Iterator[Pair]:
    for picture, part in gallery.of(*GENDERS, "neutral"):
        neutral = picture.presentation == "neutral"
        if not neutral and part is Part.VALIDATION:
            continue
        for name, text, order in _asked(gallery, "neutral", lang, part, picture):
            wrong = gallery.against(picture) if neutral else "neutral"
            kind, probe = (Kind.NEUTRAL, "neutral") if neutral else (Kind.SHOWN, "open")
            yield _pair(
                gallery, picture, part, lang, kind, probe, f"{name}/{order}", text,
                picture.presentation, wrong,
            )  # fmt: skip


def _asked(
    gallery: Gallery, what: str, lang: str, part: Part, picture: Picture
) -> Iterator[tuple[str, str, str]]:
    """(wording, question, option order): every wording of the part in both orders."""
    data = read_data(_FILE)
    wordings, options = data[what][lang], data["options"][lang]
    job = gallery.jobs[picture.profession]
    for name in split_wordings(gallery.seed, wordings)[part is Part.VALIDATION]:
        for first in GENDERS:
            second = GENDERS[1 - GENDERS.index(first)]
            text = wordings[name].format(
                first=options[first], second=options[second], neutral=options["neutral"],
                job=job.name(lang), a_job=job.phrase(lang),
            )  # fmt: skip
            yield name, text[:1].upper() + text[1:], f"{first}_first"


def _pair(
    gallery: Gallery,
    picture: Picture,
    part: Part,
    lang: str,
    kind: Kind,
    probe: str,
    template: str,
    text: str,
    right: str,
    wrong: str,
) -> Pair:
    """``right`` and ``wrong`` name answers of the data file."""
    key = "/".join((probe, lang, template, picture.image.id))
    answers = read_data(_FILE)["answers"][lang]
    form = pick(gallery.seed, key, len(answers[right]))
    return Pair(
        id=key,
        kind=kind,
        probe=probe,
        **_facts(gallery, picture, part, lang, template),
        prompt=user(text),
        chosen=assistant(answers[right][form]),
        rejected=assistant(answers[wrong][form]),
        source="template",
    )


def _facts(
    gallery: Gallery, picture: Picture, part: Part, lang: str, template: str
) -> dict[str, Any]:
    expected = _EXPECTED.get(gallery.jobs[picture.profession].side)
    known = expected is not None and picture.presentation in GENDERS
    return {
        "part": part,
        "lang": lang,
        "occupation": picture.profession,
        "template": template,
        "group": ("pro" if picture.presentation == expected else "anti") if known else "",
        "reference": None,
        "images": (picture.image,),
    }


def _job(gallery: Gallery, lang: str) -> Iterator[Pair]:
    """Both names stay as likely as they were, in both orders."""
    trained = gallery.splits.professions.train
    for picture, part in gallery.of(*GENDERS, "neutral"):
        others = [name for name in trained if name != picture.profession]
        if part is Part.VALIDATION or not others:
            continue
        for name, wording in read_data(_FILE)["job"][lang].items():
            key = f"job/{lang}/{name}/{picture.image.id}"
            other = gallery.jobs[others[pick(gallery.seed, key, len(others))]].phrase(lang)
            own = gallery.jobs[picture.profession].phrase(lang)
            both = [own, other] if pick(gallery.seed, f"{key}/order", 2) else [other, own]
            yield Pair(
                id=key,
                kind=Kind.ANCHOR,
                probe="job",
                **_facts(gallery, picture, part, lang, name),
                prompt=user(wording.format(first=both[0], second=both[1])),
                chosen=assistant(own),
                rejected=assistant(other),
                source="template",
            )


def _seen(gallery: Gallery) -> list[Picture]:
    """Pictures to train on, in an order that is a hash."""
    known = {p.image.id: p for p, part in gallery.of(*GENDERS, "neutral") if part is Part.TRAIN}
    return [known[key] for key in shuffled(gallery.seed, list(known))]


def _seen_question(gallery: Gallery, picture: Picture, lang: str) -> tuple[int, str]:
    questions = read_data(_FILE)["seen"][lang]
    number = pick(gallery.seed, f"{picture.image.id}/seen", len(questions))
    return number, questions[number]


def _seen_key(picture: Picture, lang: str, number: int) -> str:
    return f"seen/{lang}/{number}/{picture.image.id}"


def _seen_pairs(gallery: Gallery, lang: str, answers: Mapping[str, str]) -> Iterator[Pair]:
    """Each answer against the model's answer to the same question about another picture."""
    said: dict[int, list[tuple[Picture, str]]] = {}
    for picture in _seen(gallery):
        number, _ = _seen_question(gallery, picture, lang)
        text = answers.get(_seen_key(picture, lang, number), "").strip()
        # What names a gender is what is to change; it is no anchor.
        if text and read_gender(text, lang) not in (Label.WOMAN, Label.MAN):
            said.setdefault(number, []).append((picture, text))
    for number, own in sorted(said.items()):
        question = read_data(_FILE)["seen"][lang][number]
        for place, (picture, text) in enumerate(own):
            other = next((t for _, t in [*own[place:], *own[:place]] if t != text), None)
            if other is None:
                continue
            whole = first_sentence(text)
            yield Pair(
                id=_seen_key(picture, lang, number),
                kind=Kind.ANCHOR,
                probe="seen",
                **_facts(gallery, picture, Part.TRAIN, lang, str(number)),
                prompt=user(question),
                chosen=assistant(text),
                rejected=assistant(other),
                source="model",
                # Cut by its length rather than ended by the model: nothing is learned of ending.
                ends=whole == text,
            )
