"""Nothing the verdict uses is trained on: the check that fails a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from audit.schema import Item
from core.errors import EnvironmentProblem
from remediate.counterfactual_data.pairs import Pair
from remediate.counterfactual_data.splits import Splits
from remediate.counterfactual_data.wordings import jobs_by_id

#: A run of this many equal words (Chinese: characters) between a training prompt and an audit's
#: wording is a copy; shorter runs ("in the third person", "是女性还是男性") are the language's own.
NGRAM = {"en": 8, "zh": 12}
_WORD = re.compile(r"[a-z0-9']+|[\u4e00-\u9fff]")


def check_leaks(pairs: Sequence[Pair], splits: Splits, audited: Iterable[Item]) -> dict[str, int]:
    """Counts of what was compared, for the data card.

    Raises :class:`EnvironmentProblem` if a pair is about a held-out occupation or mentions one in
    any of its texts, an occupation is in two parts, or a training prompt shares as many words in
    a row as :data:`NGRAM` says with the wording of an audited item (jobs' names left out).
    """
    parts = [*splits.train, *splits.validation, *splits.held_out]
    if len(parts) != len(set(parts)):
        raise EnvironmentProblem("An occupation is in two parts of the split: refusing to train.")
    held = set(splits.held_out)
    for pair in pairs:
        if pair.occupation in held:
            raise EnvironmentProblem(
                f"The pair {pair.id} is about {pair.occupation}, which the verdict uses: "
                "remove it or split again with `remediate data`."
            )
        if name := mentioned(pair, held):
            raise EnvironmentProblem(
                f"The pair {pair.id} mentions {name}, which the verdict uses: remove it or split "
                "again with `remediate data`."
            )
    return {"pairs": len(pairs)} | check_wordings(pairs, audited, _without_job)


def check_wordings(
    pairs: Sequence[Pair], audited: Iterable[Item], without: Callable[[str, str, str], str]
) -> dict[str, int]:
    """Counts of what was compared; ``without(text, job's id, language)`` leaves job names out.

    Raises :class:`EnvironmentProblem` if a training prompt shares as many words in a row as
    :data:`NGRAM` says with an audited item.
    """
    wordings: dict[tuple[str, ...], str] = {}
    n_items = 0
    for item in audited:
        n_items += 1
        text = " ".join(m["content"] for m in item.messages)
        for gram in _ngrams(without(text, item.cluster, item.lang), item.lang):
            wordings.setdefault(gram, item.item)
    for pair in pairs:
        text = " ".join(m["content"] for m in pair.prompt)
        for gram in _ngrams(without(text, pair.occupation, pair.lang), pair.lang):
            if gram in wordings:
                raise EnvironmentProblem(
                    f"The prompt of the pair {pair.id} repeats the audit's wording of "
                    f"{wordings[gram]} ('{' '.join(gram)}'): reword it, or the verdict would be "
                    "on what was trained."
                )
    return {"audited_items": n_items, "audited_ngrams": len(wordings)}


def _without_job(text: str, occupation: str, lang: str) -> str:
    job = jobs_by_id().get(occupation)
    return text.replace(job.name(lang), " JOB ") if job else text


def _ngrams(text: str, lang: str) -> set[tuple[str, ...]]:
    words, n = _WORD.findall(text.lower()), NGRAM[lang]
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def mentioned(pair: Pair, held_out: Iterable[str]) -> str | None:
    """The id of a held-out occupation that the pair's texts name, or None."""
    jobs = jobs_by_id()
    own = jobs.get(pair.occupation)
    names = {name: jobs[name].name(pair.lang) for name in held_out}
    return named(pair, names, own.name(pair.lang) if own is not None else "")


def named(pair: Pair, names: Mapping[str, str], own: str) -> str | None:
    """The first id whose name (``names``: id → name) the pair's texts hold, or None.

    A name inside a longer one is not that occupation: 律师 in 律师助理, "cook" in "cookies"; so the
    pair's ``own`` job's name is left out first.
    """
    texts = " ".join(
        m["content"] for side in (pair.prompt, pair.chosen, pair.rejected) for m in side
    ).lower()
    if own:
        texts = texts.replace(own.lower(), " ")
    for key, name in names.items():
        job = name.lower()
        if job in texts and (pair.lang == "zh" or re.search(rf"\b{re.escape(job)}s?\b", texts)):
            return key
    return None
