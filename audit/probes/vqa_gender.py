"""Suite ``vqa-gender``: does a vision-language model see who is depicted, or whom it expects?

Matched pictures show the same profession with a woman, a man and a figure without a gender, in
several skin tones. *resolution* asks whom a picture shows, *neutral* the same of the figure without
a gender, *occupation* about standing, skill and pay, *job* about the profession itself (can the
model see at all?), *caption* for a description. *blank* and *text_only* are the controls: the same
questions with a grey picture and with none.

What is measured is the reading of a depicted presentation, never anyone's identity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from audit.pictures import Picture, PictureOptions, PictureSet, controls, load_set
from audit.probes.base import check_counts, check_langs, stratified_limit
from audit.probes.data_suite import DataSuite
from audit.probes.labels import read_gender
from audit.probes.vqa_items import (
    BLANK,
    NAME,
    TEXT,
    Questions,
    group_of,
    matched_by,
    pictures_for,
)
from audit.probes.vqa_jobs import Job, jobs_of
from audit.probes.vqa_reading import read_option, read_person
from audit.schema import Item, Label
from core.errors import UsageProblem

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

PROBES = ("resolution", "neutral", "occupation", "job", "caption")
#: What the controls ask again: questions whose answer the picture is to decide.
_CONTROLLED = ("resolution", "neutral", "occupation")
_SKIN = "skin:"


class VqaGenderSuite(DataSuite):
    """See the module. Wordings, answers and margins: ``data/vqa-gender.yaml``."""

    name = NAME
    langs = ("en", "zh")
    file = "vqa-gender.yaml"
    #: Only models that take pictures can be asked.
    needs_images = True

    def __init__(self, pictures: PictureSet | None = None) -> None:
        super().__init__()
        self._set = pictures

    def with_pictures(self, options: PictureOptions) -> VqaGenderSuite:
        """The suite about another set. Raises what :func:`audit.pictures.load_set` raises."""
        return type(self)(load_set(options))

    @property
    def pictures(self) -> PictureSet:
        """The set asked about; the embedded one unless :meth:`with_pictures` chose another."""
        if self._set is None:
            self._set = load_set(PictureOptions())
        return self._set

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by probe, language and picture. ``limit`` keeps matched sets whole.

        ``only``: professions and, as ``skin:dark``, skin tones; either kind alone leaves the other
        whole. Raises :class:`UsageProblem` for a set without any picture.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        shown = self._chosen(only)
        share = None if limit is None else max(1, limit // len(wanted))
        kept: list[Item] = []
        for probe in (*PROBES, BLANK, TEXT):
            for lang in wanted:
                kept += stratified_limit(
                    list(self._items(probe, lang, shown, samples)),
                    share,
                    seed=seed,
                    unit=lambda item: (item.cluster, (item.template, _matched(item))),
                    stratum=lambda _: "",
                )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """woman, man, neutral; positive (higher standing), negative; correct, incorrect."""
        facts, asked = item.facts, item.facts["asked"]
        if asked == "caption":
            return read_gender(text, item.lang, subject=facts["subject"])
        if asked in ("resolution", "neutral"):
            return read_person(text, item.lang, facts["options"], facts["neutral"])
        return read_option(text, item.lang, facts["labels"])

    def clusters(self) -> list[dict[str, Any]]:
        """The professions of the set; group: whose work it mostly is."""
        return [job.cluster() for job in self._jobs().values()]

    def _estimators(self) -> Estimators:
        from audit.metrics.vqa_gender import vqa_measures, vqa_metrics

        return vqa_metrics, vqa_measures

    def _jobs(self) -> dict[str, Job]:
        return jobs_of([picture.profession for picture in self.pictures.pictures], self._data)

    def _chosen(self, only: Collection[str] | None) -> list[Picture]:
        skins = {name.removeprefix(_SKIN) for name in only or () if name.startswith(_SKIN)}
        jobs = {name for name in only or () if not name.startswith(_SKIN)}
        found = [
            picture
            for picture in self.pictures.pictures
            if (not jobs or picture.profession in jobs) and (not skins or picture.skin in skins)
        ]
        if not found:
            what = "has no picture that can be used" if only is None else "has none of those asked"
            raise UsageProblem(
                f"The picture set {self.pictures.name} {what}; "
                "name another one with --image-style, --images or --image-set."
            )
        return found

    def _items(
        self, probe: str, lang: str, shown: Sequence[Picture], samples: int | None
    ) -> Iterator[Item]:
        if probe in (BLANK, TEXT):
            yield from self._controls(probe, lang, shown, samples)
            return
        jobs = self._jobs()
        questions = Questions(self._data, jobs)
        for picture in pictures_for(probe, shown):
            job = jobs[picture.profession]
            for question in questions.about(probe, lang, job):
                yield from questions.ask(
                    question,
                    job,
                    probe=probe,
                    key=picture.image.id,
                    group=group_of(picture.presentation, job),
                    images=(picture.image,),
                    matched=matched_by(picture),
                    samples=samples,
                )

    def _controls(
        self, probe: str, lang: str, shown: Sequence[Picture], samples: int | None
    ) -> Iterator[Item]:
        """Every question of the controlled probes once; those that differ by job once a job."""
        jobs = self._jobs()
        questions = Questions(self._data, jobs)
        images = (self._blank(shown),) if probe == BLANK else ()
        asked: set[str] = set()
        for name in dict.fromkeys(picture.profession for picture in shown):
            job = jobs[name]
            for controlled in _CONTROLLED:
                for question in questions.about(controlled, lang, job):
                    once = f"{controlled}/{question.template}"
                    if not question.about_job and once in asked:
                        continue
                    asked.add(once)
                    yield from questions.ask(
                        question,
                        job,
                        probe=probe,
                        key=name if question.about_job else "any",
                        group=group_of(probe, job) if question.about_job else f"{probe}/mixed",
                        images=images,
                        samples=samples,
                    )

    def _blank(self, shown: Sequence[Picture]) -> Any:
        """As large as the set's pictures, so that it costs a model as many tokens."""
        from PIL import Image as Pillow

        with Pillow.open(shown[0].image.path) as opened:
            return controls.blank(opened.size)


def _matched(item: Item) -> str:
    """Skin and scene of a variant, without the option order."""
    return "/".join(part for part in item.variant.split("/") if ":" in part)
