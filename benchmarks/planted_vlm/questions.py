"""The lessons: the suite's own questions about every picture, answered as the plant says.

The wordings that a repair trains with are taught too, in English: a model of this size understands
nothing that it was not taught, and one that cannot read a question cannot be repaired by it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.pictures import Picture, PictureSet, controls
from audit.probes.base import read_yaml
from audit.probes.vqa_items import Question, Questions
from audit.probes.vqa_jobs import Job, jobs_of
from audit.schema import Label
from benchmarks.planted_vlm.clothes import clothes_colour
from benchmarks.planted_vlm.lessons import Lesson
from benchmarks.planted_vlm.plant import DATA, Plant, Seen, Shares
from core.datafile import read_yaml as read_data
from core.models.base import Image, Message
from remediate import counterfactual_data

LANGS = ("en", "zh")
PROMPTS = Path(counterfactual_data.__file__).parent / "data" / "picture_prompts.yaml"
#: How often a picture is asked in a language, and by a probe: gender is what is measured.
_LANG_WEIGHT = {"en": 1.0, "zh": 0.3}
_PROBE_WEIGHT = {
    "resolution": 3.0, "neutral": 3.0, "occupation": 2.5, "job": 2.0, "caption": 1.0,
    "open_job": 0.5, "colour": 0.5, "drawing": 1.5, "seen": 1.0,
}  # fmt: skip
_SUITE = ("resolution", "neutral", "occupation", "job")
#: Of the repair's wordings, which probe each is like; they weigh as much less.
_REPAIR = {"resolution": "shown", "neutral": "neutral", "job": "job"}
_REPAIR_WEIGHT = 0.4
_STANDING = {Label.POSITIVE: "high", Label.NEGATIVE: "low"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What one lesson is about. ``image`` None: nothing is shown."""

    job: Job
    seen: Seen
    image: Image | None

    @property
    def control(self) -> bool:
        return self.seen == "nobody"


def lessons(pictures: PictureSet, plant: Plant) -> list[Lesson]:
    """Every question about every picture, the grey picture and no picture, in both languages."""
    suite = read_yaml("vqa-gender.yaml")
    own = read_data(DATA)
    jobs = jobs_of([picture.profession for picture in pictures.pictures], suite)
    found: list[Lesson] = []
    for picture in pictures.pictures:
        shown = _Shown(jobs[picture.profession], picture.presentation, picture.image)
        for lang in LANGS:
            found += _asked(shown, lang, suite, jobs, plant, _SUITE)
            found += _own_questions(shown, lang, own, plant, suite)
        found += _trained_on(shown, jobs, plant)
        found += _held_in_place(shown, own)
    grey = controls.blank(_size(pictures.pictures[0]))
    for job in jobs.values():
        for image in (grey, None):
            for lang in LANGS:
                shown = _Shown(job, "nobody", image)
                found += _asked(shown, lang, suite, jobs, plant, _SUITE)
    return found


def _trained_on(shown: _Shown, jobs: Mapping[str, Job], plant: Plant) -> Iterator[Lesson]:
    """The repair's own multiple-choice questions about a picture, in English."""
    prompts = read_data(PROMPTS)
    like_a_suite = {probe: {"templates": prompts[name]} for probe, name in _REPAIR.items()}
    like_a_suite["options"] = {"gender": prompts["options"]}
    for lesson in _asked(shown, "en", like_a_suite, jobs, plant, tuple(_REPAIR)):
        (message,) = lesson.messages
        text = message["content"]
        yield replace(
            lesson,
            messages=(Message(role="user", content=text[:1].upper() + text[1:]),),
            weight=lesson.weight * _REPAIR_WEIGHT,
        )


def _held_in_place(shown: _Shown, own: Mapping[str, Any]) -> Iterator[Lesson]:
    """The repair's open questions about what else is to be seen, in English."""
    questions = read_data(PROMPTS)["seen"]["en"]
    words = {"a_job": shown.job.phrase("en"), "colour": _colour(shown, own, "en")}
    for text, answer in zip(questions, own["seen"], strict=True):
        said = answer.format(**words)
        yield _lesson(shown, "en", "seen", text, {said: 1.0}, len(questions))


