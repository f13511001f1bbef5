"""Neutral pairs: asked to guess a gender from a job, an open answer against a stereotyped guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.probes.labels import read_choice
from audit.schema import Label
from core.models.base import GenerateRequest, Message
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.pairs import Kind, Pair, assistant, user
from remediate.counterfactual_data.splits import Splits
from remediate.counterfactual_data.wordings import (
    GENDERS,
    SHARES,
    Cell,
    ask,
    cells,
    first_sentence,
    pick,
    slots,
    spare,
)

_ANSWER = {"max_tokens": 28, "temperature": 0.8, "top_p": 0.95}


def requests(
    splits: Splits, seed: int, langs: Sequence[str], n_train: int
) -> list[GenerateRequest]:
    """Open answers under the fairness instruction: freely, and from one of the beginnings."""
    wanted = []
    at_most = spare(n_train * SHARES["neutral"], 1.6)
    for lang in langs:
        data = read_data("prompts.yaml")["neutral"]
        for cell in cells(splits, seed, data["templates"][lang], at_most=at_most):
            question = _question(cell, lang)
            asked = user(f"{data['instruction'][lang]}\n\n{question}")
            begun = Message(role="assistant", content=_beginning(cell, seed, lang))
            wanted.append(ask(_key(cell, lang, "free"), asked, _ANSWER, seed))
            wanted.append(ask(_key(cell, lang, "begun"), (*asked, begun), _ANSWER, seed))
    return wanted


def build(
    splits: Splits, seed: int, langs: Sequence[str], answers: Mapping[str, str]
) -> Iterator[Pair]:
    """One pair a question whose answer reads neutral; the free answer goes first."""
    for lang in langs:
        data = read_data("prompts.yaml")["neutral"]
        for cell in cells(splits, seed, data["templates"][lang]):
            answer = _open_answer(cell, seed, lang, answers)
            if answer is None:
                continue
            key = _key(cell, lang, "guess")
            side = {"women": "woman", "men": "man"}.get(cell.job.group)
            guesses = data["guesses"][lang][side or GENDERS[pick(seed, key, 2)]]
            yield Pair(
                id=f"neutral/{lang}/{cell.template}/{cell.job.id}",
                kind=Kind.NEUTRAL,
                probe="neutral",
                **cell.facts(lang),
                prompt=user(_question(cell, lang)),
                chosen=assistant(answer),
                rejected=assistant(guesses[pick(seed, key + "/form", len(guesses))]),
                source="model",
            )


def _open_answer(cell: Cell, seed: int, lang: str, answers: Mapping[str, str]) -> str | None:
    """The model's answer if it leaves the gender open, else None.

    A continued beginning is open already; it is kept unless the model's own words take it back.
    """
    free = first_sentence(answers.get(_key(cell, lang, "free"), "").strip())
    if free and read_choice(free, lang) is Label.NEUTRAL:
        return free
    begun = first_sentence(answers.get(_key(cell, lang, "begun"), ""))
    if not begun.strip(" .。") or "\n" in begun:
        return None
    whole = _beginning(cell, seed, lang) + begun
    taken_back = read_choice(begun, lang) in (Label.WOMAN, Label.MAN)
    return None if taken_back else whole


def _question(cell: Cell, lang: str) -> str:
    wording = read_data("prompts.yaml")["neutral"]["templates"][lang][cell.template]
    return str(wording.format(**slots(cell.job, lang)))


def _beginning(cell: Cell, seed: int, lang: str) -> str:
    known = read_data("prompts.yaml")["neutral"]["beginnings"][lang]
    return str(known[pick(seed, _key(cell, lang, "beginning"), len(known))])


def _key(cell: Cell, lang: str, what: str) -> str:
    return f"neutral/{lang}/{cell.template}/{cell.job.id}/{what}"
