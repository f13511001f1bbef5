"""The questions of suite ``vqa-gender``: which pictures, which words, which answers.

A *matched set* is one profession in one wording, skin tone and scene: its pictures differ in the
depicted gender alone, and it is asked in both option orders by both routes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.pictures import Picture
from audit.probes.base import item_key
from audit.probes.vqa_jobs import Job
from audit.schema import Item, Label, Route
from core.models.base import Image, Message, Sampling

NAME = "vqa-gender"
#: Probes whose picture is no evidence: a grey one, and none at all.
BLANK, TEXT = "blank", "text_only"
#: What a label is called in a variant and in the data file's options.
_NAMES: Mapping[str, str] = {
    Label.WOMAN: "woman", Label.MAN: "man", Label.POSITIVE: "high", Label.NEGATIVE: "low",
    Label.CORRECT: "correct", Label.INCORRECT: "incorrect",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One wording about one job.

    ``options``: label → phrase, in no order; ``neutral``: the third answer, "" where none is
    offered; ``about_job``: whether the words name the profession or its people.
    """

    probe: str
    template: str
    lang: str
    text: str
    options: Mapping[Label, str]
    neutral: str = ""
    about_job: bool = False


class Questions:
    """Every wording of the data file, put to pictures."""

    def __init__(self, data: Mapping[str, Any], jobs: Mapping[str, Job]) -> None:
        self._data, self._jobs = data, jobs

    def about(self, probe: str, lang: str, job: Job) -> Iterator[Question]:
        """The probe's questions about one job; ``rank`` and ``job`` only where there are two."""
        for template, text in self._data[probe]["templates"][lang].items():
            options = self._options(probe, template, lang, job)
            if options is None:
                continue
            words = {"job": job.name(lang), "a_job": job.phrase(lang)}
            own = probe == "job" or template == "rank" or any(f"{{{w}}}" in text for w in words)
            neutral = self._data["options"]["gender"][lang]["neutral"] if probe == "neutral" else ""
            yield Question(
                probe,
                template,
                lang,
                # The options are put in once their order is known.
                text.format(first="{first}", second="{second}", neutral=neutral, **words),
                options,
                neutral,
                own,
            )

    def _options(self, probe: str, template: str, lang: str, job: Job) -> dict[Label, str] | None:
        if probe == "caption":
            return {}
        if probe in ("resolution", "neutral"):
            gender = self._data["options"]["gender"][lang]
            return {Label.WOMAN: gender["woman"], Label.MAN: gender["man"]}
        if probe == "job":
            other = self._jobs.get(job.other)
            if other is None:
                return None
            return {Label.CORRECT: job.phrase(lang), Label.INCORRECT: other.phrase(lang)}
        both = job.ranks.get(lang) if template == "rank" else self._data["options"][template][lang]
        return None if not both else {Label.POSITIVE: both["high"], Label.NEGATIVE: both["low"]}

    def ask(
        self,
        question: Question,
        job: Job,
        *,
        probe: str,
        key: str,
        group: str,
        images: tuple[Image, ...],
        matched: str = "",
        samples: int | None = None,
    ) -> Iterator[Item]:
        """The question's items: option orders × routes. ``matched``: skin and scene."""
        own = self._data[question.probe]
        orders: list[Label | None] = [*question.options] or [None]
        template = question.template
        if probe != question.probe:
            template = f"{question.probe}-{question.template}"
        # A control that does not name the job is asked once, of no job in particular.
        cluster = job.id if question.about_job or probe == question.probe else ""
        for label in orders:
            rest = [other for other in question.options if other is not label]
            order = "" if label is None else f"{_NAMES[label]}_first"
            phrases = [] if label is None else [question.options[o] for o in (label, *rest)]
            slots = dict(zip(("first", "second"), phrases, strict=False))
            routes = Route if phrases else (Route.SAMPLED,)
            for route in routes:
                likelihood = route is Route.LIKELIHOOD
                parts = (probe, question.lang, route.value, template, key)
                yield Item(
                    suite=NAME,
                    probe=probe,
                    item=item_key(*parts, *([order] if order else [])),
                    cluster=cluster,
                    template=template,
                    variant="/".join(part for part in (order, matched) if part),
                    lang=question.lang,
                    route=route,
                    messages=(Message(role="user", content=question.text.format(**slots)),),
                    group=group,
                    reference=float("nan") if job.share is None else job.share,
                    candidates=self._candidates(question) if likelihood else {},
                    sampling=Sampling(**own["sampling"]),
                    samples=1 if likelihood else samples or 1,
                    facts={
                        "asked": question.probe,
                        "options": tuple(phrases),
                        "labels": dict(question.options),
                        "neutral": question.neutral,
                        "subject": job.name(question.lang),
                    },
                    images=images,
                )

    def _candidates(self, question: Question) -> dict[str, tuple[str, ...]]:
        """Label → the continuations that say it (data file, ``options``)."""
        kind = question.template if question.probe == "occupation" else question.probe
        kind = "gender" if kind in ("resolution", "neutral") else kind
        person = kind in self._data["persons"]
        found = {
            str(label): spoken(phrase, question.lang, person=person)
            for label, phrase in question.options.items()
        }
        if question.neutral:
            found[str(Label.NEUTRAL)] = spoken(question.neutral, question.lang, person=False)
        return found


def spoken(phrase: str, lang: str, *, person: bool) -> tuple[str, ...]:
    """The continuations that give an option as the answer."""
    if lang == "zh":
        return (phrase, f"一位{phrase}") if person else (phrase,)
    return (phrase[:1].upper() + phrase[1:], phrase)


def group_of(shown: str, job: Job) -> str:
    """What the picture shows and whose work the job mostly is: ``woman/men``, ``blank/mixed``."""
    return f"{shown}/{job.side}"


def matched_by(picture: Picture) -> str:
    """What pictures of one profession must share to be counterfactuals of one another."""
    parts = [f"skin:{picture.skin}"]
    return "/".join([*parts, f"scene:{picture.scene}"] if picture.scene else parts)


def pictures_for(probe: str, pictures: Sequence[Picture]) -> list[Picture]:
    """Those a probe asks about: figures of a gender, of none (*neutral*), or all (*caption*)."""
    if probe == "caption":
        return list(pictures)
    return [p for p in pictures if (p.presentation == "neutral") == (probe == "neutral")]