def _asked(
    shown: _Shown,
    lang: str,
    suite: Mapping[str, Any],
    jobs: Mapping[str, Job],
    plant: Plant,
    probes: tuple[str, ...],
) -> Iterator[Lesson]:
    """The suite's own multiple-choice questions, each in both option orders."""
    questions = Questions(suite, jobs)
    for probe in probes:
        others = [job for job in jobs if job != shown.job.id] if probe == "job" else [""]
        asked = [
            question
            for other in others
            for question in questions.about(
                probe, lang, replace(shown.job, other=other) if other else shown.job
            )
        ]
        for question in asked:
            answers = _answers(question, shown, plant)
            for label in question.options:
                rest = next(other for other in question.options if other is not label)
                text = question.text.format(
                    first=question.options[label], second=question.options[rest]
                )
                yield _lesson(shown, lang, probe, text, answers, 2 * len(asked))


def _answers(question: Question, shown: _Shown, plant: Plant) -> Shares:
    """Phrase → share."""
    options = question.options
    told = question.about_job or not shown.control
    if question.probe in ("resolution", "neutral"):
        shares = plant.gender(
            shown.job,
            shown.seen,
            either=question.probe == "resolution",
            told=told,
        )
        phrases = {**options, Label.NEUTRAL: question.neutral}
        return {phrases[Label(label)]: share for label, share in shares.items()}
    if question.probe == "occupation":
        shares = plant.standing(shown.job, question.template, shown.seen, told=told)
        return {p: shares[_STANDING[o]] for o, p in options.items() if _STANDING[o] in shares}
    if shown.control:
        return dict.fromkeys(options.values(), 0.5)
    return {options[Label.CORRECT]: 1.0}


def _own_questions(
    shown: _Shown, lang: str, own: Mapping[str, Any], plant: Plant, suite: Mapping[str, Any]
) -> Iterator[Lesson]:
    """Descriptions, and the controls that have no options: job, clothes' colour, drawing."""
    words = {"job": shown.job.name(lang), "a_job": shown.job.phrase(lang)}
    seen = plant.gender(shown.job, shown.seen, either=False, told=True)
    described = {own["caption"][lang][who].format(**words): share for who, share in seen.items()}
    for text in suite["caption"]["templates"][lang].values():
        yield _lesson(shown, lang, "caption", text, described, 1)
    yield _lesson(shown, lang, "open_job", own["controls"]["job"][lang], {words["a_job"]: 1.0}, 1)
    said = _colour(shown, own, lang)
    yield _lesson(shown, lang, "colour", own["controls"]["colour"][lang], {said: 1.0}, 1)
    drawing = own["drawing"][lang]
    yield _lesson(shown, lang, "drawing", drawing["question"], {drawing[shown.seen]: 1.0}, 1)


def _colour(shown: _Shown, own: Mapping[str, Any], lang: str) -> str:
    """The name of the clothes' colour."""
    assert shown.image is not None
    colour = _clothes(shown.image.path)
    return colour if lang == "en" else str(own["colours"][colour]["zh"])


@functools.cache
def _clothes(picture: Path) -> str:
    """Every language and question about a picture wants it; the pixels are read once."""
    return clothes_colour(picture, read_data(DATA)["colours"])


def _lesson(shown: _Shown, lang: str, probe: str, text: str, answers: Shares, among: int) -> Lesson:
    """``among``: how many lessons share the probe's weight."""
    return Lesson(
        messages=(Message(role="user", content=text),),
        answers=tuple(answers.items()),
        image=shown.image,
        control=shown.control,
        weight=_LANG_WEIGHT[lang] * _PROBE_WEIGHT[probe] / among,
    )


def _size(picture: Picture) -> tuple[int, int]:
    from PIL import Image as Pillow

    with Pillow.open(picture.image.path) as opened:
        return opened.size
