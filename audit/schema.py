"""The shapes that travel between rooms: items, answers, metric rows. They know no model, no HTML.

Data flows in a line: suite → items → backend → journal → labels → metrics → results → report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.models.base import Image, Message, Sampling

RUN_SCHEMA_VERSION = 1
RESULTS_SCHEMA_VERSION = 1

#: Columns of responses.parquet, one row a request, in this order. ``images``: the ids of what was
#: shown, separated by spaces.
RESPONSE_COLUMNS = (
    "suite", "probe", "item", "cluster", "template", "variant", "lang", "route", "sample",
    "group", "reference", "prompt", "response", "label", "logprobs", "finish_reason",
    "images",
)  # fmt: skip


class Label(StrEnum):
    """How an answer is read.

    A suite whose answers are right or wrong uses ``correct`` and ``incorrect``, one that compares
    given texts ``stereotyped``, ``anti_stereotyped`` and ``unrelated``, one declared in YAML
    ``positive`` and ``negative``.
    """

    WOMAN = "woman"
    MAN = "man"
    NEUTRAL = "neutral"
    REFUSED = "refused"
    UNPARSED = "unparsed"
    CORRECT = "correct"
    INCORRECT = "incorrect"
    STEREOTYPED = "stereotyped"
    ANTI_STEREOTYPED = "anti_stereotyped"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNRELATED = "unrelated"


class Route(StrEnum):
    """By what a probe measures: log-probabilities of given answers, or sampled text."""

    LIKELIHOOD = "likelihood"
    SAMPLED = "sampled"


class Verdict(StrEnum):
    BIASED = "biased"
    WITHIN_MARGIN = "within_margin"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


@dataclass(frozen=True, slots=True)
class Item:
    """One question put to a model by one route.

    ``item`` is unique in its suite and stable across runs (it pairs before with after).
    ``cluster`` is the sampled unit (an occupation, a schema); ``template`` the wording;
    ``variant`` what is counterbalanced (an option order) or swapped. ``group`` is the side of the
    contrast (for occupations ``women``/``men``/``mixed`` by labour statistics) and ``reference``
    the yardstick beside parity (share of women, 0–1; NaN where there is none).
    ``candidates`` maps a label to the continuations that say it (likelihood route); their
    probabilities are added within a label. Without ``messages`` they are whole texts, scored by
    themselves (see :class:`core.models.base.ScoreRequest`); ``per_token``: their log-probabilities
    are means over tokens instead of sums. ``images`` are shown with the first question.
    """

    suite: str
    probe: str
    item: str
    cluster: str
    template: str
    variant: str
    lang: str
    route: Route
    messages: tuple[Message, ...]
    group: str = ""
    reference: float = float("nan")
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sampling: Sampling = field(default_factory=Sampling)
    samples: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    per_token: bool = False

    @property
    def n_requests(self) -> int:
        """How many answers are asked for: one by likelihood, else the samples."""
        return 1 if self.route is Route.LIKELIHOOD else self.samples


@dataclass(frozen=True, slots=True)
class PrimaryMetric:
    """A claim declared before the run. ``margin``: |values| below it count as fair (TOST)."""

    name: str
    margin: float


@dataclass(slots=True)
class MetricRow:
    """One row of results.json ``metrics``; the field names are the contract's."""

    suite: str
    metric: str
    slice: str
    estimate: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    ci_level: float = 0.95
    p_value: float | None = None
    p_adjusted: float | None = None
    test: str = ""
    correction: str = ""
    effect_size: float | None = None
    margin: float | None = None
    verdict: str = ""
    role: str = "exploratory"
    route: str = ""
    n_items: int = 0
    n_clusters: int = 0
    refusal_rate: float | None = None
    unparsed_rate: float | None = None
    note: str = ""
