"""Anchor pairs: what a repair must leave alone.

*stated*: the sentence says the gender, so one pronoun is right. *general*: everyday requests with
the model's own answer, against its answer to another request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.models.base import GenerateRequest
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.pairs import Kind, Pair, Part, assistant, user
from remediate.counterfactual_data.splits import Splits
from remediate.counterfactual_data.wordings import Cell, ask, jobs_by_id, slots

_ANSWER = {"max_tokens": 40, "temperature": 0.7, "top_p": 0.95}


def requests(
    splits: Splits, seed: int, langs: Sequence[str], n_train: int
) -> list[GenerateRequest]:
    """The model's own answers to everyday requests."""
    general = read_data("anchors.yaml")["general"]
    return [
        ask(f"anchor/general/{lang}/{number}", user(text), _ANSWER, seed)
        for lang in langs
        for number, text in enumerate(general[lang])
    ]


def build(
    splits: Splits, seed: int, langs: Sequence[str], answers: Mapping[str, str]
) -> Iterator[Pair]:
    for lang in langs:
        yield from _stated(splits, lang)
        yield from _general(lang, answers)


def _stated(splits: Splits, lang: str) -> Iterator[Pair]:
    data = read_data("anchors.yaml")["stated"][lang]
    for part, ids in ((Part.TRAIN, splits.train), (Part.VALIDATION, splits.validation)):
        for name in ids:
            job = jobs_by_id()[name]
            for number, (opening, right, wrong, rest) in enumerate(data["sentences"]):
                begun = opening.format(**slots(job, lang))
                joint = " " if lang == "en" else ""
                yield Pair(
                    id=f"anchor/stated/{lang}/{number}/{name}",
                    kind=Kind.ANCHOR,
                    probe="stated",
                    **Cell(job, str(number), part).facts(lang),
                    prompt=user(data["request"]),
                    chosen=assistant(f"{begun}{joint}{right}{rest}"),
                    rejected=assistant(f"{begun}{joint}{wrong}{rest}"),
                    source="template",
                )


def _general(lang: str, answers: Mapping[str, str]) -> Iterator[Pair]:
    requests_ = read_data("anchors.yaml")["general"][lang]
    own = [answers.get(f"anchor/general/{lang}/{n}", "").strip() for n in range(len(requests_))]
    for number, text in enumerate(requests_):
        other = own[(number + 1) % len(own)]
        if not own[number] or not other or own[number] == other:
            continue
        yield Pair(
            id=f"anchor/general/{lang}/{number}",
            kind=Kind.ANCHOR,
            part=Part.TRAIN,
            probe="general",
            lang=lang,
            occupation="",
            template=str(number),
            group="",
            reference=None,
            prompt=user(text),
            chosen=assistant(own[number]),
            rejected=assistant(other),
            source="model",
        )
