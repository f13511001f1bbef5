"""Nothing the verdict uses is trained on: the check that fails a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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
    wordings: dict[tuple[str, ...], str] = {}
    n_items = 0
    for item in audited:
        n_items += 1
        text = " ".join(m["content"] for m in item.messages)
        for gram in _ngrams(_without_job(text, item.cluster, item.lang), item.lang):
            wordings.setdefault(gram, item.item)
    for pair in pairs:
        text = " ".join(m["content"] for m in pair.prompt)
        for gram in _ngrams(_without_job(text, pair.occupation, pair.lang), pair.lang):
            if gram in wordings:
                raise EnvironmentProblem(
                    f"The prompt of the pair {pair.id} repeats the audit's wording of "
                    f"{wordings[gram]} ('{' '.join(gram)}'): reword it, or the verdict would be "
                    "on what was trained."
                )
    return {"pairs": len(pairs), "audited_items": n_items, "audited_ngrams": len(wordings)}


def _without_job(text: str, occupation: str, lang: str) -> str:
    job = jobs_by_id().get(occupation)
    return text.replace(job.name(lang), " JOB ") if job else text


def _ngrams(text: str, lang: str) -> set[tuple[str, ...]]:
    words, n = _WORD.findall(text.lower()), NGRAM[lang]
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def mentioned(pair: Pair, held_out: Iterable[str]) -> str | None:
    """The id of a held-out occupation that the pair's texts name, or None."""
    texts = " ".join(
        m["content"] for side in (pair.prompt, pair.chosen, pair.rejected) for m in side
    ).lower()
    # A name inside a longer one is not that occupation: 律师 in 律师助理, "cook" in "cookies".
    own = jobs_by_id().get(pair.occupation)
    if own is not None:
        texts = texts.replace(own.name(pair.lang).lower(), " ")
    for name in held_out:
        job = jobs_by_id()[name].name(pair.lang).lower()
        if job in texts and (pair.lang == "zh" or re.search(rf"\b{re.escape(job)}s?\b", texts)):
            return name
    return None
