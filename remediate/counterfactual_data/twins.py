"""Twin pairs: two texts that differ in gender alone, women's side first.

*choice*: the two answers to a forced question, in both option orders. *pronoun*: a sentence as far
as its pronoun, "she" or "he". *sentence*: the same, continued by the model after either in turn,
and its swapped twin. *text*: texts of the model in which it gave a person a gender, and their
twins. The last two are on the model's own distribution (design: pairs near the policy), on both
its sides; *pronoun* is their common beginning, where the odds are decided and no later word can
make up for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audit.probes.labels import read_gender
from audit.schema import Label
from core.models.base import GenerateRequest, Message, ScoreRequest
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.open_forms import OpenForms
from remediate.counterfactual_data.pairs import Kind, Pair, assistant, user
from remediate.counterfactual_data.splits import Splits
from remediate.counterfactual_data.swap import swap_gender
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

_CONTINUATION = {"max_tokens": 20, "temperature": 0.9, "top_p": 0.95}
_TEXT = {"max_tokens": 48, "temperature": 1.0, "top_p": 0.95}
#: Cells asked per pair wanted: some continuations do not end, many texts give no gender.
_SPARE = {"sentence": 1.4, "text": 4.0}
#: Texts asked for per occupation and wording; those that give no gender are dropped.
TEXT_SAMPLES = 2


def requests(
    splits: Splits, seed: int, langs: Sequence[str], n_train: int
) -> list[GenerateRequest]:
    """What the model must write before :func:`build` can make twins for ``n_train`` pairs.

    More than is needed, because not every text makes a pair; not all there is, because a short
    training need not wait for it.
    """
    sentences, texts = (spare(n_train * SHARES[name], f) for name, f in _SPARE.items())
    return [
        *_sentence_requests(splits, seed, langs, sentences),
        *_text_requests(splits, seed, langs, texts),
    ]


def build(
    splits: Splits, seed: int, langs: Sequence[str], answers: Mapping[str, str]
) -> Iterator[Pair]:
    """Every twin; ``answers`` by the keys of :func:`requests` and :func:`open_forms`."""
    for lang in langs:
        yield from _choice(splits, seed, lang)
        yield from _pronoun(splits, seed, lang)
        yield from _swapped(splits, seed, lang, answers, OpenForms(answers))


def open_forms(
    splits: Splits, seed: int, langs: Sequence[str], answers: Mapping[str, str]
) -> list[ScoreRequest]:
    """What the model must weigh before its texts are swapped; see :class:`OpenForms`.

    A text with two open words is weighed with the rule's guess for the other.
    """
    forms = OpenForms({})
    for lang in langs:
        for _ in _swapped(splits, seed, lang, answers, forms):
            pass
    return list(forms.unasked.values())


def _swapped(
    splits: Splits, seed: int, lang: str, answers: Mapping[str, str], forms: OpenForms
) -> Iterator[Pair]:
    yield from _sentence(splits, seed, lang, answers, forms)
    yield from _text(splits, seed, lang, answers, forms)


def _twin(
    cell: Cell,
    probe: str,
    lang: str,
    question: str,
    texts: Mapping[str, str],
    *,
    source: str,
    suffix: str = "",
    ends: bool = True,
) -> Pair:
    """``texts`` by gender."""
    return Pair(
        id="/".join(filter(None, ("twin", probe, lang, cell.template, cell.job.id, suffix))),
        kind=Kind.TWIN,
        probe=probe,
        **cell.facts(lang),
        prompt=user(question),
        chosen=assistant(texts["woman"]),
        rejected=assistant(texts["man"]),
        source=source,
        ends=ends,
    )


def _choice(splits: Splits, seed: int, lang: str) -> Iterator[Pair]:
    data = read_data("prompts.yaml")
    options, answers = data["options"][lang], data["choice"]["answers"][lang]
    wordings = data["choice"]["templates"][lang]
    for cell in cells(splits, seed, wordings):
        for first, second in (GENDERS, GENDERS[::-1]):
            key = f"{lang}/{cell.template}/{cell.job.id}/{first}"
            form = pick(seed, key, len(answers["woman"]))
            text = wordings[cell.template].format(
                first=options[first], second=options[second], **slots(cell.job, lang)
            )
            texts = {gender: answers[gender][form] for gender in GENDERS}
            yield _twin(
                cell, "choice", lang, text, texts,
                source="template", suffix=f"{first}_first", ends=False,
            )  # fmt: skip


def _opening(cell: Cell, seed: int, lang: str) -> tuple[str, str]:
    """(request, the answer's beginning, which breaks off before the pronoun)."""
    data = read_data("prompts.yaml")["pronoun"]
    requests = data["requests"][lang]
    request = requests[pick(seed, f"{_sentence_key(cell, lang)}/request", len(requests))]
    return request, data["openings"][lang][cell.template].format(job=cell.job.name(lang))


def _pronoun(splits: Splits, seed: int, lang: str) -> Iterator[Pair]:
    data = read_data("prompts.yaml")["pronoun"]
    pronouns = data["pronouns"][lang]
    for cell in cells(splits, seed, data["openings"][lang]):
        request, opening = _opening(cell, seed, lang)
        texts = {gender: opening + pronouns[gender] for gender in GENDERS}
        yield _twin(cell, "pronoun", lang, request, texts, source="template", ends=False)


def _sentence_key(cell: Cell, lang: str) -> str:
    return f"twin/sentence/{lang}/{cell.template}/{cell.job.id}"


def _side(cell: Cell, seed: int, lang: str) -> str:
    """The gender whose pronoun the model continues."""
    return GENDERS[pick(seed, _sentence_key(cell, lang) + "/side", 2)]


def _sentence_requests(
    splits: Splits, seed: int, langs: Sequence[str], at_most: int
) -> Iterator[GenerateRequest]:
    data = read_data("prompts.yaml")["pronoun"]
    for lang in langs:
        for cell in cells(splits, seed, data["openings"][lang], at_most=at_most):
            request, opening = _opening(cell, seed, lang)
            begun = opening + data["pronouns"][lang][_side(cell, seed, lang)]
            prompt = (*user(request), Message(role="assistant", content=begun))
            yield ask(_sentence_key(cell, lang), prompt, _CONTINUATION, seed)


def _sentence(
    splits: Splits, seed: int, lang: str, answers: Mapping[str, str], forms: OpenForms
) -> Iterator[Pair]:
    data = read_data("prompts.yaml")["pronoun"]
    pronouns = data["pronouns"][lang]
    for cell in cells(splits, seed, data["openings"][lang]):
        request, opening = _opening(cell, seed, lang)
        side = _side(cell, seed, lang)
        rest = first_sentence(answers.get(_sentence_key(cell, lang), ""))
        if not rest or "\n" in rest:
            continue
        texts = {
            gender: opening
            + pronouns[gender]
            + (rest if gender == side else _swap(rest, lang, Label(gender), forms))
            for gender in GENDERS
        }
        yield _twin(cell, "sentence", lang, request, texts, source="model+swap")


def _text_requests(
    splits: Splits, seed: int, langs: Sequence[str], at_most: int
) -> Iterator[GenerateRequest]:
    for lang in langs:
        wordings = read_data("prompts.yaml")["text"]["templates"][lang]
        for cell in cells(splits, seed, wordings, at_most=at_most):
            prompt = user(wordings[cell.template].format(**slots(cell.job, lang)))
            for sample in range(TEXT_SAMPLES):
                yield ask(_text_key(cell, lang, sample), prompt, _TEXT, seed)


def _text_key(cell: Cell, lang: str, sample: int) -> str:
    return f"twin/text/{lang}/{cell.template}/{cell.job.id}/{sample}"


def _text(
    splits: Splits, seed: int, lang: str, answers: Mapping[str, str], forms: OpenForms
) -> Iterator[Pair]:
    wordings = read_data("prompts.yaml")["text"]["templates"][lang]
    for cell in cells(splits, seed, wordings):
        for sample in range(TEXT_SAMPLES):
            own = answers.get(_text_key(cell, lang, sample), "").strip()
            label = read_gender(own, lang, subject=cell.job.name(lang))
            if label not in (Label.WOMAN, Label.MAN):
                continue
            other = Label.MAN if label is Label.WOMAN else Label.WOMAN
            swapped = _swap(own, lang, other, forms)
            # The reader must see the swap too: a half-swapped text is no twin.
            if read_gender(swapped, lang, subject=cell.job.name(lang)) is not other:
                continue
            sides = {label.value: own, other.value: swapped}
            question = wordings[cell.template].format(**slots(cell.job, lang))
            yield _twin(
                cell, "text", lang, question, sides, source="model+swap", suffix=str(sample)
            )


def _swap(text: str, lang: str, to: Label, forms: OpenForms) -> str:
    return swap_gender(text, lang, to=to, disambiguate=forms).text
