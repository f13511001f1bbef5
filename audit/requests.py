"""Items → requests with stable keys, and answers → labelled rows."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.probes.base import Suite
from audit.schema import Item, Label, Route
from core.models.base import GenerateRequest, Generation, Score, ScoreRequest
from core.text import encodable


def request_key(item: Item, sample: int = 0) -> str:
    """Names one answer in the journal: the suite, the item, and which of its samples."""
    return f"{item.suite}:{item.item}#{sample}"


def request_seed(seed: int, key: str) -> int:
    """A seed for every request that depends on the run's seed and the key alone (31 bits)."""
    digest = hashlib.sha256(f"{seed}/{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Requests:
    """Everything a run asks, by route, in the suites' order."""

    score: list[ScoreRequest]
    generate: list[GenerateRequest]

    def __len__(self) -> int:
        return len(self.score) + len(self.generate)


def build_requests(items: Iterable[Item], seed: int) -> Requests:
    score: list[ScoreRequest] = []
    generate: list[GenerateRequest] = []
    for item in items:
        if item.route is Route.LIKELIHOOD:
            texts = tuple(t for texts in item.candidates.values() for t in texts)
            score.append(ScoreRequest(request_key(item), item.messages, texts, item.images))
            continue
        for sample in range(item.samples):
            key = request_key(item, sample)
            drawn = request_seed(seed, key)
            generate.append(GenerateRequest(key, item.messages, item.sampling, drawn, item.images))
    return Requests(score, generate)


def score_payload(score: Score) -> dict[str, Any]:
    return {"token_logprobs": score.token_logprobs, "prompt_tokens": score.prompt_tokens}


def generation_payload(answer: Generation) -> dict[str, Any]:
    return {
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }


def answer_rows(
    items: Sequence[Item], answers: Mapping[str, Mapping[str, Any]], suites: Mapping[str, Suite]
) -> list[dict[str, Any]]:
    """One dict a request with the columns of responses.parquet; unanswered ones are left out."""
    rows = []
    for item in items:
        for sample in range(item.n_requests):
            payload = answers.get(request_key(item, sample))
            if payload is not None:
                rows.append(_row(item, sample, payload, suites[item.suite]))
    return rows


def _row(item: Item, sample: int, payload: Mapping[str, Any], suite: Suite) -> dict[str, Any]:
    if item.route is Route.LIKELIHOOD:
        logprobs = label_logprobs(item, payload["token_logprobs"])
        likely = max(logprobs, key=lambda name: logprobs[name]) if logprobs else Label.UNPARSED
        response, label, finish = "", str(likely), ""
        text = json.dumps(logprobs) if logprobs else ""
    else:
        # A server's JSON may hold half a surrogate pair, which is no UTF-8 and no Parquet.
        response = encodable(str(payload["text"]))
        label, finish, text = str(suite.label(item, response)), str(payload["finish_reason"]), ""
    return {
        "suite": item.suite,
        "probe": item.probe,
        "item": item.item,
        "cluster": item.cluster,
        "template": item.template,
        "variant": item.variant,
        "lang": item.lang,
        "route": str(item.route),
        "sample": sample,
        "group": item.group,
        "reference": item.reference,
        "prompt": prompt_text(item),
        "response": response,
        "label": label,
        "logprobs": text,
        "finish_reason": finish,
        "images": " ".join(image.id for image in item.images),
    }


def label_logprobs(item: Item, token_logprobs: Sequence[Sequence[float]]) -> dict[str, float]:
    """log Σ P(continuation) by label, nats; empty where any value is missing or not finite.

    Of an item scored ``per_token``, P is the geometric mean of its tokens' probabilities.

    A non-finite value says nothing about the others: the whole answer counts as unparsed.
    """
    out: dict[str, float] = {}
    remaining = iter(token_logprobs)
    for label, texts in item.candidates.items():
        values = [next(remaining) for _ in texts]
        # Token by token: a sum of both infinities is an error, not a NaN.
        if not all(math.isfinite(v) for tokens in values for v in tokens):
            return {}
        sizes = [len(tokens) if item.per_token else 1 for tokens in values]
        if not all(sizes):
            return {}
        totals = [math.fsum(t) / size for t, size in zip(values, sizes, strict=True)]
        top = max(totals)
        out[label] = top + math.log(math.fsum(math.exp(t - top) for t in totals))
    return out


def prompt_text(item: Item) -> str:
    """The question as a reader sees it; a prefill stands after ``⟶``.

    Where whole texts are scored there is no question: the texts stand in its place.
    """
    if not item.messages:
        return "\n".join(text for texts in item.candidates.values() for text in texts)
    user = "\n\n".join(m["content"] for m in item.messages if m["role"] != "assistant")
    prefill = "".join(m["content"] for m in item.messages if m["role"] == "assistant")
    return f"{user}\n⟶ {prefill}" if prefill else user
