"""What a run asks: items, requests, tokens, disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.schema import Item, Route

#: Characters of a prompt per token: about 4 in English, 1.5 in Chinese (usual of BPE vocabularies).
_CHARACTERS = {"en": 4.0, "zh": 1.5}
#: Tokens of a chat format around one question (roles, marks, a short system message).
_FORMAT_TOKENS = 25
#: Bytes a request leaves in the run folder, journal and responses together: measured on full
#: default runs of the two text suites, 1.2 to 1.4 kB.
_BYTES = 1400


@dataclass(frozen=True, slots=True)
class ProbeCounts:
    """One probe by one route. Tokens are estimates; generated ones are at most."""

    suite: str
    probe: str
    route: str
    items: int
    requests: int
    prompt_tokens: int
    generated_tokens: int
    clusters: int
    wordings: int

    @property
    def bytes(self) -> int:
        return self.requests * _BYTES


def count(items: Sequence[Item]) -> list[ProbeCounts]:
    """Counts by suite, probe and route, in the items' order."""
    groups: dict[tuple[str, str, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.suite, item.probe, item.route.value), []).append(item)
    return [_counted(*key, own) for key, own in groups.items()]


def _counted(suite: str, probe: str, route: str, own: list[Item]) -> ProbeCounts:
    return ProbeCounts(
        suite=suite,
        probe=probe,
        route=route,
        items=len(own),
        requests=sum(item.n_requests for item in own),
        prompt_tokens=sum(item.n_requests * _tokens(item) for item in own),
        generated_tokens=sum(
            item.n_requests * item.sampling.max_tokens
            for item in own
            if item.route is Route.SAMPLED
        ),
        clusters=len({item.cluster for item in own}),
        wordings=len({(item.lang, item.template) for item in own}),
    )


def _tokens(item: Item) -> int:
    per_token = _CHARACTERS.get(item.lang, 4.0)
    if not item.messages:  # whole texts, scored by themselves
        texts = [text for own in item.candidates.values() for text in own]
        return round(sum(map(len, texts)) / per_token)
    characters = sum(len(message["content"]) for message in item.messages)
    return _FORMAT_TOKENS + round(characters / per_token)
