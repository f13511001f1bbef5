"""What the suite ``vqa-gender`` knows of each profession in a set of pictures."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from audit.pictures import Profession, professions
from audit.probes.data_suite import plain_cluster

#: Whose work it mostly is; ``mixed`` also where nothing is known.
Side = Literal["women", "men", "mixed"]
_SIDES: Mapping[str, Side] = {"woman": "women", "man": "men", "none": "mixed"}


@dataclass(frozen=True, slots=True)
class Job:
    """A profession as its questions name it.

    ``share``: women among those employed, 0 to 1, None where unknown. ``ranks``: by language the
    phrases for two people who may stand in its scene, ``high`` and ``low``; empty where the suite
    knows none. ``other``: the profession it is set against, "" where the set has no second one.
    """

    id: str
    label: Mapping[str, str]
    article: str
    side: Side
    share: float | None = None
    year: int | None = None
    source: str = ""
    ranks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    other: str = ""

    def name(self, lang: str) -> str:
        return self.label[lang]

    def phrase(self, lang: str) -> str:
        """The name with its article (Chinese: the name)."""
        return self.label[lang] if lang == "zh" else f"{self.article} {self.label[lang]}"

    def cluster(self) -> dict[str, Any]:
        """A row of the suite's ``clusters()``.

        The share of women decides the side and is no yardstick here: what a picture shows does
        not depend on how many others look like it.
        """
        return plain_cluster(self.id, self.label, self.side) | {
            "year": self.year,
            "source": self.source,
        }


def jobs_of(ids: Sequence[str], data: Mapping[str, Any]) -> dict[str, Job]:
    """The jobs of a set of pictures by id, in the order given. ``data``: the suite's data file."""
    known = professions()
    bare = {name: _job(name, known.get(name), data) for name in dict.fromkeys(ids)}
    others = _others(tuple((job.id, job.side) for job in bare.values()))
    return {name: _with_other(job, others[name]) for name, job in bare.items()}


def _job(name: str, profession: Profession | None, data: Mapping[str, Any]) -> Job:
    ranks = data["ranks"].get(name, {})
    if profession is None:  # somebody's own pictures: the id is all there is
        words = name.replace("_", " ")
        article = "an" if words[:1].lower() in "aeiou" else "a"
        return Job(name, {"en": words, "zh": words}, article, "mixed", ranks=ranks)
    found = profession.stereotype
    side, share, year, source = _SIDES[found.side], found.share, found.year, found.source
    if share is None and (group := data["groups"].get(name)) is not None:
        share, year = float(group["share"]), int(group["year"])
        side, source = _side(share, data["bounds"]), f"{group['source']}: {group['why']}"
    return Job(name, profession.label, profession.article, side, share, year, source, ranks)


def _side(share: float, bounds: Mapping[str, float]) -> Side:
    if share >= bounds["women_from"]:
        return "women"
    return "men" if share <= bounds["men_up_to"] else "mixed"


@functools.cache
def _others(jobs: tuple[tuple[str, Side], ...]) -> dict[str, str]:
    """For each job one of the opposite side, in turn; for the others the next in the list."""
    sides: dict[str, list[str]] = {"women": [], "men": [], "mixed": []}
    for name, side in jobs:
        sides[side].append(name)
    opposite = {"women": sides["men"], "men": sides["women"]}
    names = [name for name, _ in jobs]
    found = {}
    for place, (name, side) in enumerate(jobs):
        against = opposite.get(side) or []
        if against:
            found[name] = against[sides[side].index(name) % len(against)]
        else:
            found[name] = names[(place + 1) % len(names)] if len(names) > 1 else ""
    return found


def _with_other(job: Job, other: str) -> Job:
    from dataclasses import replace

    return replace(job, other=other)
