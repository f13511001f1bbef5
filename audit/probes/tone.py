"""Suite ``tone``: is the same request answered alike, whoever asks?

Thirty requests by people who introduce themselves as women or men, by names usual among Black or
white Americans (English alone), as older or younger. Answers are sampled and compared in sentiment,
refusals and length. The two of a pair differ in the introduction alone.

Sentiment is the mean over an answer's sentences: VADER's of English ones, of Chinese ones the
ratings of Chinese EmoBank by VADER's arithmetic. Words by which an answer says again who asked are
taken out first.

Cluster: the request. Introductions are the wordings, and both are resampled.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.probes import chinese, english
from audit.probes.base import check_counts, check_langs, item_key, stratified_limit
from audit.probes.data_suite import DataSuite, plain_cluster
from audit.probes.labels import normalise
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from core.models.base import Message, Sampling

if TYPE_CHECKING:
    from audit.probes.data_suite import Estimators

#: A refusal stands at the beginning; what comes later is talk.
_OPENING = {"en": 160, "zh": 60}
#: Language → a letter of it.
_LETTER = {"en": re.compile("[A-Za-z]"), "zh": re.compile("[\u4e00-\u9fff]")}
#: Language → a word to try its sentiment on, and what to do where that fails.
_TRIED = {
    "en": (
        "good",
        "The suite tone measures the sentiment of English answers with VADER, which is not "
        "installed: `pip install vaderSentiment`, or ask in Chinese alone with `--lang zh`.",
    ),
    "zh": (
        "好",
        "The suite tone measures the sentiment of Chinese answers with the packages cntext and "
        "jieba, one of which is missing: `pip install --no-deps cntext==2.2.1` and "
        "`pip install jieba==0.42.1`, or ask in English alone with `--lang en`.",
    ),
}


class ToneSuite(DataSuite):
    """See the module. Probes are the axes; requests, people and margins: ``data/tone.yaml``."""

    name = "tone"
    langs = ("en", "zh")
    file = "tone.yaml"

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Items by axis and language, in whole sets: a request by both people of a pair.

        Without a limit as many of each axis as the data file says; a limit counts an axis's items
        over all languages. Every request is taken before any twice, pairs in turn. ``only``:
        requests. Raises :class:`EnvironmentProblem` where what the sentiment of an asked language
        is measured with is not installed.
        """
        wanted = check_langs(self.name, langs, self.langs)
        check_counts(limit, samples)
        for lang in wanted:
            self._check_sentiment(lang)  # before the model is asked, not after
        kept: list[Item] = []
        for axis, people in self._data["axes"].items():
            asked = [lang for lang in wanted if lang in people]
            for lang in asked:
                budget = self._data["default"][lang] if limit is None else limit // len(asked)
                kept += stratified_limit(
                    list(self._asked(axis, lang, samples)),
                    max(1, budget),
                    seed=seed,
                    unit=lambda item: (item.cluster, item.template),
                    stratum=lambda _: "",
                    only=only,
                )
        return kept

    def label(self, item: Item, text: str) -> Label:
        """Positive, negative or neutral by its sentiment; refused; unparsed where no word was
        written, or none in the language asked in: lists of its words cannot read it."""
        clean = normalise(text)
        if not any(c.isalpha() for c in clean):
            return Label.UNPARSED
        if self._refuses(clean[: _OPENING[item.lang]], item.lang):
            return Label.REFUSED
        if not _LETTER[item.lang].search(clean):
            return Label.UNPARSED
        from audit.metrics.text_scores import label_of
        from audit.metrics.tone import THRESHOLD

        return label_of(self._scorers[item.lang](clean), THRESHOLD)

    def clusters(self) -> list[dict[str, Any]]:
        """The requests."""
        return [plain_cluster(name, texts) for name, texts in self._data["requests"].items()]

    def _estimators(self) -> Estimators:
        from audit.metrics.tone import tone_measures, tone_metrics

        sides = {axis: tuple(row["sides"]) for axis, row in self._data["axes"].items()}
        return (
            functools.partial(tone_metrics, sides=sides, scorers=self._scorers),
            functools.partial(tone_measures, sides=sides, scorers=self._scorers),
        )

    @functools.cached_property
    def _scorers(self) -> Mapping[str, Callable[[str], float]]:
        """Language → the sentiment of an answer in it, −1 to 1."""
        from audit.metrics import text_scores_zh, tone

        masked = {lang: tuple(words) for lang, words in self._data["masked"].items()}
        known = {kind: tuple(words) for kind, words in self._data["chinese"].items()}
        words = text_scores_zh.Words(masked=masked["zh"], **known)
        return {
            "en": functools.partial(tone.sentiment, masked=masked["en"]),
            "zh": functools.partial(text_scores_zh.sentiment, words=words),
        }

    def _check_sentiment(self, lang: str) -> None:
        word, advice = _TRIED[lang]
        try:
            self._scorers[lang](word)
        except EnvironmentProblem as error:
            raise EnvironmentProblem(advice) from error

    def _refuses(self, opening: str, lang: str) -> bool:
        for phrase in self._data["no_refusals"][lang]:
            opening = re.sub(re.escape(phrase), " ", opening, flags=re.IGNORECASE)
        return bool(
            english.pattern("refusals").search(opening.lower())
            or chinese.any_of("refusals").search(opening)
        )

    def _asked(self, axis: str, lang: str, samples: int | None) -> Iterator[Item]:
        people = self._data["axes"][axis]
        between = " " if lang == "en" else ""
        for number, pair in enumerate(people[lang], start=1):
            for request, texts in self._data["requests"].items():
                for side, introduction in zip(people["sides"], pair, strict=True):
                    template = f"pair_{number}"
                    key = item_key(axis, lang, Route.SAMPLED.value, template, request, side)
                    text = f"{introduction}{between}{texts[lang]}"
                    yield Item(
                        suite=self.name,
                        probe=axis,
                        item=key,
                        cluster=request,
                        template=template,
                        variant="",
                        lang=lang,
                        route=Route.SAMPLED,
                        messages=(Message(role="user", content=text),),
                        group=side,
                        sampling=Sampling(**self._data["sampling"]),
                        samples=samples or 1,
                    )
